"""Importing zip archives, as jobs."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest
from django.core.files import File

from humaneval.jobs import services
from humaneval.jobs.models import JobState
from humaneval.samples import batches, intake
from humaneval.samples.importing import start_archive_import
from humaneval.samples.models import ImportRun, Sample, SampleSet
from humaneval.samples.sources import SourceError
from tests.samples.conftest import reasons, stored
from tests.samples.pictures import encoded, picture, png, zipped


@pytest.fixture
def send(digits: SampleSet) -> Callable[..., ImportRun]:
    """Import an archive through its job, here and now."""

    def send_in(archive: io.BytesIO, **options: object) -> ImportRun:
        run = start_archive_import(sample_set=digits, archive=File(archive, "my pictures.zip"), **options)
        services.run(run.job_id)
        run.refresh_from_db()
        return run

    return send_in


def test_a_zip_comes_in_like_a_folder(send, settings):
    table = b"name,prompt\na/1.png,one\n"
    run = send(zipped({"a/1.png": png(1), "b.png": png(2), "prompts.csv": table, "a/": b""}))
    assert (run.added, run.rejected, run.state, run.source) == (2, 0, "done", "my pictures.zip")
    assert run.job.result == {"added": 2, "unchanged": 0, "rejected": 0}
    samples = {sample.name: sample for sample in Sample.objects.select_related("prompt")}
    assert stored(samples["a/1.png"]) == png(1)
    assert samples["a/1.png"].prompt.text == "one"


def test_the_same_zip_twice_changes_nothing(send):
    send(zipped({"1.png": png(1)}))
    assert send(zipped({"1.png": png(1)})).unchanged == 1
    assert Sample.objects.count() == 1


def test_the_upload_is_gone_once_it_is_read(send, settings):
    run = send(zipped({"1.png": png(1)}))
    assert not run.archive
    assert not list(settings.MEDIA_ROOT.rglob("*.zip"))


def test_an_upload_waits_under_a_name_of_its_own(digits, settings):
    run = start_archive_import(sample_set=digits, archive=File(zipped({"1.png": png(1)}), "../../evil.zip"))
    assert run.archive.name.startswith("imports/")
    assert "evil" not in run.archive.name
    assert run.source == "evil.zip"


def test_prompts_of_a_zipped_folder_are_found_in_that_folder(send):
    run = send(zipped({"digits/prompts.csv": b"name,prompt\n1.png,one\n", "digits/1.png": png(1)}))
    assert (run.added, run.rejected) == (1, 0)
    assert Sample.objects.get(name="digits/1.png").prompt.text == "one"


def test_no_member_writes_or_names_anything_outside(send, tmp_path, settings):
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    evil = ["../up.png", "a/../../up.png", "/etc/x.png", "C:/windows/x.png", "..\\up.png", "\\\\host\\x.png"]
    members = [(name, png(i)) for i, name in enumerate(evil)]
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    run = send(zipped([*members, (link, b"/etc/passwd"), ("good.png", png(99))]))
    assert (run.added, run.rejected) == (1, len(evil) + 1)
    found = reasons(run)
    assert found.pop("link.png").startswith("a symbolic link")
    assert set(found.values()) == {"its path leads outside the archive"}
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert [path.relative_to(settings.MEDIA_ROOT).parts[0] for path in written] == ["samples"]


def test_a_strict_import_refuses_a_zip_with_one_bad_member(send):
    run = send(zipped({"1.png": png(1), "bad.png": b"no picture"}), strict=True)
    assert (run.state, run.added, run.rejected) == ("refused", 0, 1)
    assert run.job.state == JobState.FAILED
    assert "strict" in run.job.error
    assert not Sample.objects.exists()


def test_bombs_are_found_by_ratio_and_by_size(send, settings):
    settings.IMPORT_MAX_FILE_BYTES = 5_000_000
    run = send(zipped({"zeros.bmp": bytes(4_000_000), "more.bmp": bytes(5_000_001), "1.png": png(1)}))
    assert run.added == 1
    assert "expands" in reasons(run)["zeros.bmp"]
    assert "too large: 5,000,001 bytes" in reasons(run)["more.bmp"]


def test_a_bomb_by_count_or_by_total_is_refused_at_the_door(digits, settings):
    settings.IMPORT_MAX_FILES = 3
    with pytest.raises(SourceError, match="lists 4 files"):
        start_archive_import(sample_set=digits, archive=File(zipped({f"{i}.png": png(i) for i in range(4)})))
    settings.IMPORT_MAX_FILES, settings.IMPORT_MAX_TOTAL_BYTES = 10, 500
    with pytest.raises(SourceError, match="the limit is 500"):
        start_archive_import(sample_set=digits, archive=File(zipped({"1.png": png(1)})))
    assert not ImportRun.objects.exists()


def test_a_directory_that_lies_about_its_size_is_refused_unread(digits, settings):
    settings.IMPORT_MAX_FILES = 3
    archive = bytearray(zipped({"1.png": png(1)}).getvalue())
    end = archive.rindex(b"PK\x05\x06")
    struct.pack_into("<I", archive, end + 12, 2**31)
    with pytest.raises(SourceError, match="directory of 2,147,483,648 bytes"):
        start_archive_import(sample_set=digits, archive=File(io.BytesIO(bytes(archive))))


def test_a_member_that_is_longer_than_it_says_is_never_read_past_its_claim(send, settings):
    archive = bytearray(zipped({"1.bmp": encoded(picture(1), "BMP")}).getvalue())
    struct.pack_into("<I", archive, archive.rindex(b"PK\x01\x02") + 24, 100)
    run = send(io.BytesIO(bytes(archive)))
    assert (run.added, run.rejected) == (0, 1)


def test_encrypted_damaged_and_nested_members_are_listed(send):
    archive = bytearray(
        zipped({"1.png": png(1), "2.png": png(2), "3.zip": zipped({"x.png": png(3)}).getvalue()}).getvalue()
    )
    archive[archive.rindex(b"1.png") - 46 + 8] |= 1  # the flag in the archive's table of contents
    archive[archive.index(b"2.png") + 40] ^= 0xFF
    found = reasons(send(io.BytesIO(bytes(archive))))
    assert "encrypted" in found["1.png"]
    assert "cannot be read" in found["2.png"]
    assert "unpack it first" in found["3.zip"]


def test_names_in_utf8_without_the_flag_are_read_as_their_makers_meant(send):
    archive = zipped({"caf?.png": png(1)}).getvalue()
    name = "é".encode()
    raw = io.BytesIO(archive.replace(b"caf?.png", b"ca" + name + b".png"))
    send(raw)
    assert Sample.objects.get().name == "caé.png"


def test_a_name_that_comes_twice_is_one_sample_and_one_problem(send, monkeypatch):
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = zipped([("1.png", png(1)), ("1.png", png(2)), ("2.png", png(3)), ("2.png", png(3))])
    run = send(archive)
    assert (run.added, run.unchanged, run.rejected) == (2, 1, 1)
    assert "other content" in reasons(run)["1.png"]


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x05\x06", zipped({"1.png": png(1)}).getvalue()[:-30]]
)
def test_what_is_no_zip_is_refused_at_the_door(digits, content):
    with pytest.raises(SourceError, match="not a zip archive"):
        start_archive_import(sample_set=digits, archive=File(io.BytesIO(content), "x.zip"))


def test_a_zip_without_files_is_refused(digits):
    with pytest.raises(SourceError, match="holds no files"):
        start_archive_import(sample_set=digits, archive=File(zipped({"a/": b""}), "x.zip"))


def test_a_job_that_is_killed_half_way_goes_on_and_counts_right(digits, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 2)
    archive = File(zipped({f"{i}.png": png(i) for i in range(6)}), "x.zip")
    run = start_archive_import(sample_set=digits, archive=archive)
    insert = intake.insert
    calls = iter([insert])

    def die_at_the_second(**arguments: object):
        return next(calls)(**arguments)

    monkeypatch.setattr(intake, "insert", die_at_the_second)
    services.run(run.job_id)
    assert Sample.objects.count() == 2
    monkeypatch.setattr(intake, "insert", insert)
    services.retry(ImportRun.objects.get().job)
    services.run(run.job_id)
    run.refresh_from_db()
    assert (run.added, run.unchanged, run.state) == (6, 0, "done")


def test_a_cancelled_import_stops_and_keeps_what_is_in(digits, monkeypatch):
    run = start_archive_import(sample_set=digits, archive=File(zipped({"1.png": png(1)}), "x.zip"))
    services.cancel(run.job)
    services.run(run.job_id)
    run.refresh_from_db()
    assert (run.state, run.is_underway) == ("cancelled", False)
    assert not Sample.objects.exists()
