"""Rows of every model for tests, and whole studies in any state.

Samples made here have no files in storage: tests that look at pixels import real folders instead.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from factory.django import DjangoModelFactory

from humaneval.jobs.models import Job
from humaneval.protocols import registry
from humaneval.rating.models import Answer, Assignment, Opening, Rater, Session, Vote
from humaneval.reports.models import Snapshot
from humaneval.samples.models import ImportRun, Prompt, Sample, SampleKind, SampleSet, Stimulus
from humaneval.scoring.models import FeatureFile, MetricRun, Score
from humaneval.studies.design import design_of
from humaneval.studies.launching import make_trials
from humaneval.studies.models import Condition, Question, Study, StudyState, Trial
from humaneval.teams.models import DEFAULT_TEAM, ApiToken, Membership, Team
from humaneval.teams.roles import Role

RECIPE = "webp-lossless/28x28/lanczos/1"


def digest(text: object) -> str:
    """Return 64 characters that look like a SHA-256 and differ for different texts."""
    return uuid.uuid5(uuid.NAMESPACE_OID, str(text)).hex * 2


class UserFactory(DjangoModelFactory):
    """A researcher: staff, with every permission."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"researcher{n}")
    is_staff = True
    is_superuser = True


class TeamFactory(DjangoModelFactory):
    """A team besides the one that is always there."""

    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")
    slug = factory.Sequence(lambda n: f"team-{n}")


def member(*permissions: str, role: str = Role.VIEWER, team: Team | None = None, **fields: Any) -> User:
    """Return a member of a team (the default one) with what is given to the person besides, by codename."""
    user = UserFactory(is_superuser=False, **fields)
    Membership.objects.create(team_id=team.pk if team else DEFAULT_TEAM, user=user, role=role)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


class TokenFactory(DjangoModelFactory):
    """A researcher's key to the API."""

    class Meta:
        model = ApiToken

    user = factory.SubFactory(UserFactory)


class JobFactory(DjangoModelFactory):
    """A queued job."""

    class Meta:
        model = Job

    kind = "tests.nothing"
    key = factory.Sequence(lambda n: f"tests.nothing:{n}")


class PromptFactory(DjangoModelFactory):
    """A prompt."""

    class Meta:
        model = Prompt

    text = factory.Sequence(lambda n: f"a handwritten {n}")
    digest = factory.LazyAttribute(lambda prompt: digest(prompt.text))


class SampleSetFactory(DjangoModelFactory):
    """An empty generated sample set."""

    class Meta:
        model = SampleSet

    name = factory.Sequence(lambda n: f"Sample set {n}")
    slug = factory.Sequence(lambda n: f"sample-set-{n}")
    kind = SampleKind.GENERATED


class SampleFactory(DjangoModelFactory):
    """A sample of 28 x 28 pixels, without a file."""

    class Meta:
        model = Sample

    sample_set = factory.SubFactory(SampleSetFactory)
    name = factory.Sequence(lambda n: f"{n:05}.png")
    sha256 = factory.LazyAttribute(lambda sample: digest(sample.name))
    file = factory.LazyAttribute(lambda sample: f"samples/{sample.sha256}.png")
    format = "PNG"
    mode = "L"
    width = 28
    height = 28
    size = 300


class StimulusFactory(DjangoModelFactory):
    """A sample's stimulus, without a file."""

    class Meta:
        model = Stimulus

    sample = factory.SubFactory(SampleFactory)
    recipe = RECIPE
    file = factory.LazyAttribute(lambda stimulus: f"stimuli/{stimulus.sample.sha256}.webp")
    width = 28
    height = 28
    size = 200
    sha256 = factory.LazyAttribute(lambda stimulus: digest(stimulus.sample.sha256))


class ImportRunFactory(DjangoModelFactory):
    """An import that is still to run."""

    class Meta:
        model = ImportRun

    sample_set = factory.SubFactory(SampleSetFactory)
    source = "/data/images"


class StudyFactory(DjangoModelFactory):
    """A draft without conditions and questions."""

    class Meta:
        model = Study

    name = factory.Sequence(lambda n: f"Study {n}")
    slug = factory.Sequence(lambda n: f"study-{n}")
    protocol = "two_afc"
    seed = 7
    title = "Which is real?"
    consent_text = "I agree to take part."
    thanks_text = "Thank you."


class ConditionFactory(DjangoModelFactory):
    """One sample set in a draft."""

    class Meta:
        model = Condition

    study = factory.SubFactory(StudyFactory)
    sample_set = factory.SubFactory(SampleSetFactory)
    position = factory.Sequence(lambda n: n)


class QuestionFactory(DjangoModelFactory):
    """One question of a draft."""

    class Meta:
        model = Question

    study = factory.SubFactory(StudyFactory)
    key = factory.Sequence(lambda n: f"question-{n}")
    text = "How realistic is this?"
    position = factory.Sequence(lambda n: n)


class TrialFactory(DjangoModelFactory):
    """One trial; give its condition and its slots of sample ids."""

    class Meta:
        model = Trial

    study = factory.SelfAttribute("condition.study")
    condition = factory.SubFactory(ConditionFactory)
    number = factory.Sequence(lambda n: n)
    slots = factory.LazyFunction(lambda: [[1]])


class RaterFactory(DjangoModelFactory):
    """A person who came by the link."""

    class Meta:
        model = Rater

    panel = "link"
    key_hash = factory.Sequence(lambda n: digest(f"rater {n}"))


class SessionFactory(DjangoModelFactory):
    """A new rater's session."""

    class Meta:
        model = Session

    study = factory.SubFactory(StudyFactory)
    rater = factory.SubFactory(RaterFactory)
    token_hash = factory.Sequence(lambda n: digest(f"token {n}"))
    consent_hash = digest("consent")


class OpeningFactory(DjangoModelFactory):
    """A trial's first vote, still wanted."""

    class Meta:
        model = Opening

    trial = factory.SubFactory(TrialFactory)
    study = factory.SelfAttribute("trial.study")
    turn = factory.SelfAttribute("trial.number")
    free_from = factory.LazyFunction(timezone.now)


class AssignmentFactory(DjangoModelFactory):
    """A trial in a rater's hands, left place first, with an hour to answer; it fills no opening."""

    class Meta:
        model = Assignment

    session = factory.SubFactory(SessionFactory)
    trial = factory.SubFactory(TrialFactory)
    position = factory.Sequence(lambda n: n)
    order = factory.LazyAttribute(lambda assignment: list(range(len(assignment.trial.slots))))
    lease_until = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))


class VoteFactory(DjangoModelFactory):
    """A vote without answers."""

    class Meta:
        model = Vote

    assignment = factory.SubFactory(AssignmentFactory)
    key = factory.LazyFunction(uuid.uuid4)
    response_ms = 1200.0


class AnswerFactory(DjangoModelFactory):
    """An answer; give its vote and question."""

    class Meta:
        model = Answer

    vote = factory.SubFactory(VoteFactory)
    question = factory.SubFactory(QuestionFactory)
    value = 0


class FeatureFileFactory(DjangoModelFactory):
    """Features of a set, without a file."""

    class Meta:
        model = FeatureFile

    sample_set = factory.SubFactory(SampleSetFactory)
    extractor = "pixels"
    extractor_digest = digest("pixels")
    content_digest = factory.Sequence(lambda n: digest(f"content {n}"))
    file = "features/none.safetensors"
    count = 10
    dimension = 4


class MetricRunFactory(DjangoModelFactory):
    """A metric run that has not begun."""

    class Meta:
        model = MetricRun

    reference = factory.SubFactory(SampleSetFactory, kind=SampleKind.REAL)
    extractor = "pixels"
    metrics = factory.LazyFunction(lambda: ["fid"])


class ScoreFactory(DjangoModelFactory):
    """A score."""

    class Meta:
        model = Score

    run = factory.SubFactory(MetricRunFactory)
    sample_set = factory.SubFactory(SampleSetFactory)
    metric = "fid"
    label = "Fréchet distance"
    value = 12.5


class SnapshotFactory(DjangoModelFactory):
    """A report that was kept."""

    class Meta:
        model = Snapshot

    study = factory.SubFactory(StudyFactory)
    vote_count = 0
    last_vote = 0
    payload = factory.LazyFunction(dict)


def filled_set(*, kind: str, count: int, prompts: list[Prompt] | None = None, **fields: Any) -> SampleSet:
    """Return a sample set with ``count`` samples and their stimuli; prompts go round."""
    sample_set = SampleSetFactory(kind=kind, **fields)
    samples = Sample.objects.bulk_create(
        SampleFactory.build(sample_set=sample_set, prompt=prompts[i % len(prompts)] if prompts else None)
        for i in range(count)
    )
    Stimulus.objects.bulk_create(StimulusFactory.build(sample=sample) for sample in samples)
    return sample_set


def draft_study(
    *, protocol: str = "two_afc", generated: int = 2, samples: int = 20, prompts: int = 0, **fields: Any
) -> Study:
    """Return a draft that can be launched: one real set where the protocol needs it, and generated ones."""
    kind = registry.get(protocol)
    texts = [PromptFactory() for _ in range(prompts)]
    study = StudyFactory(protocol=protocol, **fields)
    kinds = [SampleKind.REAL] * kind.needs_real + [SampleKind.GENERATED] * generated
    for position, set_kind in enumerate(kinds):
        sample_set = filled_set(kind=set_kind, count=samples, prompts=texts)
        ConditionFactory(study=study, sample_set=sample_set, position=position)
    for position, spec in enumerate(kind.default_questions):
        QuestionFactory(study=study, key=spec.key, text=spec.text, points=spec.points, position=position)
    return study


def open_study(**fields: Any) -> Study:
    """Return an open study (see :func:`draft_study`) with the trials that its protocol makes."""
    return opened(draft_study(**fields))


def opened(study: Study) -> Study:
    """Return a draft, open: with the trials that its protocol makes, and without a launch job."""
    make_trials(study, design_of(study), lambda done, total, note="": None)
    set_state(study, StudyState.OPEN, recipe=RECIPE, opened_at=timezone.now())
    return study


def set_state(study: Study, state: StudyState, **fields: Any) -> None:
    """Put a study into a state, past the steps that lead there."""
    Study.objects.filter(pk=study.pk).update(state=state, **fields)
    study.refresh_from_db()
