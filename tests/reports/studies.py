"""Small studies with votes and scores, made straight in the database."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from humaneval.protocols import registry
from humaneval.rating.models import Answer, Assignment, Rater, Session, Vote, VoteOutcome
from humaneval.samples.models import Sample, SampleSet
from humaneval.scoring.models import MetricRun, Score
from humaneval.studies.models import Condition, Question, Study, StudyState, Trial


@dataclass(frozen=True)
class GivenVote:
    """A vote to store: who, on which trial (by number), and the canonical answers by question key."""

    rater: int
    trial: int
    answers: dict[str, int]
    is_repeat: bool = False
    late: bool = False
    spoilt: bool = False
    simulated: bool = False
    outcome: str = VoteOutcome.ANSWERED
    response_ms: float = 1200.0
    timings: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


def make_sets(generated: Sequence[str], real: str | None, samples: int = 4) -> list[SampleSet]:
    """Return sample sets by name, the real one first where there is one, each with some samples."""
    names = [(real, "real")] if real else []
    names += [(name, "generated") for name in generated]
    return [_make_set(name, kind, samples) for name, kind in names]


def _make_set(name: str, kind: str, samples: int) -> SampleSet:
    slug = uuid.uuid5(uuid.NAMESPACE_URL, name).hex
    sample_set = SampleSet.objects.create(name=name, slug=slug, kind=kind)
    Sample.objects.bulk_create(
        Sample(
            sample_set=sample_set,
            name=f"{index:04d}.png",
            sha256=f"{slug}{index:032d}",
            file=f"samples/{slug}/{index}",
            format="PNG",
            mode="L",
            width=8,
            height=8,
            size=100,
        )
        for index in range(samples)
    )
    return sample_set


def make_study(
    protocol: str,
    *,
    sets: Sequence[SampleSet],
    questions: Sequence[dict[str, Any]] = (),
    slug: str = "study",
    name: str = "A study",
    state: str = StudyState.OPEN,
    **settings: Any,
) -> Study:
    """Return a study of ``sets`` with the protocol's default questions, still without trials."""
    study = Study.objects.create(name=name, slug=slug, protocol=protocol, seed=7, settings=settings)
    Condition.objects.bulk_create(
        Condition(study=study, sample_set=one, label=one.name, position=place)
        for place, one in enumerate(sets)
    )
    defaults = [
        {"key": one.key, "text": one.text, "points": one.points, "low_label": one.low_label,
         "middle_label": one.middle_label, "high_label": one.high_label}
        for one in registry.get(protocol).default_questions
    ]  # fmt: skip
    Question.objects.bulk_create(
        Question(study=study, position=place, **values) for place, values in enumerate(questions or defaults)
    )
    Study.objects.filter(pk=study.pk).update(state=state)
    study.refresh_from_db()
    return study


def add_trials(study: Study, sides: Iterable[tuple[str, str | None, int]]) -> list[Trial]:
    """Make trials from (condition, other condition or None, index of the sample in each set)."""
    conditions = {one.label: one for one in study.conditions.all()}
    samples = {
        one.label: list(Sample.objects.filter(sample_set=one.sample_set).values_list("id", flat=True))
        for one in conditions.values()
    }
    return Trial.objects.bulk_create(
        Trial(
            study=study,
            number=number,
            condition=conditions[one],
            other=conditions[two] if two else None,
            slots=[[samples[name][index]] for name in (one, two) if name],
            turn=number % 2,
        )
        for number, (one, two, index) in enumerate(sides)
    )


def add_votes(study: Study, votes: Iterable[GivenVote]) -> list[Vote]:
    """Store votes in bulk, with the raters, sessions and assignments that they need."""
    votes = list(votes)
    trials = {trial.number: trial for trial in Trial.objects.filter(study=study)}
    questions = {question.key: question for question in study.questions.all()}
    sessions = _sessions(study, votes)
    start = {key: session.assignments.count() for key, session in sessions.items()}
    assignments = []
    for vote in votes:
        trial, session = trials[vote.trial], sessions[vote.rater]
        order = list(range(len(trial.slots)))
        assignments.append(
            Assignment(
                session=session,
                trial=trial,
                position=start[vote.rater],
                order=order[::-1] if trial.turn else order,
                is_repeat=vote.is_repeat,
                parameters=vote.parameters,
                lease_until=timezone.now() + timedelta(hours=1),
            )
        )
        start[vote.rater] += 1
    Assignment.objects.bulk_create(assignments, batch_size=2000)
    stored = Vote.objects.bulk_create(
        (
            Vote(
                assignment=assignment,
                key=uuid.uuid4(),
                outcome=vote.outcome,
                late=vote.late,
                spoilt=vote.spoilt,
                response_ms=vote.response_ms,
                timings=vote.timings,
            )
            for vote, assignment in zip(votes, assignments, strict=True)
        ),
        batch_size=2000,
    )
    Answer.objects.bulk_create(
        (
            Answer(vote=row, question=questions[key], value=value)
            for row, vote in zip(stored, votes, strict=True)
            for key, value in vote.answers.items()
        ),
        batch_size=2000,
    )
    return stored


def _sessions(study: Study, votes: Sequence[GivenVote]) -> dict[int, Session]:
    simulated = {vote.rater: vote.simulated for vote in votes}
    found = {}
    for rater, is_simulated in simulated.items():
        person, _ = Rater.objects.get_or_create(
            panel="link", key_hash=f"{rater:064d}", defaults={"simulated": is_simulated}
        )
        found[rater], _ = Session.objects.get_or_create(
            study=study,
            rater=person,
            defaults={"token_hash": uuid.uuid4().hex, "consent_hash": "0" * 64},
        )
    return found


def add_scores(
    study: Study,
    metric: str,
    values: dict[str, float],
    *,
    label: str = "",
    higher_is_better: bool | None = False,
    standard_error: float | None = None,
    extractor: str = "module:digits.pt2",
    job: Any = None,
) -> MetricRun:
    """Store one metric run with the scores of the study's conditions by label."""
    reference, _ = SampleSet.objects.get_or_create(name="reference", slug="reference", kind="real")
    run = MetricRun.objects.create(reference=reference, extractor=extractor, metrics=[metric], job=job)
    sets = {one.label: one.sample_set for one in study.conditions.select_related("sample_set")}
    run.generated.set(sets[name] for name in values)
    Score.objects.bulk_create(
        Score(
            run=run,
            sample_set=sets[name],
            metric=metric,
            label=label or metric.replace("_", " "),
            value=value,
            standard_error=standard_error,
            higher_is_better=higher_is_better,
            count_real=100,
            count_generated=100,
        )
        for name, value in values.items()
    )
    return run
