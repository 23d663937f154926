"""Stimuli: samples as raters see them, all through one recipe, so that nothing but the picture differs.

A recipe scales each image to cover one common size (Lanczos), cuts the middle out, and writes lossless
WebP without metadata. Images that have the common size already take the same way.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from django.db.models import Count, Min
from django.urls import reverse
from PIL import Image

from humaneval.samples import pixels
from humaneval.samples.batches import THREADS, Progress, batched, say_nothing
from humaneval.samples.models import Sample, SampleSet, Stimulus, stimulus_token
from humaneval.samples.storing import store_content

CODEC = "webp-lossless"
FILTER = "lanczos"
VERSION = 1
"""Raised whenever the same sample would come out as other pixels."""

WEBP_LONGEST_SIDE = 16_383


class StimulusError(ValueError):
    """A recipe cannot be chosen or followed; the message says why and what to do."""


@dataclass(frozen=True)
class Recipe:
    """How samples become stimuli. Written as ``webp-lossless/28x28/lanczos/1``; sizes in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{CODEC}/{self.width}x{self.height}/{FILTER}/{VERSION}"

    @classmethod
    def parse(cls, text: str) -> Recipe:
        """Return the recipe that a text names; raises StimulusError for one this code cannot follow."""
        match = re.fullmatch(rf"{CODEC}/([1-9]\d*)x([1-9]\d*)/{FILTER}/{VERSION}", text)
        if match is None:
            raise StimulusError(f"The recipe {text!r} is not one this version can follow.")
        return cls(width=int(match[1]), height=int(match[2]))


class StimulusReference(NamedTuple):
    """Where a browser finds a stimulus, and its size in pixels."""

    url: str
    width: int
    height: int


def choose_recipe(sample_set_ids: Iterable[int]) -> str:
    """Return the recipe at the smallest width and smallest height of all samples of these sets.

    No image is ever enlarged by it. Raises StimulusError if a set is empty or unknown.
    """
    ids = set(sample_set_ids)
    sizes = SampleSet.objects.filter(id__in=ids).annotate(
        count=Count("samples"), width=Min("samples__width"), height=Min("samples__height")
    )
    filled = [row for row in sizes if row.count]
    empty = sorted(row.name for row in sizes if not row.count)
    if empty:
        raise StimulusError(f"No samples in {', '.join(empty)}: import some first.")
    if len(filled) < len(ids) or not ids:
        raise StimulusError("There is no such sample set.")
    width = min(WEBP_LONGEST_SIDE, *(row.width for row in filled))
    height = min(WEBP_LONGEST_SIDE, *(row.height for row in filled))
    return str(Recipe(width, height))


def render_bytes(sample: Sample, recipe: str) -> bytes:
    """Return a sample as the recipe's WebP file: pixels and nothing else, the same bytes every time.

    Raises StimulusError when the sample's file is gone from storage or damaged there.
    """
    try:
        with sample.file.open("rb") as file, pixels.open_image(file) as image:
            upright = pixels.flatten(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise StimulusError(f"Sample {sample.pk} ({sample.name}) cannot be read: {error}") from error
    return _encode(_cover(upright, Recipe.parse(recipe)))


def _cover(image: Image.Image, recipe: Recipe) -> Image.Image:
    """Scale to cover the recipe's size and cut the middle out, in one resampling step."""
    scale = max(recipe.width / image.width, recipe.height / image.height)
    shown_width, shown_height = recipe.width / scale, recipe.height / scale
    left, top = (image.width - shown_width) / 2, (image.height - shown_height) / 2
    box = (
        max(left, 0),
        max(top, 0),
        min(left + shown_width, image.width),
        min(top + shown_height, image.height),
    )
    return image.resize((recipe.width, recipe.height), Image.Resampling.LANCZOS, box=box)


def _encode(image: Image.Image) -> bytes:
    # For lossless WebP quality and method are effort alone. This effort takes a tenth of the default's
    # time, for files as small on photographs and a seventh larger on smooth pictures.
    target = io.BytesIO()
    image.save(target, "WEBP", lossless=True, quality=0, method=1, exif=b"", icc_profile=b"", xmp=b"")
    return target.getvalue()


def render(*, sample_ids: Iterable[int], recipe: str, progress: Progress = say_nothing) -> int:
    """Render the stimuli that are missing; return how many were. Safe to repeat, after a kill too.

    Works in batches: what a batch has rendered stays. Raises StimulusError for an unknown sample or
    recipe, or a sample that cannot be read.
    """
    Recipe.parse(recipe)
    ids = sorted(set(sample_ids))
    rendered = done = 0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="render") as threads:
        for batch in batched(ids):
            rendered += _render_batch(batch, recipe, threads)
            done += len(batch)
            progress(done, len(ids), "rendering stimuli")
    return rendered


def _render_batch(sample_ids: Sequence[int], recipe: str, threads: Executor) -> int:
    ready = Stimulus.objects.filter(sample_id__in=sample_ids, recipe=recipe).values_list(
        "sample_id", flat=True
    )
    missing = set(sample_ids) - set(ready)
    samples = list(Sample.objects.filter(id__in=missing))
    unknown = missing - {sample.pk for sample in samples}
    if unknown:
        raise StimulusError(f"There is no sample {min(unknown)}.")
    stimuli = list(threads.map(partial(_make, recipe=recipe), samples))
    # Another worker may have been as quick; the first row of a sample stands.
    Stimulus.objects.bulk_create(stimuli, ignore_conflicts=True)
    return len(stimuli)


def _make(sample: Sample, *, recipe: str) -> Stimulus:
    content = render_bytes(sample, recipe)
    sha256 = hashlib.sha256(content).hexdigest()
    name = store_content(
        io.BytesIO(content), folder="stimuli", sha256=sha256, size=len(content), extension="webp"
    )
    size = Recipe.parse(recipe)
    return Stimulus(
        sample=sample,
        recipe=recipe,
        token=stimulus_token(),
        file=name,
        width=size.width,
        height=size.height,
        size=len(content),
        sha256=sha256,
    )


def reference_to(stimulus: Stimulus) -> StimulusReference:
    """Return where a browser finds a stimulus."""
    return StimulusReference(reverse("stimulus", args=[stimulus.token]), stimulus.width, stimulus.height)


def references(sample_ids: Iterable[int], recipe: str) -> dict[int, StimulusReference]:
    """Return where each sample's stimulus is, by sample id; one query. Those not rendered are left out."""
    rows = Stimulus.objects.filter(sample_id__in=set(sample_ids), recipe=recipe)
    return {
        sample_id: StimulusReference(reverse("stimulus", args=[token]), width, height)
        for sample_id, token, width, height in rows.values_list("sample_id", "token", "width", "height")
    }
