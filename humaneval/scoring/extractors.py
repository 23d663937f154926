"""Which extractors a run may name: the published ones, and own networks from one folder only."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from metrics.extractors.base import Extractor

log = logging.getLogger(__name__)

OWN_FILES = {"module": ".pt2", "torchscript": ".pt"}
"""Files that hold a program: only those that the operator has put into EXTRACTOR_DIR are run."""

PRECISIONS = ("reference", "fast", "draft")


@dataclass(frozen=True)
class Recipe:
    """A spec, and what of ``precision`` and ``preprocessing`` was chosen for it."""

    spec: str
    options: Mapping[str, str]

    @classmethod
    def of_settings(cls, spec: str, settings: Mapping[str, Any]) -> Recipe:
        """Return the recipe in a run's settings."""
        chosen = {name: settings[name] for name in ("precision", "preprocessing") if settings.get(name)}
        return cls(spec, chosen)


class ExtractorRefused(ValueError):
    """A spec that names no extractor that may be used here; the text says which there are."""


def own_extractors() -> list[str]:
    """Return the specs of the networks in EXTRACTOR_DIR, by name."""
    folder = Path(settings.EXTRACTOR_DIR)
    found = ((kind, path) for kind, suffix in OWN_FILES.items() for path in folder.glob(f"*{suffix}"))
    return sorted(f"{kind}:{path.name}" for kind, path in found if path.with_suffix(".json").exists())


def check_spec(spec: str) -> None:
    """Raise :class:`ExtractorRefused` for a spec that cannot mean an extractor here. Imports no torch.

    Missing weights are no reason: they may be there when the run starts.
    """
    from metrics.extractors import KINDS, added_extractors

    kind, _, argument = spec.partition(":")
    known = [*KINDS, *added_extractors()]
    if kind not in known:
        raise ExtractorRefused(f"No extractor is called {spec!r}; there are: {', '.join(known)}.")
    if kind in OWN_FILES:
        _own_file(kind, argument)


def open_extractor(recipe: Recipe) -> Extractor:
    """Return the extractor of a recipe, on the device that the settings name, else the GPU if there is one.

    Raises :class:`ExtractorRefused` and metrics.MetricsError, the latter also when weights are missing.
    """
    from metrics import load_extractor

    check_spec(recipe.spec)
    kind, _, argument = recipe.spec.partition(":")
    chosen: dict[str, Any] = {**recipe.options, "device": settings.METRICS_DEVICE}
    if kind in OWN_FILES:
        return load_extractor(f"{kind}:{_own_file(kind, argument)}", **chosen)
    if kind != "inception":
        return load_extractor(recipe.spec, **chosen)
    return _open_inception(recipe.spec, chosen)


def _open_inception(spec: str, chosen: dict[str, Any]) -> Extractor:
    """Return the network from the file that the settings name, else from the cache or a download."""
    from metrics import load_extractor
    from metrics.errors import MissingWeights
    from metrics.extractors.inception import WEIGHTS
    from metrics.extractors.weights import cache_folder

    configured = settings.METRICS_INCEPTION_WEIGHTS
    folder = cache_folder() / "weights"
    try:
        return load_extractor(spec, **{"weights": configured or None, **chosen})
    except MissingWeights as error:
        if configured or any((folder / name).is_file() for name in WEIGHTS.names):
            raise
        log.warning("no Inception weights: %s", error)
        raise ExtractorRefused(
            f"FID's Inception weights are not on this machine and could not be downloaded. Put "
            f"{WEIGHTS.names[0]} (SHA-256 {WEIGHTS.sha256}) into {folder}, then retry."
        ) from error


def _own_file(kind: str, name: str) -> Path:
    """Return the file of this plain name in EXTRACTOR_DIR; refuse any other path."""
    folder = Path(settings.EXTRACTOR_DIR)
    path = folder / name
    if Path(name).name != name or not name.endswith(OWN_FILES[kind]):
        raise ExtractorRefused(
            f"{kind}: takes the plain name of a {OWN_FILES[kind]} file in {folder}, not {name!r}."
        )
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        there = ", ".join(own_extractors()) or "none"
        raise ExtractorRefused(f"There is no {name} in {folder}; its extractors: {there}.")
    return path
