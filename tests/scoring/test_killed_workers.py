"""A worker is killed in the middle of a metric run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import metrics
from humaneval.jobs.models import Job, JobState
from humaneval.scoring.models import FeatureShard, MetricRun
from humaneval.scoring.runs import start_run
from tests.jobs.platform import Platform, kill_group
from tests.scoring.slow_metrics.apps import STOP_BEFORE

SLOW = {"DJANGO_SETTINGS_MODULE": "tests.scoring.slow_settings"}
REAL, GENERATED = 100, 300
BATCHES = 2 + 5


@pytest.fixture
def run(platform: Platform, settings, make_set) -> MetricRun:
    """Give a queued run over a platform of its own: two batches of real samples, five of generated ones."""
    settings.MEDIA_ROOT = platform.folder / "media"
    real = make_set("real", kind="real", count=REAL, seed=0)
    generated = make_set("generated", count=GENERATED, seed=1)
    return start_run(reference=real, generated=[generated], extractor="pixels:8", metrics=["fid", "prdc"])


def batches(platform: Platform) -> list[str]:
    """Return who computed each batch so far."""
    return re.findall(r"batch by (\d+)", platform.output())


def scores_by_library(folder: Path) -> dict[str, float]:
    extractor = metrics.load_extractor("pixels:8")
    real, generated = (metrics.extract(extractor, folder / name) for name in ("real", "generated"))
    found = metrics.evaluate(["fid", "prdc"], real=real, generated=generated)
    return {score.metric: pytest.approx(score.value, rel=1e-9) for score in found}


def test_a_run_whose_worker_is_killed_is_finished_by_the_next_with_the_right_scores(
    platform: Platform, run: MetricRun, tmp_path: Path
):
    platform.settings = SLOW
    worker = platform.start_worker("--beat")
    platform.wait_for(lambda: len(batches(platform)) == STOP_BEFORE)
    kill_group(worker)
    assert Job.objects.get().state == JobState.RUNNING
    assert 0 < FeatureShard.objects.exclude(file="").count() < BATCHES
    (platform.folder / "go").touch()

    platform.start_worker("--beat")
    platform.wait_for(lambda: Job.objects.get().is_finished)
    assert Job.objects.get().state == JobState.SUCCEEDED, Job.objects.get().error
    assert dict(run.scores.values_list("metric", "value")) == scores_by_library(tmp_path)
    assert len(batches(platform)) == BATCHES + 1, "only the shard in hand was computed again"
    assert not FeatureShard.objects.exists()
