"""What raters' staircases come to, by simulation: the exposures that HYPE-time is the mean of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import expit, ndtri

from humaneval.protocols.exposures import COMMON_REFRESH_HZ
from humaneval.protocols.staircases import CHANCE, RULES, Staircase
from humaneval.protocols.timed_real_or_fake import TimedRealOrFake
from humaneval.stats import NotEstimableError
from humaneval.stats.exposure_size import ExpectedExposures, log_deviation, slope_of
from humaneval.stats.modal_exposure import modal_scores
from humaneval.stats.results import FloatArray

RATERS, FEWEST_RATERS = 1000, 200
"""Simulated; fewer of long sittings, whose blocks are many."""
MOST_TRIALS = 500_000
SEED = 0
FEWEST_TRIALS = 20
"""Blocks with fewer are left out by the report."""
FARTHEST = 0.1
"""By what share of the expected exposure staircases may end beside it."""


@dataclass(frozen=True)
class _Sitting:
    """The staircases of one rater: a rule between its ends, and how many trials each block has."""

    stairs: Staircase
    blocks: tuple[int, ...]


def expected_exposures(values: Mapping[str, Any], settings: Mapping[str, Any]) -> ExpectedExposures:
    """Return what a study's staircases are expected to come to; ``values`` are a valid form's.

    Raises NotEstimableError where they do not come to rest near the expected exposure.
    """
    protocol = TimedRealOrFake()
    rule, start, shortest, longest, length = (
        protocol.value(settings, name)
        for name in ("rule", "start_ms", "shortest_ms", "longest_ms", "block_length")
    )
    stairs = Staircase(RULES[rule], start, shortest, longest)
    if not stairs.rule.converges:
        raise NotEstimableError(
            "This staircase rule drifts to the shortest exposure whatever raters see: choose another."
        )
    sitting = _Sitting(stairs, _blocks(values["session"], length))
    effect = float(values["effect"])
    scores = _simulated(sitting, effect, float(values["rater"]), float(values["rise"]))
    mean = float(scores.mean())
    if abs(mean - effect) > FARTHEST * effect:
        raise NotEstimableError(_astray(sitting, effect, mean))
    return ExpectedExposures(effect=effect, reference=float(values["reference"]), scores=scores)


def _blocks(session: int, length: int) -> tuple[int, ...]:
    full, rest = divmod(session, length)
    blocks = (length,) * full + (rest,) * (rest >= FEWEST_TRIALS)
    if not blocks or max(blocks) < FEWEST_TRIALS:
        raise NotEstimableError(f"A block counts from {FEWEST_TRIALS} trials on: take longer sessions.")
    return blocks


def _astray(sitting: _Sitting, effect: float, mean: float) -> str:
    return (
        f"Staircases of {max(sitting.blocks)} trials from {sitting.stairs.start_ms} ms would show "
        f"{mean:.0f} ms where raters' exposures are {effect:g} ms in the mean. Take longer sessions (as "
        "published, each rater answers 3 blocks of 150 trials), or have them start nearer, between ends "
        "farther apart."
    )


@lru_cache(maxsize=64)
def _simulated(sitting: _Sitting, effect: float, spread: float, rise: float) -> FloatArray:
    """Return raters' exposures (ms), each the mean of their blocks' modes.

    Raters' exposures at the rule's target are log-normal, at even quantiles; displays have 60 Hz.
    """
    stairs, slope, deviation = sitting.stairs, slope_of(rise), log_deviation(spread)
    target = stairs.rule.target
    at_rest = (target - CHANCE) / (1 - CHANCE)
    offset = math.log(at_rest / (1 - at_rest))
    raters = min(RATERS, max(FEWEST_RATERS, MOST_TRIALS // sum(sitting.blocks)))
    own = math.log(effect) - deviation**2 / 2 + deviation * ndtri((np.arange(raters) + 0.5) / raters)
    random = np.random.default_rng(SEED)

    def chance(exposure: np.ndarray) -> np.ndarray:
        return np.asarray(CHANCE + (1 - CHANCE) * expit(slope * (np.log(exposure) - own) + offset))

    shown = [stairs.walk(chance, observers=raters, trials=trials, random=random) for trials in sitting.blocks]
    frame_ms = 1000 / COMMON_REFRESH_HZ
    frames = np.round(np.concatenate(shown) / frame_ms)
    block = np.repeat(np.arange(len(sitting.blocks)), sitting.blocks)
    scores, _short = modal_scores(
        frames.ravel(),
        frame_ms=np.full(frames.size, frame_ms),
        block=np.repeat(block, raters),
        rater=np.tile(np.arange(raters), len(frames)),
    )
    return scores
