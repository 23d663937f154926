"""How well trivial facts separate two groups of images: cross-validated areas under the ROC curve.

Pure: rows of facts in, verdicts out. Each fact by itself, and all of them together, feed a linear
discriminant (Fisher 1936, with a small ridge); its area under the ROC curve is the mean of five folds'
areas, none of which the discriminant was fitted to.

Folds share what they were fitted to, so their areas vary together. Labels shuffled within folds show how
much: that gives the p-value (exact, one-sided) and the factor by which DeLong's variance of the folds'
areas (DeLong et al. 1988) is widened for the interval. Holm's rule keeps the chance of any false alarm in
one audit at LEVEL.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05
"""Chance of a false alarm in a whole audit in which nothing leaks."""

FOLDS = 5
FEWEST = 20
"""Images a group needs: with fewer, five folds say nothing."""

JOINT = "all"
"""Name of the verdict on all facts together."""

METHOD = (
    f"linear discriminant on ranks, {FOLDS}-fold cross-validated; 95% interval from DeLong's variance, "
    "widened for what folds share; permutation tests, Holm-adjusted so that an audit in which nothing "
    f"leaks warns with a chance of {LEVEL:.0%} at most"
)
FEWEST_SHUFFLES = 499
_RIDGE = 1e-3
_LEVELS = 10

Value = float | str
Row = Mapping[str, Value]
"""One image's facts by ``fact.column``, such as ``border.step``: numbers, or words for what has no order."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Separation:
    """How well one fact tells two groups apart: area under the ROC curve (0.5 chance, 1 always right).

    ``low`` and ``high`` bound it with 95% confidence; ``p`` is one-sided and not adjusted. ``constant``
    says that all images are alike in it, so that it can tell nothing.
    """

    fact: str
    auc: float
    low: float
    high: float
    p: float
    constant: bool = False


def separations(first: Sequence[Row], second: Sequence[Row], *, comparisons: int = 1) -> list[Separation]:
    """Return how well each fact, and all of them, tell the second group from the first.

    All rows have the same names. ``comparisons`` is how many such calls one audit makes: the more, the
    smaller the p-values that must be told from 0. Raises ValueError where a group has fewer than FEWEST
    rows.
    """
    if min(len(first), len(second)) < FEWEST:
        raise ValueError(f"Each group needs at least {FEWEST} images.")
    rows = [*first, *second]
    facts: dict[str, list[Floats]] = {}
    for name in rows[0]:
        facts.setdefault(name.split(".")[0], []).append(_encode([row[name] for row in rows]))
    matrices = {fact: np.hstack(columns) for fact, columns in facts.items()}
    matrices[JOINT] = np.hstack(list(matrices.values()))
    shuffles = max(FEWEST_SHUFFLES, math.ceil(2 * len(matrices) * comparisons / LEVEL))
    folds = _shuffled_folds(len(first), len(second), shuffles)
    return [_separation(fact, matrix, folds) for fact, matrix in matrices.items()]


def leaking(found: Sequence[Sequence[Separation]], *, level: float = LEVEL) -> list[set[str]]:
    """Return the facts above chance in each of an audit's comparisons, by Holm's rule over all of them."""
    tests = sorted(
        (one.p, index, one.fact) for index, group in enumerate(found) for one in group if not one.constant
    )
    above: list[set[str]] = [set() for _ in found]
    for rank, (p, index, fact) in enumerate(tests):
        if p > level / (len(tests) - rank):
            break
        above[index].add(fact)
    return above


def _encode(values: Sequence[Value]) -> Floats:
    """Return columns for one fact: ranks and their squares for numbers, one column a word else."""
    if any(isinstance(value, str) for value in values):
        words = [str(value) for value in values]
        common = [word for word, _count in sorted(Counter(words).items(), key=lambda w: (-w[1], w[0]))]
        columns = [[float(word == level) for word in words] for level in common[:_LEVELS]]
        return np.array(columns, dtype=np.float64).T
    ranks = _ranks(np.array(values, dtype=np.float64))
    centred = 2 * (ranks - 0.5) / len(ranks) - 1
    return np.column_stack([centred, centred**2])


@dataclass(frozen=True)
class _Fold:
    """Rows held out together, and which of them are of the second group: truly, then shuffled.

    ``second`` has a column for each labelling, the true one first.
    """

    held: NDArray[np.int64]
    second: Floats


def _shuffled_folds(first: int, second: int, shuffles: int) -> list[_Fold]:
    """Return the folds, the groups spread evenly over them; always the same for the same sizes."""
    random = np.random.default_rng(0)
    groups = [random.permutation(first), first + random.permutation(second)]
    folds = []
    for number in range(FOLDS):
        held = np.concatenate([group[number::FOLDS] for group in groups])
        labels = np.repeat((held >= first).astype(np.float64)[:, None], shuffles + 1, axis=1)
        labels[:, 1:] = random.permuted(labels[:, 1:], axis=0)
        folds.append(_Fold(held, labels))
    return folds


def _separation(fact: str, matrix: Floats, folds: Sequence[_Fold]) -> Separation:
    varying = matrix[:, np.ptp(matrix, axis=0) > 0]
    if varying.shape[1] == 0:
        return Separation(fact, 0.5, 0.5, 0.5, 1.0, constant=True)
    scores = [_scores(varying, folds, number) for number in range(FOLDS)]
    areas = np.mean([_areas(s, fold.second) for s, fold in zip(scores, folds, strict=True)], axis=0)
    auc, shuffled = float(areas[0]), areas[1:]
    p = (1 + np.count_nonzero(shuffled >= auc - 1e-12)) / (1 + len(shuffled))
    real = [(s[:, 0], fold.second[:, 0] == 1) for s, fold in zip(scores, folds, strict=True)]
    variance = sum(_delong(values[~is_second], values[is_second]) for values, is_second in real) / FOLDS**2
    expected = sum(_chance_variance(values, is_second) for values, is_second in real) / FOLDS**2
    widening = max(1.0, float(shuffled.var()) / expected) if expected > 0 else 1.0
    fewest = min(
        sum(int(f.second[:, 0].sum()) for f in folds), sum(int((1 - f.second[:, 0]).sum()) for f in folds)
    )
    low, high = _interval(auc, variance * widening, fewest)
    return Separation(fact, auc, low, high, float(p))


def _scores(matrix: Floats, folds: Sequence[_Fold], number: int) -> Floats:
    """Return a fold's held-out scores, a column a labelling, by discriminants fitted to the other folds.

    The covariance of both groups together serves as well as that within them: Fisher's direction is the
    same, and no labelling changes it.
    """
    others = [fold for place, fold in enumerate(folds) if place != number]
    fitted = matrix[np.concatenate([fold.held for fold in others])]
    second = np.concatenate([fold.second for fold in others])
    count = second.sum(axis=0)
    means = [
        (fitted.T @ labels) / total for labels, total in ((second, count), (1 - second, len(second) - count))
    ]
    centred = fitted - fitted.mean(axis=0)
    covariance = centred.T @ centred / len(fitted) + _RIDGE * np.eye(fitted.shape[1])
    weights = np.linalg.solve(covariance, means[0] - means[1])
    scores: Floats = np.round(matrix[folds[number].held] @ weights, 10)  # equal rows, equal scores
    return scores


def _areas(scores: Floats, second: Floats) -> Floats:
    """Return the area under the ROC curve of each column: P(second > first) + P(equal) / 2."""
    n = second.sum(axis=0)
    ranks = _ranks(scores, axis=0)
    areas: Floats = ((ranks * second).sum(axis=0) - n * (n + 1) / 2) / (n * (len(second) - n))
    return areas


def _delong(first: Floats, second: Floats) -> float:
    """Return DeLong's variance of one area."""
    m, n = len(first), len(second)
    ranks = _ranks(np.concatenate([first, second]))
    above = (ranks[m:] - _ranks(second)) / m
    below = 1 - (ranks[:m] - _ranks(first)) / n
    return float(above.var(ddof=1) / n + below.var(ddof=1) / m)


def _chance_variance(values: Floats, is_second: NDArray[np.bool_]) -> float:
    """Return the variance of an area if labels meant nothing, ties allowed for (Wilcoxon)."""
    total, n = len(values), int(is_second.sum())
    _values, ties = np.unique(values, return_counts=True)
    correction = float((ties**3 - ties).sum()) / (total * (total - 1))
    return (total + 1 - correction) / (12 * n * (total - n))


def _interval(auc: float, variance: float, pairs: int) -> tuple[float, float]:
    """Return the 95% bounds; where all were told apart, the exact bound of so many pairs all told apart."""
    if auc >= 1:
        return 0.025 ** (1 / pairs), 1.0
    reach = 1.959963984540054 * math.sqrt(variance)
    return max(0.0, auc - reach), min(1.0, auc + reach)


def _ranks(values: NDArray[np.float64], *, axis: int | None = None) -> NDArray[np.float64]:
    """Return ranks from 1, ties with their mean rank."""
    from scipy.stats import rankdata  # slow to import: web processes never need it

    return np.asarray(rankdata(values, axis=axis))
