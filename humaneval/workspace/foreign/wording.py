"""What a file does not say of its study: its name, its protocol, what is real, the ends of its scale."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from humaneval.protocols.base import Protocol
from humaneval.rating.vote_columns import NO_ANSWER, Smalls
from humaneval.reports.results import ConditionFacts, QuestionFacts, StudyFacts
from humaneval.workspace.foreign.problems import ForeignRefused

MOST_POINTS_LABELLED = 21


@dataclass(frozen=True)
class Wording:
    """What a file does not say of its study."""

    name: str
    slug: str
    protocol: str
    source: str
    real: Collection[str] = ()
    points: tuple[int, int] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


def study_facts(
    wording: Wording,
    names: Mapping[str, int],
    questions: Sequence[str],
    answers: Smalls,
    protocol: Protocol,
) -> StudyFacts:
    """Return what a report says of the study. Raises :class:`ForeignRefused` for answers beyond the scale."""
    kinds = {name: "real" if name in wording.real else "generated" for name in names}
    return StudyFacts(
        slug=wording.slug,
        name=wording.name,
        protocol=protocol.name,
        protocol_title=protocol.title,
        analysis=protocol.analysis,
        state="closed",
        seed=0,
        questions=[
            _question(key, wording, answers[:, place], protocol) for place, key in enumerate(questions)
        ],
        conditions=[ConditionFacts(number, name, kinds[name], name) for name, number in names.items()],
        chance=protocol.chance({}),
    )


def _question(key: str, wording: Wording, answers: Smalls, protocol: Protocol) -> QuestionFacts:
    default = protocol.default_questions[0].text if key == "answer" else key
    text = wording.texts.get(key, default)
    if not protocol.uses_scale:
        return QuestionFacts(key, text, 0, [])
    given = answers[answers != NO_ANSWER]
    if not len(given):
        raise ForeignRefused(f"No row answers the question “{key}”: is that the right column?")
    low, high = wording.points or (min(1, int(given.min())), int(given.max()))
    if int(given.min()) < low or int(given.max()) > high:
        raise ForeignRefused(f"Answers run from {given.min()} to {given.max()}; --points says {low}-{high}.")
    if high - low >= MOST_POINTS_LABELLED:
        labels = [f"{start} to {min(start + 9, high)}" for start in range(low, high + 1, 10)]
        return QuestionFacts(key, text, high, labels, low)
    return QuestionFacts(key, text, high, [str(point) for point in range(low, high + 1)], low)
