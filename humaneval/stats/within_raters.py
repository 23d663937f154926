"""What changes within a rater: contrasts between two parts of a sitting, and slopes, raters being the
clusters.

Each rater is compared with themselves only, so that who rates faster or better than others plays no part;
what varies between raters is the error. For n votes of G raters the tests are Student's t on G - 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.columns import encode, numbers, same_length, sums_by, truths
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.intervals import Symmetric, two_sided
from humaneval.stats.results import FloatArray, Tested

FEWEST_RATERS = 3
ROUNDS = 5
NOTHING = 1e-18
"""Share of the sum of squares below which a rater's values are one, but for rounding."""


def within_contrast(
    answer: ArrayLike, *, second: ArrayLike, rater: ArrayLike, stratum: ArrayLike | None = None
) -> Tested[float]:
    """Return by how much a rater's mean answer is higher where ``second`` is true than where it is false.

    ``stratum`` (a condition, say) is taken out beforehand by its mean, so that what was shown when plays no
    part. Raters weigh n1 n2/(n1 + n2); the error is that between raters. Raises NotEstimableError where fewer
    than three raters have votes on both sides.
    """
    n = same_length(answer=answer, second=second, rater=rater, stratum=stratum)
    values, later, who = numbers(answer, "answer"), truths(second, "second"), encode(rater)
    values = values - _means_of(values, stratum)
    counts = [sums_by(who.codes, (later == side).astype(float), who.size) for side in (False, True)]
    sums = [sums_by(who.codes, np.where(later == side, values, 0.0), who.size) for side in (False, True)]
    both = (counts[0] > 0) & (counts[1] > 0)
    if both.sum() < FEWEST_RATERS:
        raise NotEstimableError(
            f"A change within raters needs at least {FEWEST_RATERS} who answered in both parts; "
            f"there are {int(both.sum())}."
        )
    first, last = (total[both] / count[both] for total, count in zip(sums, counts, strict=True))
    weight = counts[0][both] * counts[1][both] / (counts[0][both] + counts[1][both])
    share = weight / weight.sum()
    estimate = float(share @ (last - first))
    return _tested(estimate, share * (last - first - estimate), share, n, "change within raters")


def within_slope(
    answer: ArrayLike, *, on: ArrayLike, rater: ArrayLike, stratum: ArrayLike | None = None
) -> Tested[float]:
    """Return by how much an answer rises with one unit of ``on`` within a rater (ordinary least squares).

    Both are centred by rater and stratum. Raises NotEstimableError where ``on`` varies within fewer than
    three raters.
    """
    n = same_length(answer=answer, on=on, rater=rater, stratum=stratum)
    values, steps, who = numbers(answer, "answer"), numbers(on, "on"), encode(rater)
    y, x = (_centred(column, who.codes, stratum) for column in (values, steps))
    spread = sums_by(who.codes, x**2, who.size)
    total, scale = float(spread.sum()), float((steps**2).sum())
    varied = int((spread > NOTHING * max(scale, 1e-300)).sum())
    if varied < FEWEST_RATERS:
        raise NotEstimableError(
            f"A slope within raters needs at least {FEWEST_RATERS} whose votes differ in it; "
            f"there are {varied}."
        )
    slope = float(x @ y) / total
    parts = sums_by(who.codes, x * (y - slope * x), who.size) / total
    return _tested(slope, parts[spread > 0], (spread / total)[spread > 0], n, "slope within raters")


def _centred(values: FloatArray, rater: ArrayLike, stratum: ArrayLike | None) -> FloatArray:
    """Return values without the means of raters and strata, taken out in turn until neither is left."""
    for _ in range(ROUNDS):
        values = values - _means_of(values, rater)
        if stratum is None:
            return values
        values = values - _means_of(values, stratum)
    return np.asarray(values - _means_of(values, rater))


def _means_of(values: FloatArray, groups: ArrayLike | None) -> FloatArray:
    if groups is None:
        return np.zeros(len(values))
    codes = encode(groups)
    means = sums_by(codes.codes, values, codes.size) / sums_by(codes.codes, np.ones(len(values)), codes.size)
    return np.asarray(means[codes.codes])


def _tested(estimate: float, parts: FloatArray, share: FloatArray, n: int, name: str) -> Tested[float]:
    """Return the estimate with the error that its raters' parts show (CR2: each over sqrt(1 - its share))."""
    room = np.maximum(1.0 - share, 1e-12)
    error = float(np.sqrt((parts**2 / room).sum()))
    freedom = len(parts) - 1.0
    return Tested(
        estimate=estimate,
        standard_error=error,
        n=n,
        method=f"{name}, clustered by rater",
        rule=Symmetric(freedom),
        clusters={"rater": len(parts)},
        convention="Student t",
        pvalue=two_sided(estimate, error, freedom),
    )
