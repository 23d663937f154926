"""Postings, people who may post and pay, and panels on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from humaneval.demo.panels.prolific import TOKEN, FakeProlific
from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job, JobState
from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Session, SessionState
from humaneval.rating.sessions import Arrival, open_session
from humaneval.recruitment import publishing
from humaneval.recruitment.models import Posting, Submission
from humaneval.recruitment.polling import poll_posting
from humaneval.studies.models import Study
from tests.factories import AssignmentFactory, VoteFactory, member, open_study


@pytest.fixture
def prolific(settings) -> Iterator[FakeProlific]:
    """Give a stand-in for Prolific that the settings point to."""
    fake = FakeProlific()
    settings.PROLIFIC_URL, settings.PROLIFIC_TOKEN = fake.url, TOKEN
    yield fake
    fake.stop()


@pytest.fixture
def payer(db: None) -> User:
    """Give somebody who may publish and pay, and no more."""
    return member("publish_posting", "pay_posting", "view_posting")


def posting_of(study: Study | None = None, **fields: Any) -> Posting:
    """Return a draft of a posting."""
    values = {
        "panel": "prolific",
        "title": "Which image is real?",
        "description": "Look at pairs of images.",
        "places": 3,
        "reward": Decimal("1.50"),
        "currency": "GBP",
        **fields,
    }
    return Posting.objects.create(study=study or open_study(trial_count=6, samples=6), **values)


def work_off() -> list[Job]:
    """Run the jobs that wait or whose worker died, one attempt each, and those that come of them."""
    ran: dict[int, Job] = {}
    open_states = [JobState.QUEUED, JobState.RUNNING]
    while waiting := Job.objects.filter(state__in=open_states).exclude(pk__in=ran).order_by("pk").first():
        Job.objects.filter(pk=waiting.pk).update(run_after=None)
        ran[waiting.pk] = jobs.run(waiting.pk)
    return list(ran.values())


@pytest.fixture
def live_posting(prolific: FakeProlific, payer: User) -> Posting:
    """Give a posting that is live on the stand-in."""
    posting = posting_of()
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    work_off()
    posting.refresh_from_db()
    assert posting.state == "live", posting.problem
    return posting


def arrive(study: Study, parameters: dict[str, str]) -> Session:
    """Return the session of somebody who comes with these parameters, on a new browser."""
    return open_session(study=study, arrival=Arrival(consent_hash(study), uuid4(), parameters, {})).session


@pytest.fixture
def take_part(prolific: FakeProlific, live_posting: Posting) -> Callable[..., Submission]:
    """Give a way to let people take part: they arrive, finish (or not), hand in (or not)."""

    def act(*, finish: bool = True, submit: bool = True, person: str | None = None) -> Submission:
        row = prolific.take_part(live_posting.external_id, person)
        words = {
            "PROLIFIC_PID": row["participant"],
            "STUDY_ID": live_posting.external_id,
            "SESSION_ID": row["id"],
        }
        session = arrive(live_posting.study, words)
        if finish:
            complete(session)
        if submit:
            prolific.complete(row["id"], live_posting.study.completion_code)
        poll_posting(live_posting)
        return Submission.objects.get(external_id=row["id"])

    return act


def complete(session: Session, minutes: float = 6) -> None:
    """Let a session have ended after some minutes, with a vote given."""
    vote(session)
    ended = session.started_at + timedelta(minutes=minutes)
    Session.objects.filter(pk=session.pk).update(state=SessionState.COMPLETED, finished_at=ended)
    session.refresh_from_db()


def vote(session: Session) -> None:
    """Let a session have given one vote."""
    if not session.assignments.exists():
        VoteFactory(assignment=AssignmentFactory(session=session, trial=session.study.trials.first()))
