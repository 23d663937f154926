"""Removing sample sets that nothing rests on, and the files that no row names any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import PROTECT
from django.utils import timezone

from humaneval.jobs.models import Job, JobState
from humaneval.samples.batches import batched
from humaneval.samples.models import ImageFacts, ImportRun, LeakageAudit, Sample, SampleSet, Stimulus

RECENT = timedelta(minutes=30)
"""How long a file may wait for the row that names it: a batch's, at most."""


class StillNeeded(Exception):
    """Something rests on what was to be removed; the message says what."""


def uses_of(sample_set: SampleSet) -> dict[str, int]:
    """Return how many rows need a set, by their name in words; empty if it is free to go.

    These are the rows of other apps that protect it, and imports into it that are under way.
    """
    runs = ImportRun.objects.filter(sample_set=sample_set, finished_at=None).select_related("job")
    counts = {"imports under way": sum(run.is_underway for run in runs)}
    for relation in SampleSet._meta.related_objects:
        if relation.on_delete is PROTECT and relation.related_model is not Sample:
            rows = relation.related_model._base_manager.filter(**{relation.field.name: sample_set})
            counts[str(relation.related_model._meta.verbose_name_plural)] = rows.count()
    return {name: count for name, count in counts.items() if count}


def remove_sample_set(*, sample_set: SampleSet) -> int:
    """Delete a set with its samples, stimuli and imports; return how many samples went.

    Files stay in storage until remove_unused_files. Raises StillNeeded for a set that a study or score
    rests on, or that is being imported into.
    """
    with transaction.atomic():
        SampleSet.objects.select_for_update().get(pk=sample_set.pk)
        uses = uses_of(sample_set)
        if uses:
            needing = ", ".join(f"{name} ({count})" for name, count in uses.items())
            raise StillNeeded(f"“{sample_set}” cannot be deleted, since it is needed by {needing}.")
        Stimulus.objects.filter(sample__sample_set=sample_set).delete()
        LeakageAudit.objects.filter(sample_sets=sample_set).delete()
        ids = list(sample_set.samples.values_list("id", flat=True))
        for batch in batched(ids):
            ImageFacts.objects.filter(sample_id__in=batch).delete()
            Sample.objects.filter(id__in=batch).delete()
        sample_set.delete()
    return len(ids)


def remove_unused_files() -> int:
    """Delete stored samples and stimuli that no row names; return how many files went.

    Files of the last :data:`RECENT` stay: whoever stores one names it after that. Raises StillNeeded while
    jobs wait or run, or a command imports, since one may be about to name a file that has long been there.
    """
    if Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).exists():
        raise StillNeeded("Jobs are waiting or running: let them finish first.")
    if held := ImportRun.objects.filter(finished_at=None, lease_until__gt=timezone.now()).first():
        raise StillNeeded(
            f"A command is importing {held.source} into {held.sample_set}: let it finish first."
        )
    before = timezone.now() - RECENT
    removed = 0
    for model, folder in ((Sample, "samples"), (Stimulus, "stimuli")):
        for start in _folders(folder):
            files = list(
                _files(f"{folder}/{start}")
            )  # before the rows: what is stored later is not among them
            named = model._base_manager.filter(sha256__startswith=start)
            names = set(named.values_list("file", flat=True))
            for name in files:
                if name not in names and default_storage.get_modified_time(name) < before:
                    default_storage.delete(name)
                    removed += 1
    return removed


def _folders(path: str) -> list[str]:
    try:
        return sorted(default_storage.listdir(path)[0])
    except FileNotFoundError:
        return []


def _files(path: str) -> Iterator[str]:
    folders, files = default_storage.listdir(path)
    yield from (f"{path}/{file}" for file in files)
    for folder in folders:
        yield from _files(f"{path}/{folder}")
