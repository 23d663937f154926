"""Samples of a set that are the same, or nearly: looked for once for what a set holds, by a job."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, Max
from numpy.typing import NDArray

from humaneval.jobs import services as jobs
from humaneval.jobs.models import JobState
from humaneval.samples import pixels
from humaneval.samples.batches import THREADS, Progress, batched
from humaneval.samples.leakage.likeness import NEAR, SIDE, near_pairs, signature
from humaneval.samples.models import DuplicateCheck, ImageFacts, Sample, SampleSet
from humaneval.samples.stimuli import StimulusError

DUPLICATES_JOB = "samples.duplicates"
MOST = 20_000
"""Samples of a set that are compared with each other, at most."""

LISTED = 200
_RECIPE = f"grey/{SIDE}x{SIDE}/bilinear"
_VERSION = 1


@dataclass(frozen=True)
class LikePair:
    """Two samples of a set and how far apart they are; 0 where their files are the same."""

    first: Sample
    second: Sample
    distance: float
    is_same_file: bool


@dataclass(frozen=True)
class Standing:
    """Where a check stands: ``state`` is missing, running, failed (``note`` says why) or done.

    Of ``images`` compared (of so many that there ``are``), ``same`` pairs are the same file and ``near`` ones
    look nearly the same; ``pairs`` are the nearest, at most :data:`LISTED`.
    """

    state: str
    note: str = ""
    images: int = 0
    are: int = 0
    same: int = 0
    near: int = 0
    pairs: Sequence[LikePair] = ()


def start_check(sample_set: SampleSet) -> DuplicateCheck | None:
    """Queue the check of what a set holds now, once; one that failed is tried again.

    Returns None for a set with fewer than two samples.
    """
    digest = _digest(sample_set)
    if digest is None:
        return None
    found = DuplicateCheck.objects.select_related("job").filter(digest=digest).first()
    if found is not None and found.job is not None and found.job.state not in _BROKEN:
        return found
    with transaction.atomic():
        check, _is_new = DuplicateCheck.objects.get_or_create(
            digest=digest, defaults={"sample_set": sample_set}
        )
        if check.job is None:
            key = f"{DUPLICATES_JOB}:{digest}"
            check.job = jobs.submit(
                kind=DUPLICATES_JOB, key=key, args={"check": check.pk}, team=sample_set.team_id
            )
            check.save(update_fields=["job"])
        elif check.job.state in _BROKEN:
            check.job = jobs.retry(check.job)
    return check


_BROKEN = {JobState.FAILED, JobState.CANCELLED}


def find_check(sample_set: SampleSet) -> DuplicateCheck | None:
    """Return the check of what a set holds now, if there is one; starts nothing."""
    return DuplicateCheck.objects.select_related("job").filter(digest=_digest(sample_set) or "").first()


def _digest(sample_set: SampleSet) -> str | None:
    """Return what names the check of a set as it is; None where there are no two samples to compare."""
    extent = sample_set.samples.aggregate(count=Count("id"), newest=Max("id"))
    if extent["count"] < 2:
        return None
    parts = [sample_set.pk, extent["count"], extent["newest"], MOST, NEAR, SIDE, _VERSION]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def carry_out(*, check: DuplicateCheck, progress: Progress) -> DuplicateCheck:
    """Look at every sample once and compare all; may be called again after a kill.

    Raises StimulusError for a sample that cannot be read.
    """
    if check.result is not None:
        return check
    rows = check.sample_set.samples.order_by("sha256", "id")
    chosen = list(rows.values_list("id", "sha256")[:MOST])
    ids = [sample for sample, _hash in chosen]
    count, pairs = near_pairs(_signatures(ids, progress), most=LISTED)
    copies = Counter(content for _sample, content in chosen).values()
    same = sum(times * (times - 1) // 2 for times in copies)
    check.result = {
        "images": len(ids),
        "of": rows.count(),
        "same": same,
        "near": count - same,
        "pairs": [[ids[pair.first], ids[pair.second], round(pair.distance, 2)] for pair in pairs],
    }
    check.save(update_fields=["result"])
    return check


def _signatures(sample_ids: Sequence[int], progress: Progress) -> NDArray[np.uint8]:
    done, blocks = 0, [np.empty((0, SIDE * SIDE), dtype=np.uint8)]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="duplicates") as threads:
        for batch in batched(sample_ids):
            blocks.append(_batch(batch, threads))
            done += len(batch)
            progress(done, len(sample_ids), "looking for near-duplicates")
    return np.concatenate(blocks)


def _batch(sample_ids: Sequence[int], threads: ThreadPoolExecutor) -> NDArray[np.uint8]:
    kept = ImageFacts.objects.filter(sample_id__in=sample_ids, recipe=_RECIPE, version=_VERSION)
    known = dict(kept.values_list("sample_id", "values"))
    missing = Sample.objects.filter(id__in=set(sample_ids) - known.keys()).order_by("id")
    made = list(threads.map(_measured, missing))
    ImageFacts.objects.bulk_create(made, ignore_conflicts=True)
    known |= {facts.sample_id: facts.values for facts in made}
    texts = [bytes.fromhex(known[sample]["grey"]) for sample in sample_ids]
    return np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(-1, SIDE * SIDE)


def _measured(sample: Sample) -> ImageFacts:
    try:
        with sample.file.open("rb") as file, pixels.open_image(file) as image:
            grey = signature(pixels.flatten(image))
    except (OSError, ValueError, SyntaxError) as error:
        raise StimulusError(f"Sample {sample.pk} ({sample.name}) cannot be read: {error}") from error
    return ImageFacts(sample=sample, recipe=_RECIPE, version=_VERSION, values={"grey": grey.tobytes().hex()})


def listed_pairs(result: dict[str, Any], most: int) -> list[LikePair]:
    """Return the first pairs of a check's result with their samples, in one query."""
    rows = result["pairs"][:most]
    samples = Sample.objects.in_bulk(
        {sample for first, second, _distance in rows for sample in (first, second)}
    )
    return [
        LikePair(samples[first], samples[second], distance, samples[first].sha256 == samples[second].sha256)
        for first, second, distance in rows
        if first in samples and second in samples
    ]


def standing_of(check: DuplicateCheck | None) -> Standing:
    """Return where a check stands, with what it found."""
    if check is None:
        return Standing("missing")
    if check.result is not None:
        counts = {name: check.result[name] for name in ("images", "same", "near")}
        return Standing("done", are=check.result["of"], pairs=listed_pairs(check.result, LISTED), **counts)
    if check.job is None or check.job.state in _BROKEN:
        return Standing("failed", note=(check.job and check.job.error) or "its job is gone")
    return Standing("running", note=check.job.progress_text)
