"""Pictures uploaded for the instructions of studies: samples of a set of their own, shown as they are.

They are named by their content, so that the same picture is kept once, whoever uploads it.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from django.db.models import F
from django.utils.translation import gettext as _

from humaneval.samples import stimuli
from humaneval.samples.importing import import_folder
from humaneval.samples.models import Sample, SampleKind, SampleSet, Stimulus
from humaneval.samples.stimuli import Recipe, StimulusReference

SLUG = "instruction-pictures"
LARGEST = 20_000_000
"""Bytes of a picture at most."""
LONGEST_SIDE = 1600
"""Pixels; larger pictures are made smaller."""


class PictureRefused(ValueError):
    """A file cannot be a picture; the message says why."""


def is_picture(name: str) -> bool:
    """Return whether a sample's name, as set/name, is of an uploaded picture."""
    return name.startswith(f"{SLUG}/")


def name_of(file: IO[bytes], extension: str) -> str:
    """Return the name, as set/name, that a file is kept under; reads it from the beginning."""
    file.seek(0)
    return f"{SLUG}/{hashlib.sha256(file.read()).hexdigest()[:24]}{extension.lower()}"


def keep_picture(file: IO[bytes], extension: str) -> Sample:
    """Keep an uploaded picture, ready to be shown; return its sample, the one there is if it was kept before.

    Raises PictureRefused for what is no image that can be read.
    """
    name = name_of(file, extension).split("/")[1]
    defaults = {"name": "Instruction pictures", "kind": SampleKind.REAL}
    sample_set, _made = SampleSet.objects.get_or_create(slug=SLUG, defaults=defaults)
    with tempfile.TemporaryDirectory() as folder:
        file.seek(0)
        (Path(folder) / name).write_bytes(file.read())
        run = import_folder(sample_set=sample_set, folder=folder)
    sample = sample_set.samples.filter(name=name).first()
    if sample is None:
        reasons = "; ".join(problem["reason"] for problem in run.problems)
        raise PictureRefused(reasons or _("This is no image that can be read."))
    stimuli.render(sample_ids=[sample.pk], recipe=_recipe_of(sample))
    return sample


def _recipe_of(sample: Sample) -> str:
    scale = min(1, LONGEST_SIDE / max(sample.width, sample.height))
    return str(Recipe(max(1, round(sample.width * scale)), max(1, round(sample.height * scale))))


def references(sample_ids: Iterable[int]) -> dict[int, StimulusReference]:
    """Return where uploaded pictures are, by sample id: the largest rendering of each, in one query."""
    rows = Stimulus.objects.filter(sample_id__in=set(sample_ids), sample__sample_set__slug=SLUG)
    return {row.sample_id: stimuli.reference_to(row) for row in rows.order_by(F("width") * F("height"))}
