"""The drill: a small study is backed up while people vote, restored where nothing is, and moved about.

Its platforms are processes with settings of their own; other code than the commands' tells what they hold.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from humaneval.demo.panels.prolific import TOKEN, FakeProlific
from humaneval.keeping.places import Place
from humaneval.keeping.refusals import Refusal
from humaneval.keeping.restoring import verify_backup
from humaneval.keeping.storages import storage_at
from humaneval.teams.models import AuditEntry
from tests.faults.voters import Log, UntiringClient, status_of
from tests.jobs.platform import Databases
from tests.keeping.conftest import CREDENTIALS
from tests.keeping.sites import ROOT, Site
from tests.ports import free_port


class Played(NamedTuple):
    """A platform, what its acts told, and where its backups lie."""

    site: Site
    told: dict[str, Any]
    backups: str


def on_s3(site: Site, address: str) -> Site:
    """Return a platform whose media are in the bucket, in a folder of its own."""
    settings = {"S3_BUCKET": "media", "S3_PREFIX": site.folder.name, "S3_ENDPOINT_URL": address}
    return site.with_settings(**settings, **CREDENTIALS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drill")


@pytest.fixture(scope="module")
def prolific() -> Iterator[FakeProlific]:
    """A stand-in for Prolific, which pays what it is told and forgets nothing."""
    fake = FakeProlific()
    yield fake
    fake.stop()


def panel(fake: FakeProlific) -> dict[str, str]:
    """Return the settings of a platform that recruits there."""
    return {"PROLIFIC_URL": fake.url, "PROLIFIC_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def small(folder: Path, databases: Databases, prolific: FakeProlific) -> Played:
    """A platform on SQLite that pays people, backed up while others vote, and once more afterwards."""
    site, place = Site(folder / "small", panel(prolific)), str(folder / "backups")
    site.folder.mkdir()
    migrated = databases.copy()
    if migrated.startswith("sqlite:///"):  # else it is migrated there
        shutil.copyfile(migrated.removeprefix("sqlite:///"), site.folder / "db.sqlite3")
    posted = site.play("make", "publish")["publish"]
    for _ in range(2):
        prolific.complete(prolific.take_part(posted)["id"], "HANDED-IN")
    told = site.play(
        "owe",
        f"back_up_while_others_vote:{place}",
        "withdraw_the_latest",
        f"back_up:{place}",
        f"verify_backup:{place}",
        f"refusal:restore:{place}",
        "tell",
        "arrival",
    )
    return Played(site, told, place)


@pytest.fixture(scope="module")
def spent(small: Played, folder: Path, prolific: FakeProlific) -> Decimal:
    """What people have been paid in all after the first platform went on paying, and was lost."""
    shutil.copytree(small.site.folder, folder / "lost")
    Site(folder / "lost", panel(prolific)).play("spend")
    return prolific.paid_total()


@pytest.fixture(scope="module")
def restored(small: Played, spent: Decimal, folder: Path, s3: str, prolific: FakeProlific) -> Played:
    """The same on another machine: a new file of SQLite, and media on S3."""
    (folder / "restored").mkdir()
    site = on_s3(Site(folder / "restored", {"RATER_KEY": "another", **panel(prolific)}), s3)
    told = site.play(
        f"refusal_beside_other_media:{small.backups}",
        f"restore:{small.backups}",
        "tell",
        "move_media:local",
        "move_media_again:s3",
        "tell_again",
        "settle",
    )
    return Played(site, told, small.backups)


class Upgraded(NamedTuple):
    """What an upgrade told: of the new release, of the former one afterwards, and of people meanwhile."""

    new: dict[str, Any]
    back: dict[str, Any]
    former_web: int
    votes: tuple[set[str], set[str]]
    """Keys of votes that were acknowledged meanwhile, and of those in the database."""


@pytest.fixture(scope="module")
def upgraded(small: Played, folder: Path) -> Upgraded:
    """The first platform, backed up, goes on to a next release as docs/operate.md says, while people vote."""
    shutil.copytree(small.site.folder, folder / "upgraded")
    former, port = Site(folder / "upgraded"), free_port()
    new = former.with_settings(DJANGO_SETTINGS_MODULE="tests.keeping.next_release_settings")
    (head,) = re.findall(r"Head of drill: (\S+)", small.told["back_up"])
    with former.web(port):
        client = UntiringClient(port, small.told["arrival"], Log(), seed=1)
        client.start()
        told = new.play(
            "readyz",
            f"refusal:back_up:{folder / 'none'}",
            "migrate",
            "readyz_again",
            f"verify_votes:{head}",
            "tell",
        )
        former_web = status_of(f"http://127.0.0.1:{port}/readyz")
        client.finish()
    back = former.play("readyz", "vote", f"verify_votes:{head}")
    with closing(sqlite3.connect(former.folder / "db.sqlite3")) as database:
        stored = {str(uuid.UUID(key)) for (key,) in database.execute("SELECT key FROM rating_vote")}
    assert client.errors == []
    return Upgraded(told, back, former_web, (set(client.log.acknowledged), stored))


@pytest.fixture(scope="module")
def grown(small: Played, s3: str, postgres) -> Played:
    """The first platform moved to PostgreSQL, and backed up from there to S3 while people vote."""
    address = postgres()
    told = small.site.play(f"refusal_of_what_does_not_fit:{address}", f"move_database:{address}")
    site = small.site.with_settings(DATABASE_URL=address, AWS_ENDPOINT_URL=s3, **CREDENTIALS)
    place = "s3://backups/nightly"
    told |= site.play("tell", f"back_up_while_others_vote:{place}", f"refusal:restore:{place}")
    return Played(site, told, place)


def test_a_restored_platform_has_the_rows_votes_chain_report_and_media_it_had(small, restored):
    counts = small.told["tell"]["counts"]
    log = AuditEntry._meta.db_table
    counts_then = {**counts, log: counts[log] + 1}  # that the posting is held
    assert restored.told["tell"] == {**small.told["tell"], "counts": counts_then}
    told = small.told["tell"]
    assert told["withdrawn"] >= 2
    assert told["protected"]
    assert told["counts"]["rating_ruleset"] == 1
    assert "All sealed votes are as they were." in told["findings"]
    assert "Not yet sealed: 0" not in told["findings"]
    assert told["report"]["estimates"]
    assert len(told["media"]) == 49


def test_a_restored_platform_pays_nobody_twice(restored: Played, spent: Decimal, prolific: FakeProlific):
    settled = restored.told["settle"]
    assert "1 postings to panels are held" in restored.told["restore"]
    assert (settled["held"], settled["held_at_the_end"]) == (True, False)
    assert "brought back from a backup" in settled["refused"][0]
    assert settled["unclear"] == "0.45"
    assert prolific.paid_total() == spent == Decimal("0.95")
    assert settled["paid"] == "0.95"


def test_a_backup_made_while_people_vote_is_of_one_moment(small: Played):
    place = Place(storage_at(small.backups), small.backups)
    first = place.stamps()[0]
    counts = place.manifest(first).census.tables
    around = small.told["back_up_while_others_vote"]
    assert around["before"] <= counts["rating_vote"] <= around["after"]
    with closing(sqlite3.connect(Path(small.backups) / first / "database")) as copy:
        unanswered = "SELECT COUNT(*) FROM rating_vote WHERE id NOT IN (SELECT vote_id FROM rating_answer)"
        assert copy.execute(unanswered).fetchone() == (0,)
        assert copy.execute("SELECT COUNT(*) FROM rating_vote").fetchone() == (counts["rating_vote"],)


def test_only_what_is_new_is_copied_again_and_no_secret_is_in_it(small: Played):
    assert "Media: 49 files" in small.told["back_up"]
    assert ", 0 new" in small.told["back_up"]
    kept = ", ".join(reversed(Place(storage_at(small.backups), small.backups).stamps()))
    assert f"Kept: {kept}\nThere are fewer than 14 good backups" in small.told["back_up"]
    secrets = (b"of the drill, and of nothing else", b"of the drill's panels")
    files = [path for path in Path(small.backups).rglob("*") if path.is_file()]
    assert not [path for path in files if any(secret in path.read_bytes() for secret in secrets)]


def test_what_is_not_empty_is_not_restored_into(small, restored):
    assert "is not empty: name a new one by DATABASE_URL" in small.told["refusal"]
    assert "it holds samples/of/another.png" in restored.told["refusal_beside_other_media"]


def test_another_secret_than_the_backups_is_said(restored: Played):
    assert "RATER_KEY is not the one" in restored.told["restore"]
    assert "SECRET_KEY is not" not in restored.told["restore"]


@pytest.mark.parametrize("harm", ["altered", "missing"])
@pytest.mark.parametrize("kind", ["a media file", "the database", "the list of media files"])
def test_a_damaged_backup_is_refused_by_name(small: Played, tmp_path: Path, kind: str, harm: str):
    copy = Path(shutil.copytree(small.backups, tmp_path / "copy"))
    place = Place(storage_at(str(copy)), str(copy))
    stamp = place.choose()
    assert verify_backup(place, stamp).media_files == 49
    entry = json.loads((copy / stamp / "media.jsonl").read_text().splitlines()[0])
    victim, named = {
        "a media file": (copy / "files" / entry["sha256"][:2] / entry["sha256"], entry["name"]),
        "the database": (copy / stamp / "database", "The database"),
        "the list of media files": (copy / stamp / "media.jsonl", "media.jsonl"),
    }[kind]
    content = victim.read_bytes()
    victim.unlink()
    if harm == "altered":
        victim.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    with pytest.raises(Refusal, match="is damaged") as refusal:
        verify_backup(place, stamp)
    assert named in str(refusal.value)


def test_an_unfinished_backup_is_none(small: Played, tmp_path: Path):
    copy = Path(shutil.copytree(small.backups, tmp_path / "copy"))
    place = Place(storage_at(str(copy)), str(copy))
    older, newer = place.stamps()
    (copy / newer / "manifest.json").unlink()
    assert place.choose() == older
    with pytest.raises(Refusal, match=f"There are: {older}"):
        place.choose(newer)


def test_media_on_s3_are_made_whole_again_from_those_here(restored: Played):
    assert restored.told["move_media_again"].startswith("2 files copied, 47 were there; 49 read there")
    assert restored.told["tell_again"] == restored.told["tell"]


def test_media_come_back_from_s3(restored: Played):
    assert restored.told["move_media"].startswith("49 files copied, 0 were there; 49 read there")
    media = restored.site.folder / "media"
    found = {
        str(path.relative_to(media)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in media.rglob("*")
        if path.is_file()
    }
    assert found == restored.told["tell"]["media"]


def test_an_upgraded_platform_has_the_chain_and_the_numbers_it_had(small: Played, upgraded: Upgraded):
    told = upgraded.new["tell"]
    assert "is whole" in small.told["verify_backup"]
    assert "All sealed votes are as they were." in upgraded.new["verify_votes"]
    for name in ("head", "report", "media", "withdrawn", "protected"):
        assert told[name] == small.told["tell"][name], name


def test_a_new_server_is_not_ready_until_the_tables_are(upgraded: Upgraded):
    assert upgraded.new["readyz"]["code"] == 503
    assert upgraded.new["readyz"]["migrations"] == "run manage.py migrate"
    assert "run `python manage.py migrate` first" in upgraded.new["refusal"]
    assert upgraded.new["readyz_again"] == {"status": "ok", "code": 200}


def test_the_former_release_serves_on_and_takes_votes_through_the_upgrade_and_after(upgraded: Upgraded):
    acknowledged, stored = upgraded.votes
    assert acknowledged
    assert acknowledged <= stored
    assert upgraded.former_web == 200
    assert upgraded.back["readyz"] == {"status": "ok", "code": 200}
    assert upgraded.back["vote"] > 0
    assert "All sealed votes are as they were." in upgraded.back["verify_votes"]


def test_the_upgrade_that_is_written_down_is_the_one_that_was_played(small: Played, upgraded: Upgraded):
    page = (ROOT / "docs" / "operate.md").read_text()
    steps = page.partition("**Upgrade**")[2].partition("4. To go back")[0].partition("1. ")[2]
    commands = {"back_up": "backup", "verify_backup": "verify_backup", "migrate": "migrate"}
    commands |= {"readyz_again": "readyz", "verify_votes": "verify_votes"}
    played = [commands[act] for act in [*small.told, *upgraded.new] if act in commands]
    written = sorted(played, key=lambda name: re.search(rf"\b{name}\b", steps).start())
    assert written == played


@pytest.mark.services
def test_a_platform_moved_to_postgresql_has_all_it_had(small, grown):
    assert grown.told["tell"] == small.told["tell"]
    assert "studies_study: a row" in grown.told["refusal_of_what_does_not_fit"]


@pytest.mark.services
def test_a_backup_of_postgresql_made_while_people_vote_is_restored_whole(grown, folder, postgres, s3):
    site = Site(folder / "from_s3", {"DATABASE_URL": postgres(), "AWS_ENDPOINT_URL": s3, **CREDENTIALS})
    site.folder.mkdir()
    told = site.play(f"restore:{grown.backups}", "vote", "tell")
    around, found = grown.told["back_up_while_others_vote"], told["tell"]
    assert around["before"] <= found["votes"] - told["vote"] <= around["after"]
    assert found["answers"] == found["votes"]
    assert found["media"] == grown.told["tell"]["media"]
    assert "All sealed votes are as they were." in found["findings"]
    assert found["protected"]
    assert found["reused"] == 0
    assert "is not empty" in grown.told["refusal"]


@pytest.mark.slow
def test_a_backup_of_an_older_version_is_restored_and_brought_up(small: Played, tmp_path: Path):
    copy = Path(shutil.copytree(small.backups, tmp_path / "copy"))
    stamp = Place(storage_at(str(copy)), str(copy)).choose()
    place = copy / stamp / "database"
    Site(tmp_path / "old", {"DATABASE_URL": f"sqlite:///{place}"}).play(f"age:{copy}")
    told = Site(tmp_path / "new").play(f"restore:{copy}", "tell")
    later = len(list((ROOT / "humaneval" / "scoring" / "migrations").glob("0*.py"))) - 1
    assert f"{later} migrations were run" in told["restore"]
    assert told["tell"]["findings"] == small.told["tell"]["findings"]
    assert told["tell"]["report"] == small.told["tell"]["report"]
