"""The archive of a bundle: written with a manifest of hashes, opened as if somebody hostile had made it.

Nothing is ever unpacked to disk, so that no path in an archive can lead anywhere; a file is read only up to
the size that the archive's directory says, within limits, and given out only if it is what the manifest says.
"""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from humaneval.workspace.bundles.layout import FORMAT, MANIFEST, NEEDED

MOST_FILES = 20_000
MOST_BYTES = 4 * 1024**3
"""All files of a bundle, unpacked; a million votes take some 0.3 GB."""
MOST_MANIFEST_BYTES = 16 * 1024**2
MOST_RATIO = 400
"""How many-fold a file of more than a megabyte may expand: tables of votes shrink to a tenth or so."""
_READ_ERRORS = (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)
_CHUNK = 1024**2


class BundleRefused(ValueError):
    """A bundle that is broken, was changed, or is none; the message says why."""


class BundleWriter:
    """Writes files into a new archive and keeps their hashes; the manifest is written at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._partial = path.with_name(f".{path.name}.part")
        self._archive = zipfile.ZipFile(self._partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._files: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Move the archive to its place once it is whole; leave nothing of one that is not."""
        if kind is None:
            self._write_manifest()
        self._archive.close()
        if kind is None:
            self._partial.replace(self.path)
        else:
            self._partial.unlink()

    def add(self, name: str, content: bytes | str) -> None:
        """Write one file."""
        self.add_parts(name, [content])

    def add_parts(self, name: str, parts: Iterable[bytes | str]) -> None:
        """Write one file part by part."""
        digest, size = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as file:
            for part in parts:
                data = part.encode() if isinstance(part, str) else part
                digest.update(data)
                size += len(data)
                file.write(data)
        self._files[name] = {"sha256": digest.hexdigest(), "bytes": size}

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest: whoever keeps it can tell later that nothing in the bundle has changed."""
        return hashlib.sha256(self._manifest().encode()).hexdigest()

    def _manifest(self) -> str:
        whole = {"format": FORMAT, "files": dict(sorted(self._files.items()))}
        return json.dumps(whole, indent=1) + "\n"

    def _write_manifest(self) -> None:
        self._archive.writestr(MANIFEST, self._manifest())


class Bundle:
    """An opened bundle. Raises :class:`BundleRefused` for one that is none, or not as it was made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except _READ_ERRORS as error:
            raise BundleRefused(f"{path} cannot be read as a zip archive: {error}.") from error
        self._members = _checked_members(self._archive.infolist())
        content = self._raw(MANIFEST, MOST_MANIFEST_BYTES)
        self.digest = hashlib.sha256(content).hexdigest()
        self._hashes = _manifest_hashes(content)
        self._check_names()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._archive.close()

    def __contains__(self, name: str) -> bool:
        return name in self._hashes

    def names(self) -> list[str]:
        """Return the names of all files but the manifest."""
        return sorted(self._hashes)

    def check(self) -> None:
        """Compare every file with its hash. Raises :class:`BundleRefused` at the first that differs."""
        for name in self.names():
            for _ in self._parts(name):
                pass

    def read(self, name: str) -> bytes:
        """Return a file's content, once it is what the manifest says."""
        return b"".join(self._parts(name))

    def json(self, name: str) -> Any:
        """Return what a JSON file holds."""
        try:
            return json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise BundleRefused(f"{name} is no JSON that can be read: {error}") from error

    def _parts(self, name: str) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for part in self._chunks(name):
            digest.update(part)
            yield part
        if digest.hexdigest() != self._hashes[name]:
            raise BundleRefused(
                f"{name} was changed after the bundle was made: its SHA-256 is not the manifest's."
            )

    def _raw(self, name: str, most: int) -> bytes:
        if self._members[name].file_size > most:
            raise BundleRefused(f"{name} is larger than a bundle's can be.")
        return b"".join(self._chunks(name))

    def _chunks(self, name: str) -> Iterator[bytes]:
        """Yield a member's content; a member that holds more than its entry says is cut off and refused."""
        left = self._members[name].file_size
        try:
            with self._archive.open(self._members[name]) as file:
                while part := file.read(min(_CHUNK, left + 1)):
                    left -= len(part)
                    if left < 0:
                        raise BundleRefused(f"{name} is larger than the archive says.")
                    yield part
        except BundleRefused:
            raise
        except (*_READ_ERRORS, _zlib_error()) as error:
            raise BundleRefused(f"{name} is damaged: {error}.") from error

    def _check_names(self) -> None:
        present, listed = self._members.keys() - {MANIFEST}, self._hashes.keys()
        if added := sorted(present - listed):
            raise BundleRefused(f"The manifest does not know {_some(added)}: the bundle was changed.")
        if gone := sorted(listed - present):
            raise BundleRefused(f"The manifest lists {_some(gone)}, which the archive lacks.")
        if lacking := [name for name in NEEDED if name not in self._members]:
            raise BundleRefused(f"Without {_some(lacking)} nothing can be rebuilt.")


def _zlib_error() -> type[Exception]:
    import zlib

    return zlib.error


def _checked_members(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if len(members) > MOST_FILES:
        raise BundleRefused(f"The archive lists {len(members):,} files; a bundle has {MOST_FILES:,} at most.")
    total = sum(one.file_size for one in members)
    if total > MOST_BYTES:
        raise BundleRefused(f"Unpacked it would have {total:,} bytes; a bundle has {MOST_BYTES:,} at most.")
    found: dict[str, zipfile.ZipInfo] = {}
    for one in members:
        if reason := _objection(one, found):
            raise BundleRefused(f"{one.filename[:200]!r} is refused: {reason}.")
        found[one.filename] = one
    if MANIFEST not in found:
        raise BundleRefused(f"It is no bundle: it has no {MANIFEST}. {_what_it_may_be(found)}")
    return found


def _what_it_may_be(found: Collection[str]) -> str:
    """Return what to do with an archive that is no bundle, by the files in it."""
    if "[Content_Types].xml" in found:
        return "It looks like a spreadsheet: save its table as CSV, and give that."
    return "“Make a bundle” on a study's page “Exports”, or humaneval export STUDY --bundle FILE, makes one."


def _objection(one: zipfile.ZipInfo, found: dict[str, zipfile.ZipInfo]) -> str:
    parts = one.filename.replace("\\", "/").split("/")
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("its path leads outside the archive", lambda: ".." in parts or "" in parts or ":" in parts[0]),
        ("the archive has it twice", lambda: one.filename in found),
        ("it is a symbolic link", lambda: stat.S_ISLNK(one.external_attr >> 16)),
        ("it is encrypted", lambda: bool(one.flag_bits & 0x1)),
        (
            f"it expands more than {MOST_RATIO}-fold, as decompression bombs do",
            lambda: one.file_size > _CHUNK and one.file_size > MOST_RATIO * max(one.compress_size, 1),
        ),
    )
    return next((reason for reason, holds in checks if holds()), "")


def _manifest_hashes(content: bytes) -> dict[str, str]:
    try:
        whole = json.loads(content)
        version = whole["format"]
        files = {str(name): str(entry["sha256"]) for name, entry in whole["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleRefused(f"{MANIFEST} cannot be read: {error}.") from error
    if version != FORMAT:
        raise BundleRefused(
            f"It is a bundle of format {version}, and this version of humaneval reads format {FORMAT}."
        )
    return files


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest


def is_bundle(file: IO[bytes]) -> bool:
    """Return whether a file is a zip archive, as bundles are; votes from elsewhere are text."""
    return zipfile.is_zipfile(file)
