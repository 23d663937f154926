"""A bundle that was changed, is broken, or was made to harm is refused with the reason."""

from __future__ import annotations

import hashlib
import json
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from humaneval.workspace.bundles import archive, layout
from humaneval.workspace.bundles.archive import Bundle, BundleRefused, BundleWriter
from humaneval.workspace.bundles.rebuilding import rebuild


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Give an archive with the files that a bundle must have, if little in them."""
    path = tmp_path / "small.zip"
    with BundleWriter(path) as writer:
        for name in layout.NEEDED:
            if name != layout.MANIFEST:
                writer.add(name, "{}")
    return path


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], *, honest: bool = False) -> Path:
    """Return a copy of a bundle with some of its files changed, its manifest with them if ``honest``."""
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    change(files)
    if honest:
        hashes = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files.items()
            if name != layout.MANIFEST
        }
        files[layout.MANIFEST] = json.dumps({"format": layout.FORMAT, "files": hashes}).encode()
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return target


def refusal(path: Path) -> str:
    with pytest.raises(BundleRefused) as caught:
        Bundle(path).check()
    return str(caught.value)


def test_a_bundle_as_it_was_made_is_opened(small):
    bundle = Bundle(small)
    bundle.check()
    assert bundle.read(layout.SCORES) == b"{}"


def test_a_changed_file_is_named(small):
    changed = rewritten(small, lambda files: files.update({layout.VOTES: b"vote\n1\n"}))
    assert f"{layout.VOTES} was changed after the bundle was made" in refusal(changed)


def test_files_that_were_added_or_taken_away_are_named(small):
    added = rewritten(small, lambda files: files.update({"extra.csv": b""}))
    assert "The manifest does not know extra.csv" in refusal(added)
    gone = rewritten(small, lambda files: files.pop(layout.VOTES))
    assert f"The manifest lists {layout.VOTES}, which the archive lacks" in refusal(gone)
    lacking = rewritten(small, lambda files: files.pop(layout.VOTES), honest=True)
    assert f"Without {layout.VOTES} nothing can be rebuilt" in refusal(lacking)


def test_what_is_no_bundle_is_told(tmp_path, small):
    text = tmp_path / "text.zip"
    text.write_text("votes")
    assert "cannot be read as a zip archive" in refusal(text)
    bare = rewritten(small, lambda files: files.pop(layout.MANIFEST))
    assert f"it has no {layout.MANIFEST}. “Make a bundle”" in refusal(bare)
    sheet = tmp_path / "votes.xlsx"
    with zipfile.ZipFile(sheet, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    assert "looks like a spreadsheet: save its table as CSV" in refusal(sheet)
    later = rewritten(small, lambda files: files.update({layout.MANIFEST: b'{"format": 99, "files": {}}'}))
    assert "format 99" in refusal(later)
    broken = rewritten(small, lambda files: files.update({layout.MANIFEST: b"[" * 100_000}))
    assert f"{layout.MANIFEST} cannot be read" in refusal(broken)


def test_a_cut_or_damaged_archive_is_refused(small):
    whole = small.read_bytes()
    small.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as a zip archive" in refusal(small)
    at = whole.index(b"votes.csv") + len(b"votes.csv") + 20  # past the entry's Zip64 field: its content
    small.write_bytes(whole[:at] + b"\xff\xff" + whole[at + 2 :])
    assert "is damaged" in refusal(small)


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a.csv", "C:\\a.csv", "a//b.csv", "a\\..\\b.csv"])
def test_paths_that_lead_outside_are_refused(small, name: str):
    changed = rewritten(small, lambda files: files.update({name: b""}))
    assert "its path leads outside the archive" in refusal(changed)


def test_links_doubles_and_bombs_are_refused(small, monkeypatch):
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(small, "a") as made:
        made.writestr(link, "/etc/passwd")
    assert "it is a symbolic link" in refusal(small)
    bomb = rewritten(small, lambda files: [files.pop("link.csv"), files.update({"zeros.csv": bytes(2**22)})])
    assert "as decompression bombs do" in refusal(bomb)
    plain = rewritten(small, lambda files: files.pop("link.csv"))
    with warnings.catch_warnings(), zipfile.ZipFile(plain, "a") as made:
        warnings.simplefilter("ignore")
        made.writestr(layout.VOTES, "other")
    assert "the archive has it twice" in refusal(plain)
    monkeypatch.setattr(archive, "MOST_BYTES", 10)
    assert "Unpacked it would have" in refusal(bomb)
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    assert "a bundle has 3 at most" in refusal(bomb)


def _of_votes(change: Callable[[str], str]) -> Callable[[dict[str, bytes]], None]:
    def apply(files: dict[str, bytes]) -> None:
        files[layout.VOTES] = change(files[layout.VOTES].decode()).encode()

    return apply


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("answered", "shouted", 1), "“shouted” is none of answered"),
        (lambda text: text.replace("answer.real", "answer.unreal", 1), "answer.real"),
        (lambda text: text.splitlines()[0] + "\n" + "x," * 17, "votes.csv does not hold what it should"),
        (lambda text: "\n".join([*text.splitlines(), text.splitlines()[1]]), "not in ascending order"),
    ],
)
def test_tables_that_make_no_sense_are_refused_by_name(bundle_file, change, said: str):
    hostile = rewritten(bundle_file, _of_votes(change), honest=True)
    with pytest.raises(BundleRefused, match=said):
        rebuild(Bundle(hostile))


def test_votes_on_trials_that_are_not_there_are_refused(bundle_file):
    def cut(files: dict[str, bytes]) -> None:
        files[layout.TRIALS] = b"\n".join(files[layout.TRIALS].splitlines()[:-1]) + b"\n"

    with pytest.raises(BundleRefused, match="A vote's trial or session is missing"):
        rebuild(Bundle(rewritten(bundle_file, cut, honest=True)))


def test_facts_of_the_wrong_kind_are_refused(bundle_file):
    def twist(files: dict[str, bytes]) -> None:
        facts = json.loads(files[layout.MATERIAL])
        facts["material"]["study"]["conditions"] = "many"
        files[layout.MATERIAL] = json.dumps(facts).encode()

    with pytest.raises(BundleRefused, match=r"material\.json does not hold what it should: expected list"):
        rebuild(Bundle(rewritten(bundle_file, twist, honest=True)))


def test_nothing_is_left_of_a_bundle_that_could_not_be_written(tmp_path):
    def failing():
        yield b"half"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), BundleWriter(tmp_path / "one.zip") as writer:
        writer.add_parts("a.csv", failing())
    assert list(tmp_path.iterdir()) == []


def test_other_numbers_are_listed_where_they_stand(bundle_file):
    def cheat(files: dict[str, bytes]) -> None:
        report = json.loads(files[layout.REPORT])
        report["estimates"][0]["estimate"] *= 1 + 1e-6
        report["built_at"] = "another day"
        files[layout.REPORT] = json.dumps(report).encode()

    found = rebuild(Bundle(rewritten(bundle_file, cheat, honest=True)))
    (difference,) = found.differences
    assert difference.place.startswith("estimates[0 ")
    assert difference.place.endswith("].estimate")
