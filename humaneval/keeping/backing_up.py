"""Making a backup: the database as it is at one moment, then the media files that it names."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from django.core.files.storage import Storage, default_storage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from humaneval.keeping.census import Census, take_census
from humaneval.keeping.dumps import dumped
from humaneval.keeping.files import (
    Content,
    Damaged,
    Lost,
    content_of,
    copy_file,
    hash_in,
    named_files,
    size_of,
    still_named,
)
from humaneval.keeping.manifests import Manifest, fingerprints
from humaneval.keeping.models import BackupRecord
from humaneval.keeping.places import DATABASE, MANIFEST, MEDIA, MediaFile, Place, kept_as
from humaneval.keeping.refusals import Refusal
from humaneval.reports.version import code_version
from humaneval.samples.batches import THREADS, Progress, batched, say_nothing


@dataclass
class Made:
    """A backup that was made, and what it lacks."""

    stamp: str
    manifest: Manifest
    copied: int = 0
    """Media files that were not in the place before."""
    lost: list[str] = field(default_factory=list)
    """Names of media files that rows name and storage does not hold, or holds damaged."""


def make_backup(place: Place, *, progress: Progress = say_nothing) -> Made:
    """Back up database and media into a place; only media files that are new there are copied.

    Safe while raters vote and jobs run. Files are always stored before the rows that name them, so those
    that the dumped rows name are there. A killed one leaves no manifest and does no harm. To be called under
    :func:`humaneval.keeping.alone.alone`. Raises Refusal.
    """
    stamp = _free_stamp(place)
    record = BackupRecord.objects.create(place=place.address)
    with tempfile.TemporaryDirectory(prefix="humaneval-backup-") as folder:
        dump, names, listed = (Path(folder) / name for name in (DATABASE, "names", MEDIA))
        with dumped(dump):
            census, migrations = take_census(), applied_migrations()
            count = _write_names(names)
        database = place.keep(dump, f"{stamp}/{DATABASE}")
        passage = _Passage(place, default_storage, progress)
        passage.carry(names, count, listed)
        media, lost = place.keep(listed, f"{stamp}/{MEDIA}"), list(filter(still_named, passage.lost))
        manifest = _manifest(stamp, census, migrations, database, media, passage, len(lost))
        written = Path(folder) / MANIFEST
        written.write_text(manifest.to_text(), encoding="utf-8")
        place.keep(written, f"{stamp}/{MANIFEST}")
    record.finish(stamp=stamp, media_lost=len(lost))
    return Made(stamp, manifest, len(passage.new), lost)


def applied_migrations() -> list[str]:
    """Return the default database's migrations as ``app.name``, sorted."""
    return sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations())


def _free_stamp(place: Place) -> str:
    stamp = timezone.now().strftime("%Y%m%dT%H%M%SZ")
    if place.storage.exists(f"{stamp}/{DATABASE}"):
        raise Refusal(f"{place.address} has a backup of this very second: run the command again.")
    return stamp


def _write_names(path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for name in named_files():
            file.write(f"{name}\n")
            count += 1
    return count


def _manifest(
    stamp: str,
    census: Census,
    migrations: list[str],
    database: Content,
    media: Content,
    passage: _Passage,
    lost: int,
) -> Manifest:
    return Manifest(
        made_at=stamp,
        code_version=code_version(),
        engine=connection.vendor,
        migrations=migrations,
        database=database,
        media=media,
        media_files=passage.files,
        media_bytes=passage.bytes,
        media_lost=lost,
        census=census,
        secrets=fingerprints(),
    )


class _Passage:
    """The media files' way into a place."""

    def __init__(self, place: Place, source: Storage, progress: Progress) -> None:
        self.place, self.source, self.progress = place, source, progress
        self.present = place.contents()
        self.files = self.bytes = 0
        self.new: list[str] = []
        """Hashes of what was copied."""
        self._locks = tuple(threading.Lock() for _ in range(64))
        self.lost: list[str] = []

    def carry(self, names: Path, count: int, listed: Path) -> None:
        """Copy what is new of the files whose names a file holds, and write the list of all."""
        done = 0
        with (
            ThreadPoolExecutor(THREADS, thread_name_prefix="backup") as threads,
            names.open(encoding="utf-8") as lines,
            listed.open("w", encoding="utf-8") as target,
        ):
            for batch in batched(line.rstrip("\n") for line in lines):
                kept = threads.map(self._keep, batch)
                target.writelines(file.to_line() for file in self._counted(kept))
                done += len(batch)
                self.progress(done, count, "media files")

    def _counted(self, kept: Iterator[MediaFile | str]) -> Iterator[MediaFile]:
        for file in kept:
            if isinstance(file, str):
                self.lost.append(file)
                continue
            self.files += 1
            self.bytes += file.content.size
            yield file

    def _keep(self, name: str) -> MediaFile | str:
        """Return a file as the place has it now, or its name where storage has lost it."""
        try:
            sha256 = hash_in(name) or content_of(self.source, name).sha256
            with self._locks[int(sha256[:4], 16) % len(self._locks)]:  # two names may have one content
                return MediaFile(name, self._known(name, sha256) or self._copied(name, sha256))
        except (Lost, Damaged):
            return name

    def _known(self, name: str, sha256: str) -> Content | None:
        """Return the content of a file that the place holds already, without reading it there."""
        size = size_of(self.source, name) if sha256 in self.present else None
        kept = size is not None and size == size_of(self.place.storage, kept_as(sha256))
        return Content(sha256, size) if kept and size is not None else None

    def _copied(self, name: str, sha256: str) -> Content:
        content = copy_file(self.source, name, self.place.storage, kept_as(sha256), expected=sha256)
        self.present.add(sha256)
        self.new.append(sha256)
        return content
