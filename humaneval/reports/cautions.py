"""What a reader must know before believing the numbers: each caution one sentence or two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from humaneval.reports.clustering import RATER, kinds_of
from humaneval.reports.numbers import counted, listed
from humaneval.reports.results import ConditionFacts, Estimate, RaterCounts, ScoreRow, StudyFacts, VoteCounts

FEW_RATERS = 10
FEW_ITEMS = 10
_NOT_SHOWN_SHARE = 0.02


def simulated_note(votes: VoteCounts, raters: RaterCounts) -> str:
    """Return the sentence that marks simulated votes, or nothing where there are none."""
    if not votes.simulated:
        return ""
    whose = (
        "All votes in this report are simulated: programs gave them, not people."
        if votes.simulated == votes.total
        else f"{votes.simulated:,} of {counted(votes.total, 'vote')} are simulated: by programs, not people."
    )
    return f"{whose} ({counted(raters.simulated, 'simulated rater')} of {raters.total:,}.)"


def all_cautions(
    study: StudyFacts,
    votes: VoteCounts,
    raters: RaterCounts,
    estimates: Sequence[Estimate],
    scores: Sequence[ScoreRow],
) -> list[str]:
    """Return the cautions that hold for this report, the gravest first."""
    return [
        *_about_votes(votes, raters),
        *_about_items(estimates),
        *_about_conditions(study.conditions, estimates),
        *_about_state(study, votes),
        *_about_scores(scores),
    ]


def _about_votes(votes: VoteCounts, raters: RaterCounts) -> Iterator[str]:
    if not votes.counted:
        yield "There are no votes to estimate from yet."
        return
    if raters.total < FEW_RATERS:
        yield (
            f"Only {counted(raters.total, 'rater')} voted: intervals clustered by rater rest on few people, "
            f"and are rough below {FEW_RATERS}."
        )
    if votes.not_shown > _NOT_SHOWN_SHARE * votes.total:
        yield (
            f"In {counted(votes.not_shown, 'vote')} of {votes.total:,} an image did not load; "
            "if that depends on the condition, estimates lean."
        )


def _about_items(estimates: Sequence[Estimate]) -> Iterator[str]:
    kinds = kinds_of(one for one in estimates if one.headline)
    for name, size in kinds.items():
        if name != RATER and size < FEW_ITEMS:
            yield (
                f"Only {counted(size, name)} were judged: whether results hold for others rests on these "
                f"few, and intervals clustered by {name} are wide and rough below {FEW_ITEMS}."
            )


def _about_conditions(conditions: Sequence[ConditionFacts], estimates: Sequence[Estimate]) -> Iterator[str]:
    bare = [one.label for one in estimates if one.headline and not one.votes and one.kind == "generated"]
    if bare and any(one.votes for one in estimates):
        names = listed(sorted(set(bare)))
        yield f"No counted votes yet for {names}."
    if len([one for one in conditions if one.kind == "generated"]) == 1:
        yield "With one generated condition there is nothing to rank and nothing to correlate."


def _about_state(study: StudyFacts, votes: VoteCounts) -> Iterator[str]:
    if study.state in {"open", "paused"} and votes.counted:
        yield (
            "The study is not closed: the numbers will move. Intervals hold for a vote count fixed "
            "beforehand; stopping when they please makes false winners."
        )


def _about_scores(scores: Sequence[ScoreRow]) -> Iterator[str]:
    references: dict[str, set[str]] = defaultdict(set)
    for row in scores:
        references[row.label].add(row.reference)
    for label, names in sorted(references.items()):
        if len(names) > 1:
            yield (
                f"{label} was computed against different real sets ({listed(sorted(names))}): "
                "its values are not comparable between conditions. Run it again against one real set."
            )
