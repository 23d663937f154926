"""A worker and the scheduler are told from dead ones, whatever they are busy with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import pytest
from celery.beat import PersistentScheduler
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from humaneval.config.celery import app
from humaneval.jobs import alive, at_work, heartbeats, running, ticks
from humaneval.jobs.models import Job, JobState, SchedulerTick
from humaneval.jobs.running import Heartbeat


@pytest.fixture
def sign(tmp_path: Path, settings) -> Path:
    settings.HEARTBEAT_FILE = str(tmp_path / "alive")
    return tmp_path / "alive"


def test_a_fresh_file_is_life(sign: Path) -> None:
    heartbeats.touch()
    assert alive.main([str(sign)]) == 0


def test_an_old_file_is_death_and_it_says_since_when(sign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heartbeats.touch()
    os.utime(sign, (time.time() - 3600.2,) * 2)
    assert alive.main([str(sign)]) == 1
    said = re.search(r"was last touched (\d+) s ago: this process does no work\.", capsys.readouterr().err)
    assert said
    assert 3600 <= int(said[1]) < 3700


def test_no_file_is_death_too(sign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert alive.main([str(sign)]) == 1
    assert "is not there" in capsys.readouterr().err


def test_it_needs_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert alive.main([]) == 2
    assert "HEARTBEAT_FILE" in capsys.readouterr().err


def test_without_the_setting_nothing_is_written(settings, tmp_path: Path, monkeypatch) -> None:
    settings.HEARTBEAT_FILE = ""
    monkeypatch.chdir(tmp_path)
    heartbeats.touch()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("lease", "beat"), [(0.1, 15), (3600, 0.05)])
def test_a_long_job_is_no_death_however_long_its_lease(
    sign: Path, settings, transactional_db, monkeypatch, lease: float, beat: float
) -> None:
    assert 3 * running.BEAT_SECONDS < alive.LATE_SECONDS
    settings.JOB_LEASE_SECONDS = lease
    monkeypatch.setattr(running, "BEAT_SECONDS", beat)
    job = Job.objects.create(kind="any", key="long", state=JobState.RUNNING, claim="mine")
    with Heartbeat(job):
        deadline = time.monotonic() + 150
        while not sign.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert alive.main([str(sign)]) == 0


def test_the_check_loads_neither_settings_nor_django(sign: Path) -> None:
    heartbeats.touch()
    code = (
        "import sys; from humaneval.jobs import alive; status = alive.main(sys.argv[1:]); "
        "print(status, 'django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, sign], capture_output=True, text=True)
    assert done.stdout.strip() == "0 False", done.stderr


@pytest.mark.django_db
def test_the_scheduler_leaves_one_row_however_long_it_turns() -> None:
    ticks.note_tick()
    first = SchedulerTick.objects.get().at
    ticks.note_tick()
    assert SchedulerTick.objects.get().at > first


@pytest.mark.django_db
def test_a_database_that_is_away_does_not_hold_the_scheduler_up(caplog: pytest.LogCaptureFixture) -> None:
    with patch.object(BaseDatabaseWrapper, "cursor", side_effect=OperationalError("gone")):
        ticks.note_tick()
    (said,) = [record for record in caplog.records if record.name == "humaneval.jobs.ticks"]
    assert (said.levelname, "gone" in said.getMessage()) == ("WARNING", True)


def test_the_scheduler_notes_its_ticks_now_and_then_and_only_those_that_end(
    monkeypatch, sign: Path, tmp_path: Path
) -> None:
    noted: list[float] = []
    monkeypatch.setattr(at_work, "note_tick", lambda: noted.append(clock[0]))
    monkeypatch.setattr(at_work, "close_old_connections", lambda: None)
    monkeypatch.setattr(at_work.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(PersistentScheduler, "tick", lambda self: 60.0)
    clock = [100.0]
    scheduler = at_work.Scheduler(app, lazy=True, schedule_filename=str(tmp_path / "schedule"))
    for clock[0] in (100.0, 101.0, 114.9, 115.0, 129.0, 131.0):
        assert scheduler.tick() == 10.0
    assert noted == [100.0, 115.0, 131.0]
    assert sign.exists()

    def hang(self: PersistentScheduler) -> float:
        raise TimeoutError

    monkeypatch.setattr(PersistentScheduler, "tick", hang)
    clock[0] = 200.0
    with pytest.raises(TimeoutError):
        scheduler.tick()
    assert noted[-1] == 131.0
