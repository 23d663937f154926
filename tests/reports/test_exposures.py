"""Timed votes in a report: exposures from frames really shown."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from humaneval.reports.analysis.exposures import estimate_exposures
from humaneval.reports.results import ConditionFacts, QuestionFacts
from humaneval.reports.votes import Exposed
from humaneval.stats import StatsError
from humaneval.stats.modal_exposure import modal_exposure

CONDITIONS = [ConditionFacts(1, "Photos", "real", "Photos"), ConditionFacts(2, "Model", "generated", "Model")]
QUESTION = QuestionFacts("real", "Real or fake?", 0, [])


def exposed(rows: list[tuple[Any, ...]]) -> Exposed:
    """Return timed votes from rows of their columns."""
    names = [one.name for one in fields(Exposed)]
    kinds = {"frame_ms": float, "spoilt": bool, "simulated": bool}
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return Exposed(
        **{
            name: np.array(column, dtype=kinds.get(name, np.int64))
            for name, column in zip(names, columns, strict=True)
        }
    )


def votes_of(raters: int, threshold_ms: float, *, frame_ms: float = 10.0) -> Exposed:
    """Return votes of observers right half the time, and more above a threshold."""
    random = np.random.default_rng(4)
    votes = []
    for rater in range(raters):
        for number in range(150):
            frames = int(random.choice([10, 20, 30, 40, 60]))
            seen = 1 / (1 + (threshold_ms / (frames * frame_ms)) ** 4)
            right = random.random() < 0.5 + seen / 2
            condition = 1 + number % 2
            said = int(right == (condition == 1))
            votes.append((rater, number // 50, condition, said, frames, frame_ms, False, True))
    return exposed(votes)


def test_the_modal_exposure_is_the_mean_of_blocks_then_of_raters():
    frames = [30] * 12 + [31] * 9 + [20] * 21 + [40] * 21
    block = [0] * 21 + [1] * 21 + [0] * 21
    rater = ["a"] * 42 + ["b"] * 21
    found = modal_exposure(frames, frame_ms=[10] * 63, block=block, rater=rater)
    assert found.estimate == pytest.approx(((300 + 200) / 2 + 400) / 2)
    assert found.clusters == {"rater": 2}


def test_modes_that_are_equally_frequent_are_averaged_and_short_blocks_left_out():
    frames = [30] * 10 + [40] * 10 + [99] * 3 + [20] * 20
    block = [0] * 20 + [1] * 3 + [0] * 20
    rater = [1] * 23 + [2] * 20
    found = modal_exposure(frames, frame_ms=[10] * 43, block=block, rater=rater)
    assert found.estimate == pytest.approx((350 + 200) / 2)
    assert found.notes == ("1 blocks with under 20 trials are left out.",)
    with pytest.raises(StatsError, match="Fewer than two raters"):
        modal_exposure([30] * 30, frame_ms=[10] * 30, block=[0] * 30, rater=[1] * 30)


def test_the_threshold_of_known_observers_is_in_its_interval():
    _modal, threshold = estimate_exposures(votes_of(12, 260.0), QUESTION, CONDITIONS)
    assert threshold.interval.low < 260 < threshold.interval.high
    assert threshold.interval.high / threshold.interval.low < 1.5
    assert (threshold.unit, threshold.condition, threshold.simulated) == ("ms", 2, True)


def test_untimed_and_spoilt_votes_give_no_exposures():
    spoilt = exposed([(1, 0, 2, 1, 30, 10.0, True, False)])
    assert estimate_exposures(exposed([]), QUESTION, CONDITIONS) == []
    assert estimate_exposures(spoilt, QUESTION, CONDITIONS) == []
