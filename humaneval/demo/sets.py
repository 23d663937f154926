"""The demo's sample sets, imported from their folders like any user's."""

from __future__ import annotations

from collections.abc import Callable

from humaneval.demo.material import Material
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import SampleKind, SampleSet
from humaneval.scoring.latents import import_latents

REAL = "Real digits"


def import_sets(material: Material, say: Callable[[str], None]) -> dict[str, SampleSet]:
    """Return slug -> sample set, "real" first; folders that are in already are not read again."""
    wanted = {"real": (REAL, "Handwritten digits held out from training.", material.real)}
    for slug, facts in material.generators().items():
        wanted[slug] = (facts["name"], facts["description"], material.generated(slug))
    sets = {}
    for number, (slug, (name, description, folder)) in enumerate(wanted.items(), 1):
        found = SampleSet.objects.filter(name=name).first()
        if found is None:
            kind = SampleKind.REAL if slug == "real" else SampleKind.GENERATED
            found = create_sample_set(name=name, kind=kind, description=description)
        if not found.imports.filter(finished_at__isnull=False, error="").exists():
            say(f"Importing sample set {number} of {len(wanted)}: {name}")
            import_folder(sample_set=found, folder=folder)
            latents = folder.with_suffix(".latents.npz")
            if latents.exists():
                import_latents(sample_set=found, path=latents)
        sets[slug] = found
    return sets
