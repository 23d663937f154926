"""Audits of sample sets: queued once for what the sets hold, carried out by a job, read before launches."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from humaneval.jobs import services as jobs
from humaneval.jobs.models import JobState
from humaneval.samples import stimuli
from humaneval.samples.batches import THREADS, Progress, batched
from humaneval.samples.leakage import separating
from humaneval.samples.leakage.measuring import VERSION, measure
from humaneval.samples.models import ImageFacts, LeakageAudit, Sample, SampleKind, SampleSet
from humaneval.samples.stimuli import StimulusError

AUDIT_JOB = "samples.leakage"
IMAGES = 400
"""Images of one set that are looked at, at most: an AUC's interval is then narrower than ±0.04."""


class NothingToAudit(ValueError):
    """The sets cannot be audited; the message says why."""


def comparable(sample_sets: Iterable[SampleSet]) -> bool:
    """Return whether there are real and generated sets among these: else nothing can be given away."""
    return {sample_set.kind for sample_set in sample_sets} >= {SampleKind.REAL, SampleKind.GENERATED}


def find_audit(sample_set_ids: Iterable[int]) -> LeakageAudit | None:
    """Return the audit of what these sets hold now, if one was started."""
    return LeakageAudit.objects.filter(digest=_digest(sample_set_ids)).select_related("job").first()


def is_current(audit: LeakageAudit) -> bool:
    """Return whether an audit is of what its sets hold now."""
    return audit.digest == _digest(row.pk for row in audit.sample_sets.all())


def start_audit(sample_set_ids: Iterable[int]) -> LeakageAudit:
    """Queue the audit of what these sets hold now, once; one that failed is tried again. Returns it.

    Raises NothingToAudit unless there are samples in every set, and both real and generated sets.
    """
    ids = sorted(set(sample_set_ids))
    sets = list(SampleSet.objects.filter(id__in=ids).annotate(count=Count("samples")))
    if not comparable(sets):
        raise NothingToAudit("An audit compares generated sets with a real one: it needs both.")
    if empty := [row.name for row in sets if not row.count]:
        raise NothingToAudit(f"No samples in {', '.join(empty)}: import some first.")
    with transaction.atomic():
        audit, is_new = LeakageAudit.objects.get_or_create(digest=_digest(ids))
        if is_new:
            audit.sample_sets.set(ids)
        if audit.job is None:
            audit.job = jobs.submit(
                kind=AUDIT_JOB,
                key=f"{AUDIT_JOB}:{audit.digest}",
                args={"audit": audit.pk},
                team=sets[0].team_id,
            )
            audit.save(update_fields=["job"])
        elif audit.job.state in {JobState.FAILED, JobState.CANCELLED}:
            audit.job = jobs.retry(audit.job)
    return audit


def carry_out(*, audit: LeakageAudit, progress: Progress) -> LeakageAudit:
    """Measure what is not measured yet, compare, and store the result; may be called again after a kill.

    Raises StimulusError for a sample that cannot be read.
    """
    if audit.result is not None:
        return audit
    sets = list(audit.sample_sets.order_by("id"))
    chosen = {row.pk: _chosen(row) for row in sets}
    recipe = stimuli.choose_recipe(chosen)
    wanted = [sample for ids in chosen.values() for sample in ids]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="audit") as threads:
        done = 0
        for served in ("", recipe):
            for batch in batched(wanted):
                _measure_batch(batch, served, threads)
                done += len(batch)
                progress(done, 2 * len(wanted), "measuring images")
    audit.result = _compare(sets, chosen, recipe)
    audit.finished_at = timezone.now()
    audit.save(update_fields=["result", "finished_at"])
    return audit


def _digest(sample_set_ids: Iterable[int]) -> str:
    """Return the hash of the sets and their extent: samples are added to a set, and never change in it."""
    rows = SampleSet.objects.filter(id__in=set(sample_set_ids)).order_by("id")
    extents = rows.annotate(count=Count("samples"), newest=Max("samples__id"))
    parts = [VERSION, stimuli.VERSION, IMAGES, list(extents.values_list("id", "count", "newest"))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _chosen(sample_set: SampleSet) -> list[int]:
    """Return samples to look at: by their contents' hashes, so at random but the same every time."""
    rows = sample_set.samples.order_by("sha256", "id")
    return list(rows.values_list("id", flat=True)[:IMAGES])


def _measure_batch(sample_ids: Sequence[int], recipe: str, threads: ThreadPoolExecutor) -> None:
    ready = ImageFacts.objects.filter(sample_id__in=sample_ids, recipe=recipe, version=VERSION)
    missing = set(sample_ids) - set(ready.values_list("sample_id", flat=True))
    samples = Sample.objects.filter(id__in=missing).order_by("id")
    facts = list(threads.map(partial(_measured, recipe=recipe), samples))
    ImageFacts.objects.bulk_create(facts, ignore_conflicts=True)


def _measured(sample: Sample, *, recipe: str) -> ImageFacts:
    try:
        if recipe:
            content = stimuli.render_bytes(sample, recipe)
            values = measure(io.BytesIO(content), len(content))
        else:
            with sample.file.open("rb") as file:
                values = measure(file, sample.size)
    except StimulusError:
        raise
    except (OSError, ValueError, SyntaxError) as error:
        raise StimulusError(f"Sample {sample.pk} ({sample.name}) cannot be read: {error}") from error
    return ImageFacts(sample=sample, recipe=recipe, version=VERSION, values=values)


def _compare(sets: Sequence[SampleSet], chosen: dict[int, list[int]], recipe: str) -> dict[str, Any]:
    """Return the audit's result: every generated set against all real ones, as imported and as served."""
    real = [sample for row in sets if row.kind == SampleKind.REAL for sample in chosen[row.pk]]
    generated = [row for row in sets if row.kind == SampleKind.GENERATED]
    fewest = {row.pk: min(len(real), len(chosen[row.pk])) for row in generated}
    compared = [row for row in generated if fewest[row.pk] >= separating.FEWEST]
    views = {}
    for view, served in (("original", ""), ("stimuli", recipe)):
        rows = _rows([*real, *(sample for row in compared for sample in chosen[row.pk])], served)
        found = [
            separating.separations(
                [rows[sample] for sample in real],
                [rows[sample] for sample in chosen[row.pk]],
                comparisons=len(compared),
            )
            for row in compared
        ]
        views[view] = [
            {"set": row.pk, "facts": [asdict(one) for one in group], "leaking": sorted(above)}
            for row, group, above in zip(compared, found, separating.leaking(found), strict=True)
        ]
    return {
        **views,
        "too_few": [row.pk for row in generated if row not in compared],
        "images": {str(key): len(ids) for key, ids in chosen.items()},
        "recipe": recipe,
        "level": separating.LEVEL,
        "method": separating.METHOD,
    }


def _rows(sample_ids: Sequence[int], recipe: str) -> dict[int, dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for batch in batched(sample_ids):
        found = ImageFacts.objects.filter(sample_id__in=batch, recipe=recipe, version=VERSION)
        rows.update(found.values_list("sample_id", "values"))
    return rows
