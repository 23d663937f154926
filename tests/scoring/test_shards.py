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
from humaneval.jobs.running import WrongWorker
from humaneval.samples.models import SampleSet
from humaneval.scoring import shards
from humaneval.scoring.extractors import Recipe
from humaneval.scoring.features import HELPER, contents_of, ensure_features
from humaneval.scoring.models import FeatureFile, FeatureShard

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
    shards.begin(row, extractor)
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


@pytest.fixture
def storage_that_overwrites(settings, tmp_path) -> None:
    """Let files be written over, as S3 does."""
    options = {"location": str(tmp_path / "media"), "allow_overwrite": True}
    kind = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": kind, "OPTIONS": options}}


@pytest.mark.django_db
def test_a_shard_computed_twice_is_there_where_storage_writes_over_files(
    storage_that_overwrites, make_set, extractor
):
    many = make_set("many", count=80)
    row, items = begun(many, extractor), contents_of(many).items
    slow = shards.take(row)
    FeatureShard.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    shards.fill(row, extractor, items, lambda done: None)
    shards._compute(slow, extractor, items, lambda done: None)
    assert all(default_storage.exists(name) for name in row.shards.values_list("file", flat=True))


@pytest.mark.django_db
def test_features_joined_twice_are_there_where_storage_writes_over_files(
    storage_that_overwrites, make_set, extractor, monkeypatch
):
    many = make_set("many", count=80)
    row = begun(many, extractor)
    shards.fill(row, extractor, contents_of(many).items, lambda done: None)
    join, joined = shards._joined, []

    def join_after_another(features: FeatureFile, name: str) -> str:
        whole = join(features, name)
        if not joined:
            joined.append(whole)
            shards.join(FeatureFile.objects.get(pk=row.pk), name)
        return whole

    monkeypatch.setattr(shards, "_joined", join_after_another)
    shards.join(row, "features/whole.safetensors")
    assert default_storage.exists(str(row.file))


def test_who_waited_for_another_worker_takes_another_shard(platform, settings, make_set, extractor, in_turn):
    settings.MEDIA_ROOT = platform.folder / "media"
    row = begun(make_set("many", count=150), extractor)
    first, second = in_turn(lambda: shards.take(row).pk, lambda: shards.take(row).pk)
    assert first != second


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
@pytest.mark.parametrize("difference", [{"extractor_digest": "f" * 64}, {"device": "cuda"}])
def test_a_helper_with_another_device_or_version_leaves_the_job_to_one_who_fits(
    make_set, extractor, difference
):
    row = begun(make_set("few", count=40), extractor)
    FeatureFile.objects.update(**difference)
    row.refresh_from_db()
    in_hand = shards.take(row)
    job = help_with(row)
    assert (job.state, job.attempts, job.claim) == (JobState.QUEUED, 0, "")
    assert job.run_after > timezone.now() + timedelta(seconds=20)
    assert "need another worker" in job.error
    FeatureFile.objects.update(extractor_digest=extractor.digest, device="cpu")
    row.shards.filter(pk=in_hand.pk).update(lease_until=None)
    assert jobs.run(job.pk).result == {"shards": 1}


@pytest.mark.django_db
def test_what_another_kind_of_device_computes_is_left_to_it_until_nobody_is_at_it(make_set, extractor):
    row = begun(make_set("many", count=150), extractor)
    ready_part = shards.take(row)
    row.shards.filter(pk=ready_part.pk).update(file="features/shards/by-the-card", lease_until=None)
    FeatureFile.objects.update(device="cuda")
    row.refresh_from_db()
    in_hand = shards.take(row)
    with pytest.raises(WrongWorker, match="on cuda, not on cpu"):
        shards.begin(row, extractor)
    row.shards.filter(pk=in_hand.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    on_the_card = FeatureFile.objects.get()
    shards.begin(row, extractor)
    assert not row.shards.exclude(file="").exists(), "nothing that the card computed is joined with ours"
    assert shards.take(on_the_card) is None, "who worked on the card takes no shard of ours"
    assert shards.take(row) is not None


@pytest.mark.django_db
def test_features_that_the_former_release_began_are_gone_on_with(make_set, extractor):
    row = begun(make_set("few", count=40), extractor)
    row.shards.update(file="features/shards/of-before")
    FeatureFile.objects.update(device="")
    row.refresh_from_db()
    shards.begin(row, extractor)
    assert row.shards.filter(file="features/shards/of-before").exists()


@pytest.mark.django_db
def test_helpers_that_have_ended_are_asked_again_by_who_takes_a_run_over(make_set, extractor, settings):
    settings.METRICS_WORKERS = 3
    few = make_set("few", count=40)
    row = ready(few, extractor)
    assert {jobs.run(job.pk).state for job in Job.objects.filter(kind=HELPER)[:1]} == {JobState.SUCCEEDED}
    FeatureFile.objects.update(file="")
    ready(few, extractor)
    waiting = Job.objects.filter(kind=HELPER, state=JobState.QUEUED)
    assert (waiting.count(), Job.objects.filter(kind=HELPER).count()) == (2, 3)
    assert {job.args["features"] for job in waiting} == {row.pk}


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
