"""Several workers share the features of one set."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

import metrics
from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job, JobState
from humaneval.samples.models import SampleSet
from humaneval.scoring import shards
from humaneval.scoring.extractors import Recipe
from humaneval.scoring.features import HELPER, contents_of, ensure_features
from humaneval.scoring.models import FeatureFile

SPEC = "pixels:8"


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch) -> None:
    monkeypatch.setattr(shards, "TARGET", 64)


@pytest.fixture
def extractor():
    return metrics.load_extractor(SPEC)


def begun(sample_set: SampleSet, extractor) -> FeatureFile:
    """Return the features of a set as a worker leaves them that has only cut the shards."""
    contents = contents_of(sample_set)
    row = FeatureFile.objects.create(
        sample_set=sample_set,
        extractor=SPEC,
        extractor_digest=extractor.digest,
        content_digest=contents.digest,
        count=len(contents.ids),
        dimension=extractor.feature_dimension,
    )
    shards.cut(row, extractor.batch_size)
    return row


def help_with(row: FeatureFile) -> Job:
    args = {"features": row.pk, "spec": SPEC, "options": {}, "device": "cpu"}
    return jobs.run(jobs.submit(kind=HELPER, key="help", args=args).pk)


def ready(sample_set: SampleSet, extractor) -> FeatureFile:
    return ensure_features(
        sample_set=sample_set,
        contents=contents_of(sample_set),
        extractor=extractor,
        recipe=Recipe(SPEC, {}),
        tell=lambda done: None,
    )


def test_workers_at_once_compute_each_shard_once(platform, settings, make_set, extractor, monkeypatch):
    settings.MEDIA_ROOT = platform.folder / "media"
    many = make_set("many", count=300)
    row = begun(many, extractor)
    both = threading.Barrier(2)
    computed = []
    compute = shards._compute

    def meet_first(shard, *args):
        if not {threading.get_ident()} & {thread for thread, _start in computed}:
            both.wait(30)
        computed.append((threading.get_ident(), shard.start))
        compute(shard, *args)

    monkeypatch.setattr(shards, "_compute", meet_first)

    def work(_number: int) -> str:
        with platform.database():
            return str(ready(SampleSet.objects.get(pk=many.pk), extractor).file)

    with ThreadPoolExecutor(2) as pool:
        files = set(pool.map(work, range(2)))
    assert len(files) == 1
    assert Counter(start for _thread, start in computed) == Counter(range(0, 300, 64))
    stored = metrics.Features.load(default_storage.path(files.pop()))
    whole = metrics.extract(extractor, contents_of(many).items)
    assert np.array_equal(stored.values, whole.values)
    assert not row.shards.exists()


@pytest.mark.django_db
def test_a_helper_takes_what_nobody_has_in_hand(make_set, extractor):
    row = begun(make_set("many", count=150), extractor)
    in_hand = shards.take(row)
    job = help_with(row)
    assert (job.state, job.result) == (JobState.SUCCEEDED, {"shards": 2})
    assert list(row.shards.filter(file="")) == [in_hand]
    assert shards.done_samples(row) == 150 - 64


@pytest.mark.django_db
def test_a_shard_whose_worker_died_is_taken_once_its_lease_is_over(make_set, extractor):
    row = begun(make_set("few", count=40), extractor)
    first = shards.take(row)
    assert shards.take(row) is None
    row.shards.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert shards.take(row) == first


@pytest.mark.django_db
def test_a_helper_loads_nothing_when_all_is_done(make_set, extractor, monkeypatch):
    row = ready(make_set("few", count=40), extractor)
    monkeypatch.setattr(metrics, "load_extractor", lambda *args, **kwargs: pytest.fail("loaded"))
    assert help_with(row).result == {"shards": 0}


@pytest.mark.django_db
@pytest.mark.parametrize("difference", ["extractor_digest", "content_digest"])
def test_a_helper_with_other_weights_or_samples_adds_nothing(make_set, extractor, difference):
    row = begun(make_set("few", count=40), extractor)
    FeatureFile.objects.update(**{difference: "f" * 64})
    assert help_with(row).result == {"shards": 0}
    assert not row.shards.exclude(file="").exists()


@pytest.mark.django_db
def test_as_many_helpers_are_called_as_there_are_other_metric_workers(make_set, extractor, settings):
    settings.METRICS_WORKERS = 3
    ready(make_set("few", count=40), extractor)
    assert Job.objects.filter(kind=HELPER, queue="metrics").count() == 2


@pytest.mark.django_db
def test_a_worker_that_is_stopped_lets_go_of_its_shard(make_set, extractor):
    row = begun(make_set("few", count=40), extractor)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shards.fill(row, extractor, contents_of(row.sample_set).items, stop)
    assert shards.take(row) is not None
