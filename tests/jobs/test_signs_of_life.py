"""A worker and the scheduler are told from dead ones, whatever they are busy with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from humaneval.jobs import alive, heartbeats
from humaneval.jobs.models import Job, JobState
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
    assert "was last touched 3600 s ago: this process does no work." in capsys.readouterr().err


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


def test_a_long_job_is_no_death(sign: Path, settings, transactional_db) -> None:
    settings.JOB_LEASE_SECONDS = 0.1
    job = Job.objects.create(kind="any", key="long", state=JobState.RUNNING, claim="mine")
    with Heartbeat(job):
        deadline = time.monotonic() + 20
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
