"""A study finishes although many raters leave: all its votes, hardly any too many, nobody turned away."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from django.utils import timezone

from humaneval.rating import handout, intake
from humaneval.rating.intake import store_votes
from humaneval.rating.judging import Submission
from humaneval.rating.models import Assignment, Opening, Vote, VoteOutcome
from tests.factories import SessionFactory, open_study

pytestmark = pytest.mark.django_db

TRIALS = 30
VOTES = 5


class Clock:
    """The platform's clock, ten minutes on at every look of the test."""

    def __init__(self) -> None:
        self.time = timezone.now()

    def now(self):
        """Return the time."""
        return self.time


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """Let the platform use this clock."""
    clock = Clock()
    monkeypatch.setattr(handout, "timezone", clock)
    monkeypatch.setattr(intake, "timezone", clock)
    return clock


def answer(session, rows, random: Random) -> None:
    """Send votes for some assignments, in any order."""
    votes = [Submission(row.id, uuid4(), VoteOutcome.CANNOT_TELL, 500.0) for row in rows]
    random.shuffle(votes)
    store_votes(session_id=session.pk, submissions=votes)


@pytest.mark.parametrize("seed", range(3))
def test_every_trial_gets_its_votes_though_two_in_five_raters_leave(clock, seed: int):
    random = Random(seed)
    study = open_study(trial_count=TRIALS, votes_per_trial=VOTES, assignments_per_session=10, samples=30)
    sessions, stragglers = 0, []
    while Opening.objects.filter(free_from=None).count() < TRIALS * VOTES:
        clock.time += timedelta(minutes=10)
        sessions += 1
        assert sessions < 60, "the study does not finish"
        session = SessionFactory(study=study)
        rows = list(handout.hand_out(session_id=session.pk).assignments)
        free = Opening.objects.filter(study=study, free_from__lte=clock.time).exists()
        assert rows or not free, "somebody was turned away from free openings"
        if random.random() < 0.4:
            stragglers.append((session, rows[5:]))
            rows = rows[:5]
        answer(session, rows, random)
    for session, rows in stragglers[::3]:
        answer(session, rows, random)
    votes = Counter(Vote.objects.values_list("assignment__trial", flat=True))
    punctual = Counter(Vote.objects.filter(late=False).values_list("assignment__trial", flat=True))
    assert min(votes.values()) >= VOTES
    assert len(votes) == TRIALS
    assert max(punctual.values()) <= VOTES
    assert set(Counter(Assignment.objects.values_list("session", "trial")).values()) == {1}
