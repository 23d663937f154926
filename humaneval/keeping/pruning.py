"""Taking old backups away: the newest good ones stay, and every media file that any that stays needs."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from humaneval.keeping.files import Content, Damaged, Lost, content_of, size_of
from humaneval.keeping.manifests import Manifest
from humaneval.keeping.places import DATABASE, MANIFEST, MEDIA, MediaFile, Place, kept_as
from humaneval.keeping.refusals import Refusal
from humaneval.samples.batches import THREADS, Progress, batched, say_nothing

STAMP = re.compile(r"\d{8}T\d{6}Z")
"""What ``backup`` names backups; a folder with another name is somebody's own and stays."""


@dataclass
class Pruned:
    """What a pruning keeps and takes away."""

    kept: list[str] = field(default_factory=list)
    """The good backups that stay, newest first."""
    flaws: dict[str, str] = field(default_factory=dict)
    """Backups that stay and count for nothing, each with what is wrong with it."""
    removed: list[str] = field(default_factory=list)
    """Backups that are taken away, oldest first, and what killed commands left of some."""
    files: int = 0
    """Media files that only those needed."""


def prune_backups(
    place: Place, keep: int, *, pretend: bool = False, progress: Progress = say_nothing
) -> Pruned:
    """Take away all backups that are older than the ``keep`` newest good ones (at least 1); return which.

    Good is one whose database, list and media files are there in their sizes, the newest's database and
    every list as their hashes say. One that is not does not count, so that nights of failure wear out no good
    one. ``pretend`` changes nothing. To be called under :func:`humaneval.keeping.alone.alone`. Raises Refusal
    where it cannot be told which media files are still needed.
    """
    found = place.stamps()
    pruned = _choose(place, [stamp for stamp in found if STAMP.fullmatch(stamp)], keep)
    stay = [stamp for stamp in found if stamp not in pruned.removed]
    spare = place.contents() - _needed(place, stay)
    pruned.removed += _unfinished(place, found)
    pruned.files = len(spare)
    if not pretend:
        _remove(place, pruned.removed)
        _remove_files(place, sorted(spare), progress)
    return pruned


def _choose(place: Place, stamps: list[str], keep: int) -> Pruned:
    """Say of each backup, by name from the oldest, whether it stays."""
    pruned, sizes = Pruned(), _Sizes(place)
    for stamp in reversed(stamps):
        if len(pruned.kept) == keep:
            break
        if flaw := _flaw(place, stamp, sizes, read=not pruned.kept):
            pruned.flaws[stamp] = flaw
        else:
            pruned.kept.append(stamp)
    if len(pruned.kept) == keep:
        pruned.removed = [stamp for stamp in stamps if stamp < pruned.kept[-1]]
    return pruned


class _Sizes:
    """Sizes of media files in a place, each asked for once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known: dict[str, int | None] = {}

    def is_there(self, file: MediaFile) -> bool:
        """Return whether a media file is there in its size."""
        sha256 = file.content.sha256
        if sha256 not in self._known:
            self._known[sha256] = size_of(self._place.storage, kept_as(sha256))
        return self._known[sha256] == file.content.size


def _flaw(place: Place, stamp: str, sizes: _Sizes, *, read: bool) -> str:
    """Return what is wrong with a backup, or nothing; ``read`` holds its database against its hash."""
    try:
        manifest = place.manifest(stamp)
        if manifest.media_lost:
            return f"it was made without {manifest.media_lost} media files that were lost"
        if not _is_there(place, f"{stamp}/{DATABASE}", manifest.database, read=read):
            return "its database is missing or was altered"
        return _flaw_of_media(place, stamp, manifest, sizes)
    except (Refusal, Lost, Damaged) as error:
        return str(error)


def _is_there(place: Place, name: str, content: Content, *, read: bool) -> bool:
    if size_of(place.storage, name) != content.size:
        return False
    return not read or content_of(place.storage, name) == content


def _flaw_of_media(place: Place, stamp: str, manifest: Manifest, sizes: _Sizes) -> str:
    with ThreadPoolExecutor(THREADS, thread_name_prefix="prune") as threads:
        for batch in batched(place.media_of(stamp, manifest)):
            for file, there in zip(batch, threads.map(sizes.is_there, batch), strict=True):
                if not there:
                    return f"it lacks {file.name}"
    return ""


def _needed(place: Place, stamps: list[str]) -> set[str]:
    """Return the hashes of all media files that some backups name; raises Refusal if one cannot be read."""
    needed: set[str] = set()
    for stamp in stamps:
        try:
            needed.update(file.content.sha256 for file in place.media_of(stamp, place.manifest(stamp)))
        except (Refusal, Lost, Damaged) as error:
            raise Refusal(
                f"Nothing was taken away: which media files {stamp} needs cannot be read ({error}). If that "
                f"backup is of no use, delete its folder in {place.address}, and run this again."
            ) from error
    return needed


def _unfinished(place: Place, finished: list[str]) -> list[str]:
    """Return what backups that were killed left."""
    return [name for name in place.folders() if STAMP.fullmatch(name) and name not in finished]


def _remove(place: Place, stamps: list[str]) -> None:
    """Remove backups, each by its manifest first: what is left of a pruning that is killed is none."""
    for stamp in stamps:
        for name in (MANIFEST, MEDIA, DATABASE):
            place.storage.delete(f"{stamp}/{name}")
        if place.storage.listdir(stamp) == ([], []):
            place.storage.delete(stamp)  # the folder, where storage has folders


def _remove_files(place: Place, hashes: list[str], progress: Progress) -> None:
    done = 0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="prune") as threads:
        for batch in batched(hashes):
            done += len(list(threads.map(place.storage.delete, map(kept_as, batch))))
            progress(done, len(hashes), "media files taken away")
