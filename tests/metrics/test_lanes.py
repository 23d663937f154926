"""Lanes: threads of a CPU compute batches of their own, to the bits of one thread."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from metrics import extract
from metrics.extractors.base import Extractor


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def beside(own_extractor: Extractor, network, batch_size: int = 8) -> Extractor:
    return Extractor(
        own_extractor.description,
        network,
        own_extractor._preprocessing,
        device=torch.device("cpu"),
        batch_size=batch_size,
        concurrent=True,
    )


def test_lanes_give_the_bits_of_one_thread_in_the_images_order(own_extractor, pictures, three_threads):
    threads, at_once = set(), threading.Barrier(3, timeout=60)

    def network(batch):
        if threading.get_ident() not in threads:  # no lane goes on before each has a batch
            threads.add(threading.get_ident())
            at_once.wait()
        return own_extractor._network(batch)

    wide = beside(own_extractor, network)
    found = extract(wide, pictures)
    assert len(threads) == 3
    assert torch.get_num_threads() == 3
    torch.set_num_threads(1)
    alone = extract(beside(own_extractor, own_extractor._network), pictures)
    np.testing.assert_array_equal(found.values, alone.values)
    np.testing.assert_array_equal(found.logits, alone.logits)
    assert (found.names, found.digests) == (alone.names, alone.digests)


def test_what_a_lane_raises_is_raised_and_threads_to_come_have_their_number(
    own_extractor, pictures, three_threads
):
    def broken(batch):
        raise RuntimeError("no such layer")

    with pytest.raises(RuntimeError, match="no such layer"):
        extract(beside(own_extractor, broken), pictures)
    seen = []
    late = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    late.start()
    late.join()
    assert seen == [3]


def test_a_stopped_extraction_leaves_no_lane_at_work(own_extractor, pictures, three_threads):
    started = []

    def network(batch):
        started.append(len(batch))
        return own_extractor._network(batch)

    def cancel(_done, _total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        extract(beside(own_extractor, network, batch_size=1), pictures, progress=cancel)
    assert len(started) <= 1


def test_a_tier_that_needs_settings_of_its_own_has_no_lanes(own_extractor):
    description = own_extractor.description.__class__(
        **{**own_extractor.description.__dict__, "precision": "fast"}
    )
    alone = Extractor(
        description,
        own_extractor._network,
        own_extractor._preprocessing,
        device=torch.device("cpu"),
        batch_size=8,
        concurrent=True,
    )
    assert not alone.concurrent
