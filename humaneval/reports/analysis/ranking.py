"""Conditions in order, best first, with equal places for equal estimates."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from humaneval.reports.results import Estimate, RankEntry, Ranking

SAME = 1e-8
"""Estimates nearer than this are equal: strengths of equal conditions differ by what a fit leaves over."""


def sorted_by_estimate(estimates: Sequence[Estimate], better: int = 1) -> list[Estimate]:
    """Return estimates, the best first; those without a number come last, in the order given.

    ``better`` is +1 where the highest is best and -1 where the lowest is.
    """
    return sorted(
        estimates,
        key=lambda one: (one.estimate is None, -better * one.estimate if one.estimate is not None else 0.0),
    )


def rank_by_estimates(estimates: Sequence[Estimate], better: int = 1) -> Ranking | None:
    """Return the ranking by one question's headline estimates; ``None`` where there are none."""
    ordered = sorted_by_estimate(estimates, better)
    if not ordered:
        return None
    first = ordered[0]
    return Ranking(
        question=first.question,
        measure=first.measure,
        measure_label=first.measure_label,
        unit=first.unit,
        method=f"ordered by {first.measure_label[:1].lower()}{first.measure_label[1:]}"
        + ("" if better > 0 else ", the lowest first"),
        entries=[rank_entry(one, place_of(one, ordered, better)) for one in ordered],
        pairs=[],
        simulated=any(one.simulated for one in ordered),
    )


def place_of(estimate: Estimate, among: Sequence[Estimate], better: int = 1) -> int | None:
    """Return 1 + how many estimates are better; ``None`` for a condition without an estimate."""
    own = estimate.estimate
    if own is None:
        return None
    return 1 + sum(one.estimate is not None and better * (one.estimate - own) > SAME for one in among)


def first_of(estimates: Sequence[Estimate], better: int = 1) -> list[Estimate]:
    """Return the best of the generated conditions, all of them where they are equal; none without numbers."""
    generated = [one for one in estimates if one.kind == "generated" and one.estimate is not None]
    return [one for one in generated if place_of(one, generated, better) == 1]


def rank_entry(estimate: Estimate, rank: int | None, win_rate: float | None = None) -> RankEntry:
    """Return the row of a ranking that an estimate makes."""
    return RankEntry(
        rank=rank,
        condition=estimate.condition,
        label=estimate.label,
        kind=estimate.kind,
        estimate=estimate.estimate,
        low=estimate.interval.low,
        high=estimate.interval.high,
        naive_low=estimate.naive.low,
        naive_high=estimate.naive.high,
        win_rate=win_rate,
        votes=estimate.votes,
    )


def is_surely_first(ranking: Ranking, condition: int, among: Collection[int]) -> bool:
    """Return whether the possible ranks leave one condition, of those ``among``, the first place alone."""
    own = next((one.rank_high for one in ranking.entries if one.condition == condition), None)
    others = [
        one.rank_low for one in ranking.entries if one.condition in among and one.condition != condition
    ]
    return own is not None and bool(others) and all(low is not None and own < low for low in others)
