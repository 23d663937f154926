"""Media from this machine's folder to S3, or back: while the platform runs on where they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from django.core.files.storage import Storage

from humaneval.keeping.files import (
    Damaged,
    Lost,
    content_of,
    copy_file,
    hash_in,
    named_files,
    size_of,
    still_named,
)
from humaneval.samples.batches import THREADS, Progress, batched, say_nothing


class Outcome(Enum):
    """What became of one file."""

    COPIED = "copied"
    THERE = "there before"
    SAME = "the same in both"
    LOST = "not in the source"
    DAMAGED = "damaged in the source"


@dataclass(frozen=True)
class Moved:
    """What a move came to: numbers of files, and those that rows name and that could not be moved."""

    copied: int
    there: int
    same: int
    """Files that were read in the target and found to be what they should be."""
    failed: list[str]


def move_media(source: Storage, target: Storage, *, progress: Progress = say_nothing) -> Moved:
    """Copy every file that a row names, then read the whole target and hold it against its hashes.

    The source is left as it is. Run again it copies what is new, of another size, or found altered; one
    that was killed is run again.
    """
    passage = _Passage(source, target, progress)
    names = list(named_files())
    first = list(passage.each(passage.copy, names, "files"))
    second = list(passage.each(passage.check, names, "files checked"))
    failed = dict(pair for pair in first + second if pair[1] in {Outcome.LOST, Outcome.DAMAGED})
    copied = {name for name, outcome in first + second if outcome is Outcome.COPIED}
    return Moved(
        copied=len(copied),
        there=len(set(names) - copied - set(failed)),
        same=len({name for name, outcome in second if outcome in {Outcome.SAME, Outcome.COPIED}}),
        failed=[f"{name}: {why.value}" for name, why in sorted(failed.items()) if still_named(name)],
    )


@dataclass(frozen=True)
class _Passage:
    source: Storage
    target: Storage
    progress: Progress

    def each(
        self, work: Callable[[str], Outcome], names: list[str], note: str
    ) -> Iterator[tuple[str, Outcome]]:
        """Do the work for each file, several at once; yield name and outcome in order."""
        done = 0
        with ThreadPoolExecutor(2 * THREADS, thread_name_prefix="move") as threads:
            for batch in batched(names):
                yield from zip(batch, threads.map(work, batch), strict=True)
                done += len(batch)
                self.progress(done, len(names), note)

    def copy(self, name: str) -> Outcome:
        """Copy a file unless one of its size is there."""
        size = size_of(self.source, name)
        if size is None:
            return Outcome.LOST
        return Outcome.THERE if size_of(self.target, name) == size else self._copy(name)

    def check(self, name: str) -> Outcome:
        """Read a file where it is now; copy it anew if it is not what it should be."""
        try:
            wanted = hash_in(name) or content_of(self.source, name).sha256
            same = content_of(self.target, name).sha256 == wanted
        except Lost:
            same = False
        return Outcome.SAME if same else self._copy(name)

    def _copy(self, name: str) -> Outcome:
        try:
            copy_file(self.source, name, self.target, name, expected=hash_in(name))
        except Lost:
            return Outcome.LOST
        except Damaged:
            return Outcome.DAMAGED
        return Outcome.COPIED
