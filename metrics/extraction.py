"""From images to features: decode ahead, batch, run the network, keep the order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from metrics.errors import InvalidInput, Problem, UnreadableImages
from metrics.extractors.base import Extractor, Pending
from metrics.features import Features
from metrics.images.decoding import Decoded, decoded, default_workers
from metrics.images.sources import image_items, selected
from metrics.lanes import Coming, lanes_of

Progress = Callable[[int, int], None]
HELD_BYTES = 512 * 2**20


def extract(
    extractor: Extractor,
    images: Any,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
    on_error: str = "refuse",
    indices: Iterable[int] | None = None,
) -> Features:
    """Return the features of ``images`` (or of those at ``indices``) in their order.

    ``progress(done, total)`` is called after each internal batch and stops the work by raising.
    Unreadable images raise UnreadableImages once all have been looked at; ``on_error="skip"`` leaves them
    out and lists them in ``problems``.
    """
    if on_error not in ("refuse", "skip"):
        raise InvalidInput(f"on_error is 'refuse' or 'skip', not {on_error!r}")
    items = selected(image_items(images), indices)
    count = default_workers(extractor.device.type) if workers is None else workers
    problems: list[Problem] = []
    with lanes_of(extractor) as lanes:
        parts = _Parts(lanes.ahead)
        for batch, looked_at in _batches(decoded(items, extractor.channels, count), extractor, problems):
            if batch.rows and not (problems and on_error == "refuse"):
                parts.add(batch.rows, lanes.launch(batch.launch))
            if progress is not None:
                progress(looked_at, len(items))
        if not parts.names or (problems and on_error == "refuse"):
            raise UnreadableImages(problems)
        return parts.table(extractor, problems)


class _Batch:
    """A batch that fills: large images are brought to the network's size before it is full."""

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor
        self.rows: list[Decoded] = []
        self._pixels: list[np.ndarray] = []
        self._prepared: list[torch.Tensor] = []

    def add(self, one: Decoded) -> None:
        """Take one more image, of which only name and digest are kept for longer."""
        if one.pixels is None:
            raise ValueError(f"{one.name} has no pixels")
        self._pixels.append(one.pixels)
        self.rows.append(replace(one, pixels=None))
        if self.extractor.input_size and sum(pixels.nbytes for pixels in self._pixels) > HELD_BYTES:
            self._prepare()

    def launch(self) -> Pending:
        """Return the features and logits to come of the whole batch."""
        if not self._prepared:
            return self.extractor.launch(self._pixels)
        if self._pixels:
            self._prepare()
        return self.extractor.launch_prepared(torch.cat(self._prepared))

    def _prepare(self) -> None:
        self._prepared.append(self.extractor.prepare(self._pixels))
        self._pixels = []


def _batches(
    stream: Iterator[Decoded], extractor: Extractor, problems: list[Problem]
) -> Iterator[tuple[_Batch, int]]:
    """Yield full batches of readable images and how many were looked at; problems are set aside."""
    size = extractor.batch_size
    batch = _Batch(extractor)
    looked_at = 0
    for one in stream:
        looked_at += 1
        if one.problem is not None:
            problems.append(one.problem)
        else:
            batch.add(one)
        if len(batch.rows) == size:
            yield batch, looked_at
            batch = _Batch(extractor)
    if batch.rows or problems:
        yield batch, looked_at


class _Parts:
    """Rows as they come, batch after batch; some batches are computed while the next one is made ready."""

    def __init__(self, ahead: int) -> None:
        self.values: list[np.ndarray] = []
        self.logits: list[np.ndarray] = []
        self.names: list[str] = []
        self.digests: list[str] = []
        self._ahead = ahead
        self._waiting: deque[Pending | Coming] = deque()

    def add(self, batch: Sequence[Decoded], pending: Pending | Coming) -> None:
        self._waiting.append(pending)
        self._settle(self._ahead)
        self.names += [one.name for one in batch]
        self.digests += [one.digest for one in batch]

    def _settle(self, still_waiting: int) -> None:
        while len(self._waiting) > still_waiting:
            values, logits = self._waiting.popleft().collect()
            self.values.append(values)
            if logits is not None:
                self.logits.append(logits)

    def table(self, extractor: Extractor, problems: Sequence[Problem]) -> Features:
        self._settle(0)
        return Features(
            np.concatenate(self.values),
            np.concatenate(self.logits) if self.logits else None,
            tuple(self.names),
            tuple(self.digests),
            extractor.describe(),
            tuple(problems),
        )
