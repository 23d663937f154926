"""Making studies and changing drafts: what the admin, the API and scripts all call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from humaneval.protocols import registry
from humaneval.protocols.base import Protocol, QuestionSpec, SettingsError
from humaneval.samples.models import SampleSet
from humaneval.studies import wording
from humaneval.studies.models import Condition, Question, Study
from humaneval.teams.audit import record_action
from humaneval.teams.models import DEFAULT_TEAM, Team

MAX_SLUG = 120


@dataclass(frozen=True)
class ConditionInput:
    """A sample set to be compared, under a name for reports (empty: the set's own name)."""

    sample_set: SampleSet
    label: str = ""


class StudyFields(TypedDict, total=False):
    """What may be given to a study beyond its name and protocol; see the model for each."""

    slug: str
    seed: int
    trial_count: int
    votes_per_trial: int
    assignments_per_session: int
    repeats_per_session: int
    gold_per_block: int
    gold_drawn: int
    unique_samples: bool
    unique_prompts: bool
    raters_at_most: int
    sessions_per_rater: int
    strata: dict[str, Any]
    adaptive: bool
    stop_rule: str
    stop_goal: float
    lease_minutes: int
    display_width: int
    title: str
    instructions: str
    consent_text: str
    thanks_text: str
    completion_code: str
    flow: dict[str, Any]


def create_study(
    *,
    name: str,
    protocol: str,
    conditions: Sequence[SampleSet | ConditionInput] = (),
    questions: Sequence[QuestionSpec] | None = None,
    settings: Mapping[str, Any] | None = None,
    owner: User | None = None,
    team: Team | None = None,
    **fields: Unpack[StudyFields],
) -> Study:
    """Make a draft with its conditions and questions, in the order given, and return it.

    Left out, questions, instructions, consent and thanks get the protocol's and the platform's
    defaults, ``settings`` the protocol's, ``slug`` comes from the name, and the ``team`` is that of the
    sample sets. Raises ValidationError naming the fields that are wrong; then nothing is stored.
    """
    kind = get_protocol(protocol)
    defaults: StudyFields = {
        "slug": free_slug(name),
        "title": wording.default_title(),
        "instructions": kind.default_instructions,
        "consent_text": wording.default_consent(),
        "thanks_text": wording.default_thanks(),
    }
    with transaction.atomic():
        study = Study(
            name=name,
            protocol=kind.name,
            settings=checked_settings(kind, settings or {}),
            owner=owner,
            team_id=team.pk if team else _team_of(conditions),
            **{**defaults, **fields},
        )
        study.full_clean()
        study.save()
        set_conditions(study=study, conditions=conditions)
        set_questions(study=study, questions=kind.default_questions if questions is None else questions)
    return study


def _team_of(conditions: Sequence[SampleSet | ConditionInput]) -> int:
    """Return the id of the team of the first sample set, or of the default team where there is none."""
    first = next(iter(conditions), None)
    if first is None:
        return DEFAULT_TEAM
    sample_set = first.sample_set if isinstance(first, ConditionInput) else first
    return sample_set.team_id or DEFAULT_TEAM


def update_study(
    *,
    study: Study,
    name: str | None = None,
    protocol: str | None = None,
    conditions: Sequence[SampleSet | ConditionInput] | None = None,
    questions: Sequence[QuestionSpec] | None = None,
    settings: Mapping[str, Any] | None = None,
    user: User | None = None,
    **fields: Unpack[StudyFields],
) -> Study:
    """Change what is given of a study and return it; that it goes to another team is noted of ``user``.

    ``conditions`` and ``questions`` replace all there are; ``settings`` left out get defaults. With
    another ``protocol``, settings and questions that are not given become that protocol's. Raises
    ValidationError naming the fields that are wrong or that the study's state locks; then nothing is
    stored.
    """
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        former = study.team_id
        kind = get_protocol(study.protocol if protocol is None else protocol)
        if kind.name != study.protocol:
            study.protocol = kind.name
            settings = {} if settings is None else settings
            questions = kind.default_questions if questions is None else questions
        if name is not None:
            study.name = name
        if settings is not None:
            study.settings = checked_settings(kind, settings)
        for field, value in fields.items():
            setattr(study, field, value)
        study.full_clean()
        study.save()
        if conditions is not None:
            set_conditions(study=study, conditions=conditions)
        if questions is not None:
            set_questions(study=study, questions=questions)
        if study.team_id != former:
            words = {"team": _slug_of(study.team_id), "before": _slug_of(former)}
            record_action(action="move to team", subject=study, user=user, **words)
    return study


def _slug_of(team: int | None) -> str:
    return Team.objects.get(pk=team or DEFAULT_TEAM).slug


def delete_study(*, study: Study, user: User | None = None) -> None:
    """Delete a study, and note who did: the exclusion rules and the link settings declared for it go too.

    Raises ValidationError where its state forbids it, ProtectedError where raters or a posting came to it.
    """
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)  # before the log, as all others do
        record_action(action="delete study", subject=locked, user=user, study=locked.slug)
        study.delete()


def get_protocol(name: str) -> Protocol:
    """Return the protocol of a name; raises ValidationError on ``protocol`` with the names there are."""
    try:
        return registry.get(name)
    except LookupError as error:
        raise ValidationError({"protocol": str(error)}) from error


def checked_settings(protocol: Protocol, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a protocol's settings with defaults; raises ValidationError on ``settings``."""
    try:
        return protocol.checked_settings(settings)
    except SettingsError as error:
        sentences = [f"{name}: {reason}" for name, reason in error.errors.items()]
        raise ValidationError({"settings": sentences}) from error


def set_conditions(*, study: Study, conditions: Sequence[SampleSet | ConditionInput]) -> None:
    """Make these the conditions of a draft, in this order; raises ValidationError on ``conditions``."""
    wanted = [c if isinstance(c, ConditionInput) else ConditionInput(c) for c in conditions]
    ids = [condition.sample_set.pk for condition in wanted]
    if len(set(ids)) < len(ids):
        raise ValidationError({"conditions": "Each sample set can be in a study once."})
    with transaction.atomic():
        for unwanted in study.conditions.exclude(sample_set__in=ids):
            unwanted.delete()
        kept = {condition.sample_set_id: condition for condition in study.conditions.all()}
        for position, given in enumerate(wanted):
            condition = kept.get(given.sample_set.pk) or Condition(study=study, sample_set=given.sample_set)
            condition.label, condition.position = given.label, position
            condition.full_clean()
            condition.save()


def set_questions(*, study: Study, questions: Sequence[QuestionSpec]) -> None:
    """Make these the questions of a draft, in this order; raises ValidationError on ``questions``."""
    keys = [question.key for question in questions]
    if len(set(keys)) < len(keys):
        raise ValidationError({"questions": "Each question needs a key of its own."})
    with transaction.atomic():
        for unwanted in study.questions.exclude(key__in=keys):
            unwanted.delete()
        kept = {question.key: question for question in study.questions.all()}
        for position, spec in enumerate(questions):
            question = kept.get(spec.key) or Question(study=study, key=spec.key)
            question.position, question.text, question.points = position, spec.text, spec.points
            question.low_label, question.middle_label = spec.low_label, spec.middle_label
            question.high_label = spec.high_label
            question.full_clean()
            question.save()


def free_slug(name: str) -> str:
    """Return a slug from a name that no study has yet."""
    stem = slugify(name)[: MAX_SLUG - 8].strip("-") or wording.FALLBACK_SLUG
    taken = set(Study.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    slug, number = stem, 1
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug
