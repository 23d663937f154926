"""The features of a sample set: found if they were computed before, else computed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.storage import default_storage

from humaneval.jobs.models import Job, JobState
from humaneval.jobs.services import submit
from humaneval.samples.models import Sample, SampleSet
from humaneval.scoring import shards
from humaneval.scoring.extractors import Recipe
from humaneval.scoring.models import FeatureFile

if TYPE_CHECKING:
    from metrics.asked import Asked
    from metrics.extractors.base import Extractor

HELPER = "scoring.shards"
READING = "features of"
"""What a job's progress begins with while features are computed, rather than scores from them."""


@dataclass(frozen=True)
class Contents:
    """What a set holds, in the order of its samples' ids: the order of its features' rows.

    ``prompts`` are each sample's text and category, empty where it has none.
    """

    names: tuple[str, ...]
    ids: tuple[int, ...]
    files: tuple[str, ...]
    digest: str
    prompts: tuple[tuple[str, str], ...] = ()

    @property
    def items(self) -> list[tuple[str, Any]]:
        """The samples as ``metrics.extract`` takes them: names, and what opens them."""
        return [(name, _opener(file)) for name, file in zip(self.names, self.files, strict=True)]

    def asked_of(self, extractor: Extractor) -> Asked:
        """Return what the samples were made for: a class is what a prompt's category names, else its text."""
        from metrics.asked import Asked

        if not any(text for text, _category in self.prompts):
            return Asked.of(extractor)
        texts = [text or None for text, _category in self.prompts]
        labels = [tuple(filter(None, (category, text))) for text, category in self.prompts]
        return Asked.of(extractor, texts, labels)


def contents_of(sample_set: SampleSet) -> Contents:
    """Return what a set holds now, in one query; the digest is over names and hashes, not prompts."""
    rows = Sample.objects.filter(sample_set=sample_set).order_by("id")
    columns = ("id", "name", "file", "sha256", "prompt__text", "prompt__category")
    fields = list(rows.values_list(*columns))
    digest = hashlib.sha256()
    for _id, name, _file, sha256, *_prompt in fields:
        digest.update(f"{sha256} {name}\n".encode())
    return Contents(
        names=tuple(row[1] for row in fields),
        ids=tuple(row[0] for row in fields),
        files=tuple(row[2] for row in fields),
        digest=digest.hexdigest(),
        prompts=tuple((row[4] or "", row[5] or "") for row in fields),
    )


def ensure_features(
    *,
    sample_set: SampleSet,
    contents: Contents,
    extractor: Extractor,
    recipe: Recipe,
    tell: Callable[[int], None],
) -> FeatureFile:
    """Return the complete features of a set, computing what is missing with whoever helps.

    ``tell(done)`` counts samples. Raises metrics.UnreadableImages for samples that do not decode, and
    WrongWorker while others compute the same on another kind of device.
    """
    row, _created = FeatureFile.objects.get_or_create(
        sample_set=sample_set,
        extractor_digest=extractor.digest,
        content_digest=contents.digest,
        defaults={
            "extractor": recipe.spec,
            "count": len(contents.ids),
            "dimension": extractor.feature_dimension,
            "device": extractor.device.type,
        },
    )
    _forget_lost_files(row)
    if not row.file:
        shards.begin(row, extractor)
        _call_helpers(row, extractor, recipe)
        shards.fill(row, extractor, contents.items, tell)
        row.refresh_from_db()
    if not row.file:
        shards.join(row, f"features/{extractor.digest[:16]}/{contents.digest[:32]}.safetensors")
    tell(row.count)
    return row


def _forget_lost_files(row: FeatureFile) -> None:
    """Compute again what storage has lost."""
    if row.file and not default_storage.exists(str(row.file)):
        row.file = ""
        row.save(update_fields=["file"])
    for shard in row.shards.exclude(file=""):
        if not default_storage.exists(str(shard.file)):
            shard.file = ""
            shard.save(update_fields=["file"])


def _call_helpers(row: FeatureFile, extractor: Extractor, recipe: Recipe) -> None:
    """Ask the other metric workers, where there are some, to take shards too; once each."""
    args = {
        "features": row.pk,
        "spec": recipe.spec,
        "options": dict(recipe.options),
        "device": extractor.device.type,
    }
    key = f"{HELPER}:{row.pk}:"
    asked = Job.objects.filter(key__startswith=key)
    total = asked.count()
    lacking = (
        settings.METRICS_WORKERS - 1 - asked.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).count()
    )
    for number in range(total + 1, total + 1 + lacking):
        submit(kind=HELPER, key=f"{key}{number}", args=args, team=row.sample_set.team_id)


@dataclass(frozen=True)
class StoredImage:
    """Opens one image of a storage elsewhere; can be sent to a decoding process."""

    name: str

    def __call__(self) -> bytes:
        """Return the file's bytes."""
        _set_up_django()
        with default_storage.open(self.name, "rb") as file:
            content: bytes = file.read()
        return content


def _set_up_django() -> None:
    import django
    from django.apps import apps

    if not apps.ready:  # in a decoding process, which begins empty
        django.setup()


def _opener(name: str) -> Path | StoredImage:
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return StoredImage(name)
