"""Does a score put two systems into the order that people put them in? Pairwise accuracy, with ties.

After Kocmi et al. (2021), Deutsch, Foster and Freitag (2023, ties) and Thompson et al. (2024, soft accuracy).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.findings.together import PairwiseAccuracy
from humaneval.stats.alike import UnitsAlike
from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.pairwise_accuracy import tie_threshold

Floats = NDArray[np.float64]
LEAST_SYSTEMS = 3
SURE = 0.025
NO_WIDTH = 1e-9
_METHOD = (
    "pairs weighed by how sure people are of their order (soft pairwise accuracy); the interval redraws "
    "people, "
    "score and systems together"
)
_ALIKE = ", which are all as right: it is the exact one of independent pairs that are"


def order_accuracy(
    human: Floats, score: Floats, draws: Floats, score_error: Floats, expected_sign: int | None
) -> PairwiseAccuracy | None:
    """Return how often the score orders two systems as people do; ``None`` for a score without a better side.

    ``draws`` (draws, systems) are of the human estimates. Fewer than three systems have too few pairs.
    """
    n = len(human)
    if expected_sign is None or n < LEAST_SYSTEMS:
        return None
    first, second = np.triu_indices(n, 1)
    higher = (draws[:, first] > draws[:, second]).mean(axis=0)
    higher += (draws[:, first] == draws[:, second]).mean(axis=0) / 2
    gaps = expected_sign * (score[first] - score[second])
    apart = np.minimum(higher, 1 - higher) < SURE
    said = np.where(apart, np.sign(human[first] - human[second]), 0).astype(int)
    threshold, with_ties = tie_threshold(said, gaps)
    low, high, alike = _interval(draws, score, score_error, expected_sign)
    return PairwiseAccuracy(
        pairs=len(first),
        told_apart=int(apart.sum()),
        right=int((apart & (np.sign(gaps) == said)).sum()),
        all_pairs=float(np.where(gaps > 0, higher, np.where(gaps < 0, 1 - higher, 0.5)).mean()),
        low=low,
        high=high,
        with_ties=with_ties,
        threshold=threshold,
        method=_METHOD + _ALIKE * alike,
    )


def _interval(
    draws: Floats, score: Floats, error: Floats, sign: int
) -> tuple[float | None, float | None, bool]:
    """Return the interval's ends, and whether it is the exact one, every redraw being as right."""
    rng = np.random.default_rng(0)
    n = len(score)
    noisy = score + error * rng.standard_normal(draws.shape)
    first, second = np.triu_indices(n, 1)
    agree = np.sign(draws[:, first] - draws[:, second]) * np.sign(sign * (noisy[:, first] - noisy[:, second]))
    times = multiplicities(n, len(draws), rng)
    weight = times[:, first] * times[:, second]
    total = weight.sum(axis=1)
    kept = total > 0
    if kept.sum() < 2:
        return None, None, False
    values = (weight * (agree + 1) / 2).sum(axis=1)[kept] / total[kept]
    low, high = np.quantile(values, [0.025, 0.975])
    if high - low < NO_WIDTH:
        # Where all pairs agree every redraw of them does: that is no proof for pairs of systems to come.
        low, high = UnitsAlike(n // 2, low=0.0)(float(values.mean()), 0.0, 0.95)
        return low, high, True
    return float(low), float(high), False
