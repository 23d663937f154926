"""The study as a report names it: its questions, and its conditions under names that are never empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from humaneval.protocols import registry
from humaneval.protocols.base import Protocol
from humaneval.protocols.requirements import MOST_POINTS
from humaneval.reports.results import ConditionFacts, QuestionFacts, StudyFacts
from humaneval.studies.models import Condition, Question, Study


def study_facts(study: Study) -> StudyFacts:
    """Return what a report says of the study itself. Two queries."""
    protocol = registry.get(study.protocol)
    return StudyFacts(
        slug=study.slug,
        name=study.name,
        protocol=study.protocol,
        protocol_title=protocol.title,
        analysis=protocol.analysis,
        state=study.state,
        seed=study.seed,
        questions=[_question_facts(question, protocol, study.settings) for question in study.questions.all()],
        conditions=_conditions(list(study.conditions.select_related("sample_set"))),
        chance=protocol.chance(study.settings),
    )


def _conditions(conditions: Sequence[Condition]) -> list[ConditionFacts]:
    """Return the conditions under names that are neither empty nor equal; the set's name tells them apart."""
    labels = [one.label or one.sample_set.name for one in conditions]
    return [
        ConditionFacts(
            one.pk,
            label if labels.count(label) == 1 else f"{label} ({one.sample_set.name})",
            one.sample_set.kind,
            one.sample_set.name,
        )
        for one, label in zip(conditions, labels, strict=True)
    ]


def _question_facts(question: Question, protocol: Protocol, settings: Mapping[str, Any]) -> QuestionFacts:
    if not protocol.uses_scale:
        return QuestionFacts(question.key, question.text, 0, [])
    low, high = protocol.value_range(question.points, settings)
    labels = _value_labels(question, low, high)
    return QuestionFacts(question.key, question.text, high, labels, low)


def _value_labels(question: Question, low: int, high: int) -> list[str]:
    """Return a name for each point, or each tenth of a slider: its numbers, with the words shown there."""
    if high - low > MOST_POINTS:
        names = [f"{low + 10 * tenth} to {low + 10 * tenth + 9}" for tenth in range(9)]
        names.append(f"{low + 90} to {high}")
    else:
        names = [str(value) for value in range(low, high + 1)]
    words = {0: question.low_label, len(names) - 1: question.high_label}
    if len(names) % 2:
        words.setdefault(len(names) // 2, question.middle_label)
    return [f"{name} {words.get(place, '')}".strip() for place, name in enumerate(names)]
