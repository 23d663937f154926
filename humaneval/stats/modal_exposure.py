"""HYPE-time: the exposure at which raters' staircases stay longest (Zhou et al. 2019)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.columns import cells, encode, numbers, same_length
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.intervals import Percentile
from humaneval.stats.results import FloatArray, Result


def modal_exposure(
    frames: ArrayLike,
    *,
    frame_ms: ArrayLike,
    block: ArrayLike,
    rater: ArrayLike,
    fewest: int = 20,
    replicates: int = 2000,
    seed: int = 0,
) -> Result[float]:
    """Return the mean over raters of the mean over their blocks of the modal exposure, in milliseconds.

    One entry a trial: whole display ``frames`` that the image really stood, and the display's refresh period
    ``frame_ms``. Modes are taken over frames; where several are equally frequent, their mean. Blocks with
    less than ``fewest`` trials are left out. The interval is a percentile bootstrap over raters, as
    published. Raises NotEstimableError where fewer than two raters have a block long enough.
    """
    scores, short = modal_scores(frames, frame_ms=frame_ms, block=block, rater=rater, fewest=fewest)
    if len(scores) < 2:
        raise NotEstimableError(f"Fewer than two raters have a block of at least {fewest} trials.")
    draws = _resampled(scores, replicates, seed)
    return Result(
        estimate=float(np.mean(scores)),
        standard_error=float(np.std(scores, ddof=1) / np.sqrt(len(scores))),
        n=np.size(frames),
        method=f"mean of blocks' modal exposures, bootstrap over raters ({replicates}, seed {seed})",
        rule=Percentile(draws),
        clusters={"rater": len(scores)},
        convention="percentile",
        notes=(f"{short} blocks with under {fewest} trials are left out.",) if short else (),
    )


def modal_scores(
    frames: ArrayLike, *, frame_ms: ArrayLike, block: ArrayLike, rater: ArrayLike, fewest: int = 20
) -> tuple[FloatArray, int]:
    """Return raters' means of their blocks' modal exposures (ms), and how many blocks were too short."""
    same_length(frames=frames, frame_ms=frame_ms, block=block, rater=rater)
    counts, periods = numbers(frames, "frames"), numbers(frame_ms, "frame_ms")
    who, blocks = encode(rater), encode(block)
    cell = cells(who.codes, blocks.codes, blocks.size)
    parts = np.split(np.argsort(cell.codes, kind="stable"), np.cumsum(np.bincount(cell.codes))[:-1])
    modes: dict[int, list[float]] = {}
    for rater_of, mine in zip(cell.labels // blocks.size, parts, strict=True):
        if len(mine) >= fewest:
            score = _mode(counts[mine]) * float(np.median(periods[mine]))
            modes.setdefault(int(rater_of), []).append(score)
    short = sum(len(mine) < fewest for mine in parts)
    return np.array([float(np.mean(of_rater)) for of_rater in modes.values()]), short


def _mode(values: FloatArray) -> float:
    found, often = np.unique(values, return_counts=True)
    return float(found[often == often.max()].mean())


def _resampled(scores: FloatArray, replicates: int, seed: int) -> FloatArray:
    picks = np.random.default_rng(seed).integers(len(scores), size=(replicates, len(scores)))
    return np.asarray(scores[picks].mean(axis=1))
