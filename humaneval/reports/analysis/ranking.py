"""Conditions in order, best first, with equal places for equal estimates."""

from __future__ import annotations

from collections.abc import Sequence

from humaneval.reports.results import Estimate, RankEntry, Ranking


def sorted_by_estimate(estimates: Sequence[Estimate]) -> list[Estimate]:
    """Return estimates from highest to lowest; those without a number come last, in the order given."""
    return sorted(
        estimates, key=lambda one: (one.estimate is None, -one.estimate if one.estimate is not None else 0.0)
    )


def rank_by_estimates(estimates: Sequence[Estimate]) -> Ranking | None:
    """Return the ranking by one question's headline estimates; ``None`` where there are none."""
    ordered = sorted_by_estimate(estimates)
    if not ordered:
        return None
    first = ordered[0]
    return Ranking(
        question=first.question,
        measure=first.measure,
        measure_label=first.measure_label,
        unit=first.unit,
        method=f"ordered by {first.measure_label[:1].lower()}{first.measure_label[1:]}",
        entries=[rank_entry(one, place_of(one, ordered)) for one in ordered],
        pairs=[],
        simulated=any(one.simulated for one in ordered),
    )


def place_of(estimate: Estimate, among: Sequence[Estimate]) -> int | None:
    """Return 1 + how many estimates are higher; ``None`` for a condition without an estimate."""
    if estimate.estimate is None:
        return None
    return 1 + sum(one.estimate is not None and one.estimate > estimate.estimate for one in among)


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
