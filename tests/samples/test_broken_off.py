"""Imports by a command that is killed, stopped or given twice."""

from __future__ import annotations

import os
import signal
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from humaneval.samples import batches, holding
from humaneval.samples.importing import ImportHeld, import_origin
from humaneval.samples.models import ImportRun, Sample, SampleSet
from tests.jobs.platform import Platform
from tests.samples.pictures import png, write

HALF_AN_IMPORT = """
import sys, time, django
django.setup()
from django.core.management import call_command
from humaneval.samples import batches, intake

batches.BATCH, check, batch = 2, intake.check_batch, iter(range(9))

def wait_at_the_second(*given, **more):
    while next(batch):
        time.sleep(600)
    return check(*given, **more)

intake.check_batch = wait_at_the_second
call_command("import_samples", *sys.argv[1:])
"""
"""Imports two files and waits for its end."""


def test_a_command_that_is_killed_leaves_an_interrupted_import_that_the_next_one_goes_on_with(
    platform: Platform, tmp_path: Path, monkeypatch
):
    folder = write(tmp_path / "pictures", {f"{number}.png": png(number) for number in range(5)})
    given = ("Model A", str(folder), "--kind", "generated")
    with platform.database():
        process = platform.start("-c", HALF_AN_IMPORT, *given)
        platform.wait_for(lambda: Sample.objects.exists() or process.poll() is not None)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        run = ImportRun.objects.get()
        with monkeypatch.context() as meanwhile:
            at(meanwhile, run.lease_until - timedelta(seconds=0.1))
            assert (run.state, run.is_underway) == ("running", True), "its lease lasts a little longer"
        platform.wait_for(lambda: ImportRun.objects.get().state == "interrupted")
        assert Sample.objects.count() == 2
        again = platform.run("manage.py", "import_samples", *given)
        assert again.returncode == 0, again.stderr
        assert "Model A: 5 added, 0 unchanged, 0 rejected." in again.stdout
        assert "was interrupted, and has been gone on with" in again.stderr
        run = ImportRun.objects.get()
        assert (run.state, run.added, Sample.objects.count()) == ("done", 5, 5)


def at(clock: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let it be that moment."""
    clock.setattr(timezone, "now", lambda: moment)


def stopped(done: int, total: int, note: str = "") -> None:
    """Stop as Ctrl-C does, once something is in."""
    raise KeyboardInterrupt


def test_one_that_is_stopped_is_interrupted_at_once_and_shows_so(digits, folder, admin_client, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 2)
    monkeypatch.setattr(holding, "WRITE_SECONDS", 0)
    write(folder, {f"{number}.png": png(number) for number in range(5)})
    with pytest.raises(KeyboardInterrupt):
        import_origin(sample_set=digits, origin=folder, progress=stopped)
    run = ImportRun.objects.get()
    assert (run.state, run.added, run.progress, run.lease_until) == ("interrupted", 2, (2, 5), None)
    page = admin_client.get(reverse("admin:samples_importrun_change", args=[run.pk]))
    assert "2 of 5 files" in page.content.decode()
    assert "the same command, given again, goes on from there" in page.content.decode()
    assert "Refresh" not in page
    listed = admin_client.get(f"/api/v1/sample-sets/digits/imports/{run.pk}/").json()
    assert (listed["state"], listed["progress"]) == ("interrupted", {"done": 2, "total": 5})
    other = import_origin(sample_set=digits, origin=folder, strict=True)
    assert other.pk != run.pk, "another order is another import"
    gone_on = import_origin(sample_set=digits, origin=folder)
    assert (gone_on.pk, gone_on.added, gone_on.unchanged) == (run.pk, 2, 3)
    assert import_origin(sample_set=digits, origin=folder).pk != run.pk


def underway(digits: SampleSet, folder: Path, seconds: float) -> ImportRun:
    """Return an import of the folder that a process holds for some seconds more."""
    until = timezone.now() + timedelta(seconds=seconds)
    return ImportRun.objects.create(sample_set=digits, source=str(folder), lease_until=until)


def test_the_same_given_twice_is_refused_while_the_first_shows_signs_of_life(digits, folder, monkeypatch):
    write(folder, {"1.png": png(1)})
    run = underway(digits, folder, seconds=60)
    assert (run.state, run.is_underway) == ("running", True)

    def renew(_seconds: float) -> None:
        ImportRun.objects.update(lease_until=timezone.now() + timedelta(seconds=60))

    monkeypatch.setattr(holding.time, "sleep", renew)
    with pytest.raises(ImportHeld, match="is being imported into Digits by another process"):
        import_origin(sample_set=digits, origin=folder)
    assert not Sample.objects.exists()


def test_one_whose_process_gives_no_sign_is_taken_over_once_its_lease_has_run_out(
    digits, folder, monkeypatch
):
    write(folder, {"1.png": png(1)})
    told: list[str] = []
    run = underway(digits, folder, seconds=60)
    until = run.lease_until + timedelta(seconds=1)
    monkeypatch.setattr(holding.time, "sleep", lambda _seconds: at(monkeypatch, until))
    done = import_origin(
        sample_set=digits, origin=folder, progress=lambda _done, _total, note="": told.append(note)
    )
    assert (done.pk, done.added, done.state) == (run.pk, 1, "done")
    assert told[0] == "waiting for a sign of life of the process that began this import"


def test_a_process_that_was_asleep_stops_where_another_has_gone_on(digits, folder):
    run = underway(digits, folder, seconds=-1)

    def overtaken(done: int, total: int, note: str = "") -> None:
        ImportRun.objects.update(lease_until=timezone.now() + timedelta(seconds=60))
        assert not hold._renewed()

    with holding.held(run) as hold:
        hold.watched(overtaken)(1, 3)
        with pytest.raises(holding.HeldElsewhere, match="has gone on with this import"):
            hold.watched(overtaken)(2, 3)


def test_an_import_whose_job_was_deleted_is_interrupted_and_not_for_ever_running(digits):
    assert ImportRun.objects.create(sample_set=digits, source="x.zip").state == "interrupted"
