"""Batches side by side: on a CPU each thread computes one of its own, rather than all of them one together.

No thread then waits for another inside a layer, and the values are those of one thread, however many work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import torch

from metrics.devices import precision_tier
from metrics.extractors.base import Arrays, Extractor, Pending

MOST = 64


class Coming:
    """Outputs that a lane is computing; ``collect`` waits for them and raises what the lane raised."""

    def __init__(self, future: Future[Pending]) -> None:
        self._future = future

    def collect(self) -> Arrays:
        """Return float32 features (n, d) and logits (n, classes) or None."""
        return self._future.result().collect()


class Lanes:
    """Where batches are launched; ``ahead`` says how many may be on their way while the next is made ready.

    Without a pool the caller launches them, and a device works on one at a time.
    """

    def __init__(self, pool: ThreadPoolExecutor | None, ahead: int) -> None:
        self._pool, self.ahead = pool, ahead

    def launch(self, batch: Callable[[], Pending]) -> Pending | Coming:
        """Return the outputs to come of a batch."""
        return batch() if self._pool is None else Coming(self._pool.submit(batch))


@contextmanager
def lanes_of(extractor: Extractor) -> Iterator[Lanes]:
    """Give the lanes that an extractor can use: one for each of PyTorch's threads if it is ``concurrent``."""
    threads = torch.get_num_threads()
    if not extractor.concurrent or threads < 2:
        yield Lanes(None, 1)
        return
    count = min(threads, MOST)
    # Tiers are settings of the whole process: what all lanes need is set before and left until after.
    with precision_tier("reference"):
        pool = ThreadPoolExecutor(count, initializer=_one_thread)
        try:
            yield Lanes(pool, count)
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)  # lanes set their own number, threads to come would take it over


def _one_thread() -> None:
    """Let this thread work alone: asked first, since a thread's first question sets the default."""
    torch.get_num_threads()
    torch.set_num_threads(1)
