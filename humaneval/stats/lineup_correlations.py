"""Does a score of single items go with where people put them among the others of their line-up?

A place is relative: what an item's answer is depends on the others that stood beside it, and the answers of
a line-up have a fixed sum. So a line-up's own level (a hard prompt, which moves every score of its images and
no place) is no part of the question, and the means of each line-up are taken out of answers and of scores. A
raw correlation would be lower by all that scores vary between line-ups. Within strata (conditions), their
effects are taken out too, by least squares beside the line-ups': the mean place of a condition's item depends
on which others it meets.

The items of a line-up are not independent (of two, one is the other's mirror image), so line-ups are left out
as wholes, or all those of one group (a prompt); where an item stands in several groups, what items share
between them is added: V_set = V_group + V_item - V_item-in-line-up. With raters crossed,
V = V_rater + V_set - V_ballot (Cameron, Gelbach and Miller 2011), on Fisher's scale. Own code, for the same
reason as in :mod:`humaneval.stats.item_correlations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.columns import Codes, IntArray, cells, encode, numbers, same_length, sums_by
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.items_left_out import (
    NEARLY_ONE,
    ONE_RATER,
    Answers,
    ItemCorrelation,
    Spread,
    checked_scores,
    correlated,
    grouped,
    jackknifed,
    joined,
    mid_ranks,
    most_groups,
    normed,
    number_of,
)
from humaneval.stats.permutations import Kind
from humaneval.stats.results import FloatArray

Bools = NDArray[np.bool_]


def lineup_correlations(
    answer: ArrayLike,
    *,
    rater: ArrayLike,
    item: ArrayLike,
    lineup: ArrayLike,
    scores: ArrayLike,
    stratum: ArrayLike,
    group: ArrayLike | None = None,
    seed: int = 0,
) -> list[dict[tuple[Kind, bool], ItemCorrelation]]:
    """Return the correlations of items' answers with scores inside line-ups, by kind and whether in strata.

    A row is one rater's answer about one item of a ballot (its place, say), ``lineup`` names the items that
    stood together, ``group`` line-ups that belong together (a prompt's). ``scores`` has a row a score and a
    column an item, in the order of the sorted labels of ``item``; ``stratum`` is one a column. A line-up of
    which only one item is given tells nothing. An item counts once in each line-up; ``items`` is how often.
    """
    same_length(answer=answer, rater=rater, item=item, lineup=lineup, group=group)
    placed, places = _placed(item, lineup, group, scores, stratum)
    answers = Answers.of(numbers(answer, "answer"), rater, placed.codes)
    kept = places.shared(np.ones(placed.size, dtype=bool))
    if not kept.any() or len(np.unique(places.group[kept])) < 2:
        raise NotEstimableError(
            "Scores are compared inside line-ups: that needs two of them, of two items each."
        )
    whole = places.whole
    people = whole.inside(answers.means[kept][None])
    columns = {within: (scores, people[within][0]) for within, scores in whole.scores.items()}
    spread = _spread(answers, places, seed)
    return correlated(columns, spread, int(kept[placed.codes].sum()))


def _placed(
    item: ArrayLike, lineup: ArrayLike, group: ArrayLike | None, scores: ArrayLike, stratum: ArrayLike
) -> tuple[Codes, _Places]:
    """Return the place that each answer is about, and what is known of the places."""
    what, where = encode(item), encode(lineup)
    values, strata = checked_scores(scores, what.size), encode(stratum).codes
    if len(strata) != what.size:
        raise InputError(f"stratum has one entry for each of the {what.size} items, not {len(strata)}.")
    placed = cells(where.codes, what.codes, what.size)
    first = placed.first
    of_item, of_lineup = what.codes[first], where.codes[first]
    places = _Places(
        lineup=of_lineup,
        item=of_item,
        group=of_lineup if group is None else encode(np.asarray(group)[first]).codes,
        stratum=strata[of_item],
        scores=values[:, of_item],
    )
    return placed, places


@dataclass(frozen=True, eq=False)
class _Places:
    """Each item in each line-up that it stands in, with its ``scores`` (L x places)."""

    lineup: IntArray
    item: IntArray
    group: IntArray
    stratum: IntArray
    scores: FloatArray

    def shared(self, kept: Bools) -> Bools:
        """Return which of the kept places are not alone in their line-up."""
        there = sums_by(self.lineup, kept.astype(float), int(self.lineup.max(initial=0)) + 1)
        return kept & (there[self.lineup] > 1.5)

    @cached_property
    def whole(self) -> _Frame:
        """All places that are not alone: most votes leave out none of them."""
        return self.frame(self.shared(np.ones(len(self.lineup), dtype=bool)))

    def frame(self, kept: Bools) -> _Frame:
        """Return kept places, none of them alone in its line-up."""
        return _Frame.of(encode(self.lineup[kept]), self.stratum[kept], self.scores[:, kept], kept)

    def correlate(self, kept: Bools, people: FloatArray) -> FloatArray:
        """Return Fisher's z of the scores with people, by score, ranks and within (L x 2 x 2).

        ``people`` is a column of all places, NaN where nothing is left.
        """
        left = self.shared(kept)
        if not left.any():
            return np.full((len(self.scores), 2, 2), np.nan)
        frame = self.whole if (left == self.whole.kept).all() else self.frame(left)
        return frame.correlate(people[left])


@dataclass(frozen=True, eq=False)
class _Frame:
    """Places by line-up and stratum, with their scores inside line-ups, by whether inside strata too.

    ``sides`` are these as unit vectors, by whether as ranks and whether inside strata; ``bread`` is the
    inverse of the information about strata's effects beside line-ups'.
    """

    lineup: Codes
    stratum: IntArray
    bread: FloatArray
    scores: Mapping[bool, FloatArray]
    sides: Mapping[tuple[bool, bool], FloatArray]
    kept: Bools

    @classmethod
    def of(cls, lineup: Codes, stratum: IntArray, scores: FloatArray, kept: Bools) -> _Frame:
        bread = _bread(lineup, stratum)
        inside = _inside(scores, lineup, stratum, bread)
        return cls(lineup, stratum, bread, inside, _sides(inside), kept)

    def inside(self, rows: FloatArray) -> dict[bool, FloatArray]:
        """Return rows inside line-ups, by whether inside strata too."""
        return _inside(rows, self.lineup, self.stratum, self.bread)

    def correlate(self, people: FloatArray) -> FloatArray:
        """Return Fisher's z of the scores with people's column, by score, ranks and within (L x 2 x 2)."""
        found = np.full((len(self.scores[False]), 2, 2), np.nan)
        for (ranked, within), column in _sides(self.inside(people[None])).items():
            found[:, int(ranked), int(within)] = (self.sides[ranked, within] * column).sum(axis=1)
        return np.asarray(np.arctanh(np.clip(found, -NEARLY_ONE, NEARLY_ONE)))


def _sides(inside: Mapping[bool, FloatArray]) -> dict[tuple[bool, bool], FloatArray]:
    """Return rows as unit vectors, by whether as ranks and whether inside strata."""
    found = {(False, within): normed(rows) for within, rows in inside.items()}
    ranks = {(True, within): np.array([mid_ranks(row) for row in rows]) for within, rows in inside.items()}
    return found | {key: normed(rows) for key, rows in ranks.items()}


def _bread(lineup: Codes, stratum: IntArray) -> FloatArray:
    """Return the inverse of the products of strata's dummies without the means of their line-ups."""
    size = int(stratum.max(initial=0)) + 1
    shape = (lineup.size, size)
    there = np.bincount(lineup.codes * size + stratum, minlength=lineup.size * size).reshape(shape)
    products = np.diag(there.sum(axis=0)) - there.T @ (there / there.sum(axis=1, keepdims=True))
    return np.asarray(np.linalg.pinv(products, rcond=1e-9, hermitian=True))


def _inside(rows: FloatArray, lineup: Codes, stratum: IntArray, bread: FloatArray) -> dict[bool, FloatArray]:
    """Return rows inside line-ups, by whether inside strata too: without effects fitted by least squares."""
    inside = _centred(rows, lineup)
    sums = np.array([sums_by(stratum, row, len(bread)) for row in inside])
    effects = _centred((sums @ bread)[:, stratum], lineup)
    return {False: _settled(inside, rows), True: _settled(inside - effects, rows)}


def _centred(rows: FloatArray, lineup: Codes) -> FloatArray:
    """Return rows without the means of their line-ups."""
    count = np.bincount(lineup.codes, minlength=lineup.size)
    means = np.array([sums_by(lineup.codes, row, lineup.size) / count for row in rows])
    return np.asarray(rows - means[:, lineup.codes])


def _settled(left: FloatArray, rows: FloatArray) -> FloatArray:
    """Return what is left of rows with 0 for rounding errors, so that equal values stay equal in rank."""
    scale = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    unit = np.where(scale > 0, scale, 1.0) * 1e-10
    return np.asarray(np.round(left / unit) * unit)


def _spread(answers: Answers, places: _Places, seed: int) -> Spread:
    """Return what leaving out raters, groups of line-ups, items and ballots says of the variances."""
    rng = np.random.default_rng(seed)
    most, sets = most_groups(answers.items), encode(places.group)
    by_set, groups = grouped(sets.size, most, rng)
    of_set = _without_places(answers.means, places, by_set[sets.codes], groups)
    if len(cells(sets.codes, places.item, int(places.item.max()) + 1).labels) > len(np.unique(places.item)):
        items = encode(places.item)
        by_item, item_groups = grouped(items.size, most, rng)
        of_item = _without_places(answers.means, places, by_item[items.codes], item_groups)
        of_place = _without_places(answers.means, places, *grouped(answers.items, most, rng))
        of_set = of_set + np.maximum(of_item - of_place, 0.0)
    clusters = {"rater": answers.raters, "line-up": sets.size}
    left_out = f"line-up ({number_of(groups, sets.size)}), seed {seed}"
    freedom = groups - 1.0
    if answers.raters < 2:
        return Spread(
            of_set, np.full(of_set.shape, freedom), clusters, f"jackknife by {left_out}", (ONE_RATER,)
        )
    by_rater, raters = grouped(answers.raters, most, rng)
    of_rater = _without_answers(answers, places, by_rater[answers.rater], raters)
    ballots = cells(answers.rater, sets.codes[answers.item], sets.size)
    by_ballot, ballot_groups = grouped(ballots.size, most, rng)
    of_ballot = _without_answers(answers, places, by_ballot[ballots.codes], ballot_groups)
    both = joined(of_rater, raters - 1.0, of_set, freedom, of_ballot)
    method = f"two-way jackknife by rater ({number_of(raters, answers.raters)}) and {left_out}"
    return Spread(*both, clusters, method, ())


def _without_places(people: FloatArray, places: _Places, group: IntArray, groups: int) -> FloatArray:
    """Return the variance of z that groups of places cause, each left out in turn."""
    return jackknifed(lambda one: places.correlate(group != one, people), range(groups))


def _without_answers(answers: Answers, places: _Places, group: IntArray, groups: int) -> FloatArray:
    """Return the variance of z that groups of answers cause, each left out in turn."""

    def correlate(left: tuple[Bools, FloatArray]) -> FloatArray:
        kept, means = left
        people = np.full(answers.items, np.nan)
        people[kept] = means
        return places.correlate(kept, people)

    return jackknifed(correlate, answers.means_without(group, groups))
