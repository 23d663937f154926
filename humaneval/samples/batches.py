"""Working through many rows in bounded memory: batches, threads, and telling how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

BATCH = 200
"""Rows handled at once: memory grows with it, the number of queries shrinks with it."""

THREADS = 4
"""Enough to overlap decoding with a remote storage's latency; memory grows with it."""


class Progress(Protocol):
    """Is told how far a long piece of work is, often; may raise to stop it."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Take note that ``done`` of ``total`` are through."""


def say_nothing(done: int, total: int, note: str = "") -> None:
    """Stand in where nobody wants to hear of progress."""


def batched(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield lists of at most BATCH items."""
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
