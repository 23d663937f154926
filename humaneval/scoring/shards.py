"""Features of one set, shard by shard: any number of workers fill them, each shard by one at a time.

A killed worker loses at most the shard it was at, which another takes once its lease is over. A shard
that two workers computed (after a pause longer than a lease) is the same to the bit, and kept once: by the
same name where storage writes over files, as S3 does, by two of which one is deleted where it does not.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from humaneval.jobs.running import WrongWorker
from humaneval.scoring import stored
from humaneval.scoring.models import FeatureFile, FeatureShard

if TYPE_CHECKING:
    from metrics.extractors.base import Extractor

Tell = Callable[[int], None]
"""Is told how many of the set's samples are done; may raise to stop the work."""

TARGET = 512
WAIT_SECONDS = 0.5


def begin(features: FeatureFile, extractor: Extractor) -> None:
    """Have the shards of a set there, all of them of this extractor's kind of device.

    What was begun on another kind is given up if nobody is at it; raises WrongWorker if somebody is.
    """
    here = extractor.device.type
    with transaction.atomic():
        row = FeatureFile.objects.select_for_update().get(pk=features.pk)
        if row.device not in {here, ""}:
            if in_hand(row):
                raise WrongWorker(f"Others compute the features of this set on {row.device}, not on {here}.")
            discard(row)
        FeatureFile.objects.filter(pk=row.pk).update(device=here)
        cut(row, extractor.batch_size)
    features.device = here


def in_hand(features: FeatureFile) -> bool:
    """Return whether some worker is at a shard."""
    return bool(_missing(features).filter(lease_until__gte=timezone.now()).exists())


def cut(features: FeatureFile, batch_size: int) -> None:
    """Store the shards of a set that has none yet; they begin at multiples of the extractor's batch."""
    from metrics import shards

    FeatureShard.objects.bulk_create(
        (
            FeatureShard(features=features, start=part.start, stop=part.stop)
            for part in shards(features.count, batch_size, TARGET)
        ),
        ignore_conflicts=True,
    )


def fill(features: FeatureFile, extractor: Extractor, items: Sequence[Any], tell: Tell) -> None:
    """Compute shards until none is missing, waiting at the end for those that others have in hand."""
    while True:
        shard = take(features)
        if shard is not None:
            _compute(shard, extractor, items, tell)
            continue
        tell(done_samples(features))
        if not _missing(features).exists():
            return
        time.sleep(WAIT_SECONDS)


def help_fill(features: FeatureFile, extractor: Extractor, items: Sequence[Any], tell: Tell) -> int:
    """Compute shards while there is one that nobody has in hand; return how many."""
    count = 0
    while shard := take(features):
        _compute(shard, extractor, items, tell)
        count += 1
    return count


def take(features: FeatureFile) -> FeatureShard | None:
    """Return a missing shard, now in this worker's hands for one lease; None if there is none free.

    There is none either once the set is computed on another kind of device than when ``features`` was read.
    """
    token = secrets.token_hex(16)
    over = Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())
    # The conditions on the shard are on its own row, not behind a join: PostgreSQL looks at those again
    # when another worker's update, which this one waited for, is through.
    same_device = FeatureFile.objects.filter(pk=features.pk, device=features.device)
    free = FeatureShard.objects.filter(over, file="", features__in=same_device)
    for shard in free[:20]:
        if free.filter(pk=shard.pk).update(lease_until=_lease_end(), claim=token):
            shard.claim = token
            return shard
    return None


def done_samples(features: FeatureFile) -> int:
    """Return how many of the set's samples have their features."""
    finished = features.shards.exclude(file="")
    return finished.aggregate(n=Sum(F("stop") - F("start")))["n"] or 0


def join(features: FeatureFile, name: str) -> None:
    """Put the shards together into the set's one file, and remove them.

    Another run that needed the same features may have done so meanwhile: the first file stands.
    """
    try:
        whole = _joined(features, name)
    except FileNotFoundError:
        features.refresh_from_db()
        if not features.file:
            raise
        return
    rows = FeatureFile.objects.filter(pk=features.pk)
    if not rows.filter(file="").update(file=whole) and not rows.filter(file=whole).exists():
        stored.delete_files([whole])
    discard(features)
    features.refresh_from_db()


def _joined(features: FeatureFile, name: str) -> str:
    from metrics import Features

    with ExitStack() as open_files:
        names = list(features.shards.values_list("file", flat=True))
        parts = [open_files.enter_context(stored.local_features(each)) for each in names]
        return stored.store_file(name, Features.join(parts).save)


def discard(features: FeatureFile) -> None:
    """Remove the shards of a set and their files."""
    files = list(features.shards.values_list("file", flat=True))
    features.shards.all().delete()
    transaction.on_commit(lambda: stored.delete_files(files))


def _compute(shard: FeatureShard, extractor: Extractor, items: Sequence[Any], tell: Tell) -> None:
    from metrics import extract

    before = done_samples(shard.features)
    renew_after = time.monotonic() + settings.JOB_LEASE_SECONDS / 3

    def on_batch(done: int, _total: int) -> None:
        nonlocal renew_after
        tell(before + done)
        if time.monotonic() > renew_after:
            _held(shard).update(lease_until=_lease_end())
            renew_after = time.monotonic() + settings.JOB_LEASE_SECONDS / 3

    try:
        part = extract(extractor, items[shard.start : shard.stop], progress=on_batch)
    except BaseException:
        _held(shard).update(lease_until=None, claim="")
        raise
    _keep(shard, stored.store_file(_shard_name(shard), part.save))


def _keep(shard: FeatureShard, name: str) -> None:
    rows = FeatureShard.objects.filter(pk=shard.pk)
    kept = rows.filter(file="").update(file=name, lease_until=None, claim="")
    if not kept and not rows.filter(file=name).exists():
        stored.delete_files([name])


def _shard_name(shard: FeatureShard) -> str:
    return f"features/shards/{shard.features_id}/{shard.start:08d}.safetensors"


def _missing(features: FeatureFile) -> Any:
    return features.shards.filter(file="")


def _held(shard: FeatureShard) -> Any:
    return FeatureShard.objects.filter(pk=shard.pk, claim=shard.claim, file="")


def _lease_end() -> Any:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
