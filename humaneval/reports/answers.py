"""The report's result in a few sentences, for the top of the page: what people said, and how firmly."""

from __future__ import annotations

from collections.abc import Iterator

from humaneval.reports.analysis.ranking import first_of
from humaneval.reports.numbers import bracket, counted, in_unit, listed
from humaneval.reports.results import Estimate, QuestionFacts, RankEntry, Ranking, Report

SURE, LIKELY = 0.95, 0.8


def answers_of(report: Report) -> list[str]:
    """Return the sentences, a question at a time; none where no vote counts yet."""
    if not report.votes.counted:
        return []
    return [said for question in report.study.questions for said in _of_question(report, question)]


def _of_question(report: Report, question: QuestionFacts) -> Iterator[str]:
    known = [one for one in _headline(report, question.key) if one.estimate is not None]
    ranking = next((one for one in report.ranking if one.question == question.key), None)
    generated = [one for one in known if one.kind == "generated"]
    if not generated:
        return
    prefix = f"“{question.text}” " if len(report.study.questions) > 1 else ""
    if len(generated) == 1:
        yield prefix + _alone(generated[0], report.study.chance)
    else:
        yield prefix + _first(generated, ranking, report.study.better)
        if (rest := _tied(ranking)) is not None:
            yield rest
    if (beside := _beside_real(known)) is not None:
        yield beside
    influence = next((one for one in report.influence if one.question == question.key), None)
    if influence is not None and influence.votes_to_change is not None:
        share = 100 * influence.votes_to_change / max(influence.votes, 1)
        lost = f"the loss of {counted(influence.votes_to_change, 'vote')} ({share:.1f}%)"
        if influence.minimal:
            yield f"It would take {lost} to change who is first."
        else:
            yield f"{lost[:1].upper()}{lost[1:]}, perhaps of fewer, changes who is first."


def _headline(report: Report, question: str) -> list[Estimate]:
    return [one for one in report.estimates if one.headline and one.question == question]


def _value(one: Estimate) -> str:
    return f"{in_unit(one.estimate, one.unit)} {bracket(one.interval, one.unit)}"


def _measure(one: Estimate) -> str:
    """Return what is measured in short: without what follows a colon."""
    short = one.measure_label.split(":")[0]
    return short[:1].lower() + short[1:]


def _alone(one: Estimate, chance: float | None) -> str:
    low, high = one.interval.low, one.interval.high
    said = f"{one.label}: {_measure(one)} {_value(one)}."
    if chance is None or low is None or high is None:
        return said
    if low <= chance <= high:
        return f"{said} That includes {100 * chance:.0f}%: raters are not shown to tell it from real."
    return (
        f"{said} "
        f"{'Raters can tell it from real.' if high < chance else 'It is taken for real more than chance.'}"
    )


def _first(generated: list[Estimate], ranking: Ranking | None, better: int) -> str:
    first = first_of(generated, better)
    best = first[0]
    entry = _entry(ranking, best)
    lowest = "" if better > 0 else "the lowest "
    if len(first) > 1:
        names, values = listed([one.label for one in first]), listed([_value(one) for one in first])
        return f"{names} share the first place: {lowest}{_measure(best)} {values}."
    said = f"{best.label} comes first: {lowest}{_measure(best)} {_value(best)}"
    if entry is None or entry.best is None:
        return f"{said}."
    if entry.best >= SURE:
        return f"{said}. It is the best with probability {_chance(entry.best)}."
    if entry.best >= LIKELY:
        return f"{said}. It is probably the best ({_chance(entry.best)}), not surely."
    return f"{said}, but who is best is open: it is first with probability {_chance(entry.best)}."


def _chance(value: float) -> str:
    return "over 99.9%" if value > 0.999 else f"{100 * value:.0f}%"


def _entry(ranking: Ranking | None, one: Estimate) -> RankEntry | None:
    if ranking is None:
        return None
    return next((entry for entry in ranking.entries if entry.condition == one.condition), None)


def _tied(ranking: Ranking | None) -> str | None:
    """Say which conditions may be first, or that every place is certain."""
    if ranking is None:
        return None
    entries = [one for one in ranking.entries if one.kind == "generated" and one.rank_low is not None]
    if len(entries) < 2 or any(one.kind == "real" for one in ranking.entries):
        return None
    first = [one.label for one in entries if one.rank_low == 1]
    if all(one.rank_low == one.rank_high for one in entries):
        return "All compared at once, every place in the order is certain at 95%."
    if len(first) > 1:
        return f"All compared at once, {listed(first)} may each be first (95%)."
    return f"All compared at once, only {first[0]} can be first (95%)." if first else None


def _beside_real(known: list[Estimate]) -> str | None:
    real = [one for one in known if one.kind == "real"]
    if not real:
        return None
    return f"For comparison, {listed([f'{one.label} {_value(one)}' for one in real])}."
