"""What Prometheus reads: the whole truth for who bears the token, nothing for anybody else."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import urllib3
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from humaneval.jobs import claims, ticks
from humaneval.jobs.models import Job, JobState, QueueLook, SchedulerTick
from humaneval.jobs.running import RunningJob
from humaneval.jobs.tasks import work
from humaneval.jobs.ticks import note_tick
from humaneval.keeping.models import BackupRecord
from humaneval.monitoring import instruments
from humaneval.monitoring.exporter import GraphicsMemory
from humaneval.rating.sealing import seal_votes
from humaneval.scoring.features import READING
from humaneval.studies.models import Study
from tests.factories import (
    AssignmentFactory,
    JobFactory,
    MetricRunFactory,
    SessionFactory,
    VoteFactory,
    open_study,
)
from tests.monitoring.test_alerts import alert_rules
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
TOKEN = "a-long-secret"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def token(settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return each sample's value by its name and labels."""
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(text: str, name: str, **labels: str) -> float | None:
    return samples(text).get((name, frozenset(labels.items())))


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/metrics", "/metrics/installation"])
@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}])
def test_nobody_reads_without_the_token(client: Client, token, address: str, header: dict[str, str]) -> None:
    assert client.get(address, headers=header).status_code == 404


@pytest.mark.django_db
def test_without_a_token_set_nobody_reads(client: Client, settings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_never_by_address(client: Client, token) -> None:
    def counted(route: str, status: int) -> float:
        labels = {"route": route, "method": "GET", "status": str(status)}
        text = client.get("/metrics", headers=BEARER).content.decode()
        return value(text, "humaneval_http_requests_total", **labels) or 0

    before = counted("rating:entry", 404), counted("unknown", 404)
    client.get("/s/no-such-study/?PROLIFIC_PID=5f00secret")
    client.get("/nowhere/5f00secret")
    assert (counted("rating:entry", 404), counted("unknown", 404)) == (before[0] + 1, before[1] + 1)
    text = client.get("/metrics", headers=BEARER).content.decode()
    assert "5f00secret" not in text
    assert (value(text, "humaneval_http_request_seconds_count", route="rating:entry") or 0) >= 1


@pytest.mark.django_db
def test_the_installation_tells_votes_sealed_or_not_and_sessions(client: Client, token) -> None:
    study = open_study(trial_count=4, samples=6)
    session = SessionFactory(study=study)
    trials = list(study.trials.all()[:3])
    for position, trial in enumerate(trials[:2]):
        VoteFactory(assignment=AssignmentFactory(session=session, trial=trial, position=position))
    seal_votes()
    VoteFactory(assignment=AssignmentFactory(session=session, trial=trials[2], position=2))
    text = client.get("/metrics/installation", headers=BEARER).content.decode()
    assert value(text, "humaneval_votes_stored_total") == 3
    assert value(text, "humaneval_votes_unsealed") == 1
    assert 0 <= (value(text, "humaneval_votes_unsealed_oldest_seconds") or 0) < 60
    assert value(text, "humaneval_sessions", state="active") == 1
    assert value(text, "humaneval_sessions", state="completed") == 0


@pytest.mark.django_db
def test_a_vote_that_nobody_seals_grows_old_and_one_that_is_sealed_does_not(client: Client, token) -> None:
    def told() -> float | None:
        text = client.get("/metrics/installation", headers=BEARER).content.decode()
        return value(text, "humaneval_votes_unsealed_oldest_seconds")

    study = open_study(trial_count=2, samples=4)
    session = SessionFactory(study=study)
    assert told() == 0
    for days, trial in ((7, study.trials.first()), (0, study.trials.last())):
        assignment = AssignmentFactory(session=session, trial=trial, position=days)
        then = timezone.now() - timedelta(days=days)
        with patch("django.utils.timezone.now", return_value=then):
            VoteFactory(assignment=assignment)
    assert 7 * 86400 <= (told() or 0) < 7 * 86400 + 60
    seal_votes()
    assert told() == 0


@pytest.mark.django_db
def test_the_installation_tells_how_queues_and_runs_stand(client: Client, token, transactional_db) -> None:
    JobFactory(queue="metrics")
    running = JobFactory(queue="metrics", state=JobState.RUNNING, progress_done=30, progress_total=120)
    run = MetricRunFactory(job=running)
    text = client.get("/metrics/installation", headers=BEARER).content.decode()
    assert value(text, "humaneval_queue_depth", queue="metrics") == 1
    assert value(text, "humaneval_queue_depth", queue="default") == 0
    assert (value(text, "humaneval_queue_oldest_seconds", queue="metrics") or 0) >= 0
    assert value(text, "humaneval_metric_run_progress", run=str(run.pk)) == 0.25
    assert value(text, "humaneval_metric_runs_running") == 1


@pytest.mark.django_db
def test_a_run_that_does_not_move_is_told_from_its_start_on_and_by_its_step(client: Client, token) -> None:
    def told(step: str) -> float | None:
        text = client.get("/metrics/installation", headers=BEARER).content.decode()
        return value(text, "humaneval_metric_run_still_seconds", run=str(run.pk), step=step)

    run = MetricRunFactory(job=JobFactory(queue="metrics"))
    running = RunningJob(claims.claim(run.job_id))  # type: ignore[arg-type]
    Job.objects.update(started_at=timezone.now() - timedelta(hours=2))
    assert 7200 <= (told("reading") or 0) < 7260, "it hangs before its first image"
    running.progress(40, 100, f"{READING} photos")
    assert (told("reading") or 0) < 60
    Job.objects.update(progress_at=timezone.now() - timedelta(hours=1))
    running._written_at = 0
    running.progress(40, 100, f"{READING} photos, about 3 min left")
    assert 3600 <= (told("reading") or 0) < 3660, "it waits for others and says again how far it is"
    running._written_at = 0
    running.progress(80, 100, "FID of model")
    assert (told("scoring") or 9999) < 60
    assert told("reading") is None


@pytest.mark.django_db
def test_the_installation_tells_how_long_the_scheduler_has_been_silent(client: Client, token) -> None:
    def told() -> float | None:
        text = client.get("/metrics/installation", headers=BEARER).content.decode()
        return value(text, "humaneval_scheduler_silent_seconds")

    assert told() == math.inf
    note_tick()
    assert 0 <= (told() or 0) < 60
    SchedulerTick.objects.update(at=timezone.now() - timedelta(hours=1))
    assert 3600 <= (told() or 0) < 3660


@pytest.mark.django_db
def test_the_installation_tells_how_long_nobody_has_been_at_a_queue(
    client: Client, token, monkeypatch
) -> None:
    monkeypatch.setattr(ticks, "_looked", {})

    def told(queue: str) -> float | None:
        text = client.get("/metrics/installation", headers=BEARER).content.decode()
        return value(text, "humaneval_queue_unattended_seconds", queue=queue)

    assert told("default") == told("long") == math.inf
    work("default")
    assert (told("default") or 0) < 60
    assert told("long") == math.inf
    QueueLook.objects.update(at=timezone.now() - timedelta(hours=1))
    work("default")
    assert 3600 <= (told("default") or 0) < 3660, "a look every few milliseconds is noted now and then"
    ticks._looked.clear()
    work("default")
    assert (told("default") or 0) < 60
    held = JobFactory(queue="long", state=JobState.RUNNING, lease_until=timezone.now() + timedelta(minutes=9))
    assert told("long") == 0, "whoever holds a job for hours looks for no other"
    Job.objects.filter(pk=held.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert told("long") == math.inf


@pytest.mark.django_db
def test_the_last_backup_that_lacks_nothing_has_an_age(client: Client, token, settings) -> None:
    def told() -> float | None:
        text = client.get("/metrics/installation", headers=BEARER).content.decode()
        return value(text, "humaneval_backup_age_seconds")

    assert told() == 0, "there is nothing to lose"
    open_study(trial_count=2, samples=4)
    Study.objects.update(created_at=timezone.now() - timedelta(hours=60))
    assert 60 * 3600 <= (told() or 0) < 61 * 3600
    for hours, lost in ((50, 0), (30, 0), (2, 1)):
        record = BackupRecord.objects.create(place="/b", began_at=timezone.now() - timedelta(hours=hours))
        record.finish(stamp="any", media_lost=lost)
    BackupRecord.objects.create(place="/b")
    assert 30 * 3600 <= (told() or 0) < 31 * 3600
    settings.BACKUPS_ELSEWHERE = True
    assert told() is None


@pytest.mark.django_db
def test_telling_costs_the_same_queries_however_much_there_is(
    client: Client, token, django_assert_num_queries
):
    for _ in range(2):
        study = open_study(trial_count=2, samples=4)
        VoteFactory(
            assignment=AssignmentFactory(session=SessionFactory(study=study), trial=study.trials.first())
        )
        with django_assert_num_queries(16):
            client.get("/metrics/installation", headers=BEARER)


def test_a_process_without_a_gpu_tells_of_none() -> None:
    assert list(GraphicsMemory().collect()) == []


def test_a_gpus_memory_is_told(monkeypatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 7)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 9)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (11, 20))
    told = {family.name: family.samples[0].value for family in GraphicsMemory().collect()}
    assert told == {"humaneval_gpu_memory_used_bytes": 7, "humaneval_gpu_memory_free_bytes": 13}


def names_told(client: Client) -> set[str]:
    """Return every name that a scrape may hold."""
    told = set()
    for address in ("/metrics", "/metrics/installation"):
        page = client.get(address, headers=BEARER).content.decode()
        told |= {name for name, _labels in samples(page)}
    declared = {one._name for one in vars(instruments).values() if hasattr(one, "_name")}
    counters = {f"{name}_total" for name in declared}
    histograms = {f"{name}_{part}" for name in declared for part in ("bucket", "sum", "count")}
    gpu = {"humaneval_gpu_memory_used_bytes", "humaneval_gpu_memory_free_bytes"}
    return told | counters | histograms | gpu


def names_asked(text: str) -> set[str]:
    return set(re.findall(r"\bhumaneval_[a-z_]+", text))


@pytest.mark.django_db
def test_the_dashboard_and_the_alerts_ask_for_what_is_told(client: Client, token) -> None:
    MetricRunFactory(job=JobFactory(state=JobState.RUNNING))
    told = names_told(client)
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    asked = {
        name for panel in dashboard["panels"] for t in panel["targets"] for name in names_asked(t["expr"])
    }
    rules = alert_rules()
    asked |= {name for rule in rules for name in names_asked(rule["expr"])}
    assert asked <= told
    assert len(asked) > 15


COUNTS = "humaneval-metrics-*/counter_*.db"
"""Files of what processes have counted, one of each."""


def test_all_processes_of_one_server_are_counted_whichever_answers(tmp_path: Path) -> None:
    site = f"127.0.0.1:{free_port()}"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "TMPDIR": str(tmp_path), "METRICS_TOKEN": TOKEN}
    environment["DJANGO_SETTINGS_MODULE"] = "humaneval.config.settings"
    environment |= {"DATABASE_URL": f"sqlite:///{tmp_path}/db", "LOG_FORMAT": "json"}
    options = (f"--bind={site}", "--workers=3", "--config=python:humaneval.config.gunicorn")
    command = [sys.executable, "-m", "gunicorn", *options, "--timeout=300", "--no-control-socket"]
    command.append("humaneval.config.wsgi:application")
    with (tmp_path / "stderr").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
    try:
        pool = urllib3.PoolManager(retries=urllib3.Retry(600, backoff_factor=0.1, backoff_max=0.5))
        asked, deadline = 0, time.monotonic() + 180
        while sum(b"healthz" in file.read_bytes() for file in tmp_path.glob(COUNTS)) < 2:
            assert time.monotonic() < deadline, "one process answers all"
            with ThreadPoolExecutor(6) as visitors:
                statuses = list(visitors.map(lambda _: healthz(pool, site), range(30)))
            assert set(statuses) == {200}
            asked += len(statuses)
        page = pool.request("GET", f"http://{site}/metrics", headers=BEARER).data.decode()
        labels = {"route": "healthz", "method": "GET", "status": "200"}
        assert value(page, "humaneval_http_requests_total", **labels) == asked
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(150)
    assert not list(tmp_path.glob("humaneval-metrics-*"))
    check_that_all_is_json((tmp_path / "stderr").read_text().splitlines())


def healthz(pool: urllib3.PoolManager, site: str) -> int:
    """Return the status of a request over a connection of its own: any of the processes may take it."""
    return pool.request("GET", f"http://{site}/healthz", headers={"Connection": "close"}).status


def check_that_all_is_json(lines: list[str]) -> None:
    """What gunicorn, Django and the requests say is one object a line, from the first to the last."""
    told = [json.loads(line) for line in lines]
    assert all({"timestamp", "level", "logger", "message"} <= line.keys() for line in told)
    assert {"gunicorn.error", "humaneval.requests"} <= {line["logger"] for line in told}
    messages = [line["message"] for line in told if line["logger"] == "gunicorn.error"]
    assert messages[0].startswith("Starting gunicorn")
    assert sum(message.startswith("Booting worker") for message in messages) == 3
    assert messages[-1].startswith("Shutting down")
