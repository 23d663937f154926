"""Variance of means when votes cluster by rater and by item.

The estimate is linear in the votes: each vote contributes ``influence``, and contributions within a
cluster are summed before they are squared (the sandwich). Two crossed kinds of cluster are joined as
V = V_rater + V_item - V_cell (Cameron, Gelbach and Miller 2011). Cluster sums are divided by
sqrt(1 - h), h the cluster's share of its group, which is Bell and McCaffrey's (2002) CR2 for a mean:
unbiased for independent votes however unequal the clusters, and G/(G - 1) when they are equal.
Written here because statsmodels' two-way sandwich has neither CR2 nor its degrees of freedom, and builds
a design matrix for each fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from humaneval.stats.alike import is_alike
from humaneval.stats.columns import Codes, IntArray, sums_by
from humaneval.stats.items import Items
from humaneval.stats.results import FloatArray

EXACT = 1e-9
"""Variances closer than this share of each other are the same: sums differ so by the order of votes."""
ALIKE_NOTE = "The clusters agree exactly and tell nothing of their spread; votes are taken as independent."


@dataclass(frozen=True)
class ClusterVariance:
    """A variance, the degrees of freedom of its t quantile, and what it rests on."""

    variance: float
    degrees_of_freedom: float
    independent: float
    method: str
    clusters: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def design_effect(self) -> float | None:
        """Variance over that of independent votes; None where all votes are alike."""
        return self.variance / self.independent if self.independent > 0 else None

    @property
    def silent(self) -> bool:
        """Whether the clusters (too few, or alike) tell nothing of their spread."""
        return self.degrees_of_freedom <= 0 or is_alike(self.variance, self.independent)

    def or_independent(self) -> ClusterVariance:
        """Return this variance, or where the clusters are silent that of independent votes, and say so."""
        if not self.silent or self.independent <= 0:
            return self
        return replace(
            self,
            variance=self.independent,
            method=f"{self.method}, who are alike: the variance of independent votes is used",
            notes=(*self.notes, ALIKE_NOTE),
        )


@dataclass(frozen=True, eq=False)
class Influence:
    """Each vote's contribution to an estimate, its share of its group's weight, and its group.

    A mean has one group, a difference of two means two.
    """

    contribution: FloatArray
    share: FloatArray
    group: IntArray
    groups: int


def mean_influence(values: FloatArray, weight: FloatArray) -> tuple[float, Influence]:
    """Return the weighted mean and what each vote contributes to it."""
    share = weight / weight.sum()
    mean = float(values[0]) if np.ptp(values) == 0 else float(share @ values)  # alike is alike, to the bit
    return mean, Influence(share * (values - mean), share, np.zeros(len(values), dtype=np.int64), 1)


def one_way(influence: Influence, codes: Codes) -> tuple[float, float]:
    """Return the CR2 variance over one kind of cluster, and its Bell-McCaffrey degrees of freedom.

    Zero degrees of freedom mean that there are too few clusters for any variance.
    """
    squares, shares = _squares(influence, [codes.codes], codes.size)
    return float(squares.sum()), _degrees_of_freedom(shares)


def by_items(influence: Influence, items: Items) -> tuple[float, float]:
    """Return the CR2 variance over items, of which a vote may have several, and its degrees of freedom.

    Sums over items count votes that share all m of theirs m times; their sets are taken off again.
    """
    variance, shares, together = _over_items(influence, items)
    if together is None:
        return variance, _degrees_of_freedom(shares)
    # Images that always come together are one cluster.
    freedom = min(_degrees_of_freedom(shares / max(shares.sum(), 1e-300)), _degrees_of_freedom(together))
    return variance, freedom


def _over_items(influence: Influence, items: Items) -> tuple[float, FloatArray, FloatArray | None]:
    """Return the variance over items, and the shares of all votes of items and of sets of several."""
    squares, shares = _squares(influence, items.columns, items.size)
    if not items.several:
        return float(squares.sum()), shares, None
    sets, beyond = items.sets()
    again, together = _squares(influence, [sets.codes], sets.size)
    return float(squares.sum() - beyond @ again), shares, together


def _squares(influence: Influence, owners: Sequence[IntArray], size: int) -> tuple[FloatArray, FloatArray]:
    """Return each cluster's squared (adjusted) contribution, and its share of all votes.

    ``owners`` are columns of clusters, each vote in one of every column; from ``size`` on they are none.
    """
    shape = (size + 1, influence.groups)
    sums, shares = np.zeros(shape), np.zeros(shape)
    for owner in owners:
        key = owner * influence.groups + influence.group
        sums += sums_by(key, influence.contribution, sums.size).reshape(shape)
        shares += sums_by(key, influence.share, shares.size).reshape(shape)
    sums, shares = sums[:size], shares[:size]
    return _adjusted(sums, shares).sum(axis=1) ** 2, shares.mean(axis=1)


def _adjusted(sums: FloatArray, shares: FloatArray) -> FloatArray:
    """Return clusters' contributions as CR2 takes them; 0 where a cluster is all of its group."""
    room = 1.0 - shares
    return np.divide(sums, np.sqrt(np.maximum(room, 0)), out=np.zeros(sums.shape), where=room > 1e-12)


def _degrees_of_freedom(shares: FloatArray) -> float:
    """Satterthwaite degrees of freedom of CR2 for a mean of independent votes (G - 1 if balanced)."""
    if len(shares) < 2 or shares.max() > 1 - 1e-12:
        return 0.0
    odds = shares**2 / (1 - shares)
    return float(1.0 / ((shares**2).sum() + odds.sum() ** 2 - (odds**2).sum()))


def independent_variance(influence: Influence) -> float:
    """Return the variance with every vote its own cluster."""
    return float((_adjusted(influence.contribution, influence.share) ** 2).sum())


def independent_freedom(influence: Influence) -> float:
    """Return the degrees of freedom of :func:`independent_variance`."""
    return _degrees_of_freedom(influence.share / influence.groups)


def cluster_variance(influence: Influence, rater: Codes | None, item: Items | None) -> ClusterVariance:
    """Return the variance by the widest clustering that the votes allow.

    Two-way by rater and item where items repeat across raters, else by rater; by item or by vote, with a
    note, where there is only one rater. ``degrees_of_freedom`` is 0 where there is only one vote.
    """
    independent = independent_variance(influence)
    if rater is not None and rater.size > 1:
        if item is not None and item.size > 1 and item.crossed(rater):
            return _two_way(influence, rater, item, independent)
        variance, freedom = one_way(influence, rater)
        return ClusterVariance(variance, freedom, independent, "clustered by rater", {"rater": rater.size})
    if rater is None:
        note = "No raters were given: votes are taken as independent, which those of one rater are not."
    else:
        note = "All votes come from one rater: the interval speaks of this rater only, not of people."
    return _without_raters(influence, item, independent, note)


def _without_raters(
    influence: Influence, item: Items | None, independent: float, note: str
) -> ClusterVariance:
    if item is not None and 1 < item.size < len(influence.share):
        variance, freedom = by_items(influence, item)
        return ClusterVariance(
            variance, freedom, independent, f"clustered by {item.name}", {item.name: item.size}, (note,)
        )
    free = independent_freedom(influence)
    return ClusterVariance(independent, free, independent, "independent votes", {}, (note,))


def _two_way(influence: Influence, rater: Codes, item: Items, independent: float) -> ClusterVariance:
    by_rater, rater_freedom = one_way(influence, rater)
    by_item, item_freedom = by_items(influence, item)
    by_cell, *_ = _over_items(influence, item.with_raters(rater))
    both = by_rater + by_item - by_cell
    clusters = {"rater": rater.size, item.name: item.size}
    larger, larger_freedom, name = max((by_rater, rater_freedom, "rater"), (by_item, item_freedom, item.name))
    if both <= larger * (1 + EXACT):  # the order of votes must not decide
        note = f"Two-way clustering gave less variance than clustering by {name} alone; the larger is used."
        return ClusterVariance(
            larger,
            larger_freedom,
            independent,
            f"clustered by {name} (two-way was smaller)",
            clusters,
            (note,),
        )
    parts = by_rater**2 / max(rater_freedom, 1e-12) + by_item**2 / max(item_freedom, 1e-12)
    freedom = max(both**2 / parts, min(rater_freedom, item_freedom))
    method = f"clustered two-way by rater and {item.name}"
    return ClusterVariance(both, freedom, independent, method, clusters)
