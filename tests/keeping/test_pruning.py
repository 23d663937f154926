"""Old backups go; the newest good ones stay whole, whatever is damaged, lost or half done."""

from __future__ import annotations

import hashlib
import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from humaneval.keeping.alone import alone
from humaneval.keeping.census import Census
from humaneval.keeping.files import Content, content_of, put
from humaneval.keeping.manifests import Manifest
from humaneval.keeping.places import DATABASE, MANIFEST, MEDIA, MediaFile, Place, kept_as
from humaneval.keeping.pruning import prune_backups
from humaneval.keeping.refusals import Refusal
from humaneval.keeping.restoring import verify_backup
from humaneval.keeping.storages import storage_at
from tests.keeping.conftest import CREDENTIALS

NIGHTS = [f"2026110{day}T021500Z" for day in range(1, 6)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give a folder with five backups."""
    return filled(str(tmp_path))


@pytest.fixture
def place_on_s3(s3: str, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Give a prefix of a bucket with five backups."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3}.items():
        monkeypatch.setenv(name, value)
    return filled(f"s3://backups/{uuid.uuid4().hex}")


def filled(address: str) -> Place:
    """Return a place with five backups: each names the file of all, one of its own and the one of its eve."""
    place = Place(storage_at(address), address)
    for number, stamp in enumerate(NIGHTS):
        back_up(place, stamp, "all", f"night {number}", f"night {number - 1}")
    return place


def test_backups_are_signed_for_by_sigv4(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3}.items():
        monkeypatch.setenv(name, value)
    storage: Any = storage_at("s3://backups/nightly")
    signed: list[bytes] = []
    storage.connection.meta.client.meta.events.register(
        "before-send.s3", lambda request, **_: signed.append(request.headers["Authorization"])
    )
    assert not storage.exists("anything")
    assert signed[0].startswith(b"AWS4-HMAC-SHA256 ")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in storage.url("anything"), "boto3's choice would be older"


def back_up(place: Place, stamp: str, *files: str, lost: int = 0) -> None:
    """Put a backup into a place as ``backup`` does."""
    media = [MediaFile(text, keep(place, kept_as(hash_of(text)), text)) for text in files]
    manifest = Manifest(
        made_at=stamp,
        code_version="1",
        engine="sqlite",
        migrations=[],
        database=keep(place, f"{stamp}/{DATABASE}", f"the database of {stamp}"),
        media=keep(place, f"{stamp}/{MEDIA}", "".join(file.to_line() for file in media)),
        media_files=len(media),
        media_bytes=0,
        census=Census({}, {}),
        secrets={},
        media_lost=lost,
    )
    keep(place, f"{stamp}/{MANIFEST}", manifest.to_text())


def keep(place: Place, name: str, text: str) -> Content:
    put(place.storage, name, io.BytesIO(text.encode()))
    return content_of(place.storage, name)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("kind", ["place", "place_on_s3"])
def test_the_newest_stay_with_all_they_need_and_nothing_else_does(kind: str, request: pytest.FixtureRequest):
    place: Place = request.getfixturevalue(kind)
    pruned = prune_backups(place, 2)
    assert place.stamps() == NIGHTS[3:] == pruned.kept[::-1]
    assert pruned.removed == NIGHTS[:3]
    assert place.contents() == {hash_of(text) for text in ("all", "night 2", "night 3", "night 4")}
    assert place.folders() == [*NIGHTS[3:], "files"]
    assert pruned.files == 3
    for stamp in NIGHTS[3:]:
        assert verify_backup(place, stamp).media_files == 3


def test_a_dry_run_says_the_same_and_changes_nothing(place: Place):
    before = place.contents()
    pretended = prune_backups(place, 2, pretend=True)
    assert (place.stamps(), place.contents()) == (NIGHTS, before)
    assert prune_backups(place, 2) == pretended


def test_fewer_good_ones_than_wanted_all_stay(place: Place):
    place.storage.delete(kept_as(hash_of("night 4")))
    pruned = prune_backups(place, 5)
    assert place.stamps() == NIGHTS
    assert pruned.kept == NIGHTS[3::-1]
    assert pruned.flaws == {NIGHTS[4]: "it lacks night 4"}
    assert pruned.removed == []


@pytest.mark.parametrize("harm", ["database altered", "database missing", "media missing"])
def test_a_damaged_one_does_not_count(place: Place, harm: str):
    newest = NIGHTS[4]
    if harm == "database altered":
        keep(place, f"{newest}/{DATABASE}", f"the database of {newest}"[::-1])
    elif harm == "database missing":
        place.storage.delete(f"{newest}/{DATABASE}")
    else:
        place.storage.delete(kept_as(hash_of("night 4")))
    pruned = prune_backups(place, 1)
    assert pruned.kept == [NIGHTS[3]]
    assert place.stamps() == NIGHTS[3:]
    assert verify_backup(place, NIGHTS[3])


def test_nothing_goes_where_it_cannot_be_told_what_is_needed(place: Place):
    newest, before = NIGHTS[4], place.contents()
    keep(place, f"{newest}/{MEDIA}", "another list\n")
    with pytest.raises(Refusal, match=f"Nothing was taken away: which media files {newest} needs"):
        prune_backups(place, 1)
    assert (place.stamps(), place.contents()) == (NIGHTS, before)


def test_nights_in_which_files_were_lost_wear_out_no_good_one(place: Place):
    for day in (6, 7, 8):
        back_up(place, f"2026110{day}T021500Z", "all", lost=2)
    pruned = prune_backups(place, 1)
    assert pruned.kept == [NIGHTS[4]]
    assert len(pruned.flaws) == 3
    assert "2 media files that were lost" in pruned.flaws["20261108T021500Z"]
    assert {hash_of("night 4"), hash_of("night 3")} <= place.contents()


def test_what_a_killed_backup_left_goes_and_what_is_not_ours_stays(place: Place):
    keep(place, f"20261031T021500Z/{DATABASE}", "half")
    keep(place, "keep-for-the-auditors/note.txt", "mine")
    back_up(place, "before-the-move", "all", "night 0")
    prune_backups(place, 1)
    assert set(place.folders()) == {NIGHTS[4], "before-the-move", "files", "keep-for-the-auditors"}
    assert verify_backup(place, "before-the-move").media_files == 2


def test_none_is_no_number_to_keep(tmp_path: Path):
    with pytest.raises(CommandError, match="at least one backup is kept"):
        call_command("prune_backups", str(tmp_path), "--keep", "0")


@pytest.mark.django_db(transaction=True)
def test_only_one_command_at_a_time_backs_up_or_prunes(tmp_path: Path, settings):
    settings.DATA_DIR = tmp_path

    def try_too() -> None:
        with closing(connection), alone():
            pass

    with ThreadPoolExecutor(1) as another:
        with alone(), pytest.raises(Refusal, match="Another command is backing up"):
            another.submit(try_too).result()
        another.submit(try_too).result()
