"""Decoding processes: started once, kept for the next set or shard, and never left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from metrics.images.sources import s3_settings

_kept: dict[tuple[object, ...], ProcessPoolExecutor] = {}


@contextmanager
def decoding_processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of ``workers`` processes, the same one each time: to start one takes a second.

    They are started fresh, since a fork breaks CUDA, and anew where this process is a fork itself, where
    another number is asked for, where the settings of S3 have changed, or where one of them was killed.
    """
    key = (os.getpid(), workers, s3_settings())
    if key not in _kept:
        _forget()
        fresh = multiprocessing.get_context("spawn")
        _kept[key] = ProcessPoolExecutor(workers, mp_context=fresh, initializer=_begin)
    try:
        yield _kept[key]
    except BrokenProcessPool:
        _forget()
        raise


def _forget() -> None:
    """Let this process's pool go: it ends once nobody uses it. That of the process it forked from stays."""
    for key in [key for key in _kept if key[0] == os.getpid()]:
        del _kept[key]


def _begin() -> None:
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
