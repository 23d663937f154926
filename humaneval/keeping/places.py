"""Where backups lie: a folder or an S3 prefix that holds many, which share their media files.

20261128T020000Z/manifest.json    one backup: written last, so that one without it is none
20261128T020000Z/database         SQLite file or pg_dump's custom format
20261128T020000Z/media.jsonl      the media files that belong to it
files/ab/<SHA-256>                their contents, each kept once
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import FileSystemStorage, Storage

from humaneval.keeping.files import Content, Lost, content_of, copy_file, put
from humaneval.keeping.manifests import Manifest, NoManifest, read_manifest
from humaneval.keeping.refusals import Refusal

MANIFEST, DATABASE, MEDIA = "manifest.json", "database", "media.jsonl"


@dataclass(frozen=True)
class MediaFile:
    """A media file in a backup: its name in the platform's storage, and its bytes."""

    name: str
    content: Content

    @property
    def kept_as(self) -> str:
        """Its place in the backup."""
        return kept_as(self.content.sha256)

    def to_line(self) -> str:
        """Return it as a line of the list."""
        return (
            json.dumps({"name": self.name, "sha256": self.content.sha256, "size": self.content.size}) + "\n"
        )


def kept_as(sha256: str) -> str:
    """Return where a backup keeps the bytes of this hash."""
    return f"files/{sha256[:2]}/{sha256}"


class Place:
    """Backups in one storage."""

    def __init__(self, storage: Storage, address: str) -> None:
        self.storage, self.address = storage, address

    def stamps(self) -> list[str]:
        """Return the names of the finished backups, oldest first."""
        return [name for name in self.folders() if self.storage.exists(f"{name}/{MANIFEST}")]

    def folders(self) -> list[str]:
        """Return the names of all folders here, sorted: finished backups, others, and the media files'."""
        try:
            return sorted(self.storage.listdir("")[0])
        except FileNotFoundError:
            return []

    def choose(self, stamp: str = "") -> str:
        """Return the backup of that name, or the newest; raises Refusal where there is none."""
        stamps = self.stamps()
        if stamp and stamp not in stamps:
            raise Refusal(
                f"{self.address} has no finished backup {stamp}. There are: {', '.join(stamps) or 'none'}."
            )
        if not stamps:
            raise Refusal(f"{self.address} holds no finished backup: name what was given to `backup`.")
        return stamp or stamps[-1]

    def manifest(self, stamp: str) -> Manifest:
        """Return a backup's manifest; raises Refusal where it cannot be understood."""
        try:
            with self.storage.open(f"{stamp}/{MANIFEST}", "rb") as file:
                return read_manifest(file.read().decode())
        except (NoManifest, UnicodeDecodeError) as error:
            raise Refusal(f"{self.address}/{stamp}/{MANIFEST} cannot be understood: {error}.") from error

    def contents(self) -> set[str]:
        """Return the hashes of all media files that backups here hold already."""
        try:
            folders = self.storage.listdir("files")[0]
        except FileNotFoundError:
            return set()
        return {name for folder in folders for name in self.storage.listdir(f"files/{folder}")[1]}

    def keep(self, path: Path, name: str) -> Content:
        """Store a local file and return what it hashes to as it lies there."""
        with path.open("rb") as file:
            put(self.storage, name, file)
        return content_of(self.storage, name)

    @contextmanager
    def fetched(self, name: str, content: Content) -> Iterator[Path]:
        """Give a local copy of a file; raises Lost or Damaged where it is not what it was."""
        with tempfile.TemporaryDirectory(prefix="humaneval-") as folder:
            local = FileSystemStorage(location=folder)
            copy_file(self.storage, name, local, "copy", expected=content.sha256)
            yield Path(folder) / "copy"

    def media_of(self, stamp: str, manifest: Manifest) -> Iterator[MediaFile]:
        """Yield the media files of a backup; raises Lost or Damaged where the list is not what it was."""
        with self.fetched(f"{stamp}/{MEDIA}", manifest.media) as path, path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield MediaFile(row["name"], Content(row["sha256"], row["size"]))


def problem_with(storage: Storage, name: str, content: Content, called: str) -> str | None:
    """Return a sentence if a stored file is missing or altered, ``called`` so for people."""
    try:
        found = content_of(storage, name)
    except Lost:
        return f"{called} is missing ({name})."
    return None if found == content else f"{called} was altered ({name})."
