"""What metrics workers compute on: what the settings name, and no start without it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from humaneval.config.celery import need_the_device
from humaneval.scoring.extractors import Recipe, open_extractor


def worker_of(*queues: str) -> SimpleNamespace:
    """Return as much of a Celery worker as its start looks at."""
    return SimpleNamespace(
        app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=queues)))
    )


def test_a_metrics_worker_without_its_card_does_not_start_and_says_why(settings):
    settings.METRICS_DEVICE = "cuda"
    with pytest.raises(
        SystemExit, match="METRICS_DEVICE=cuda: no CUDA device is usable here: check nvidia-smi"
    ):
        need_the_device(worker_of("metrics"))


@pytest.mark.parametrize(("device", "queue"), [("cuda", "default"), ("auto", "metrics"), ("cpu", "metrics")])
def test_no_other_worker_needs_one(settings, device: str, queue: str):
    settings.METRICS_DEVICE = device
    need_the_device(worker_of(queue))


def test_runs_compute_on_the_device_of_the_settings(settings, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    settings.METRICS_DEVICE = "cpu"
    assert open_extractor(Recipe("pixels:8", {})).device.type == "cpu"
    settings.METRICS_DEVICE = "auto"
    assert open_extractor(Recipe("pixels:8", {})).device.type == "cuda"
