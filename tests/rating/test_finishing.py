"""A study finishes although many raters leave: all its votes, hardly any too many, nobody turned away.

The platform's own services are called, with a clock that the test moves. Raters come while others are at
work; two in five leave somewhere in their session, and a few of these come back when their leases are gone.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.utils import timezone

from humaneval.rating.handout import hand_out
from humaneval.rating.history import Handed
from humaneval.rating.intake import store_votes
from humaneval.rating.judging import Submission
from humaneval.rating.models import Assignment, Opening, Session, Vote, VoteOutcome
from humaneval.studies.models import Study
from tests.factories import SessionFactory, open_study

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1200)]

LENGTH = 20
ABANDONED = 0.4
COME_BACK = 0.05
"""Share of those who left that come back too late, and send what they had answered."""


@dataclass(order=True)
class Visit:
    """A rater's next turn at the study."""

    time: datetime
    session: int
    leaves_after: int | None = field(compare=False)
    answered: int = field(compare=False, default=0)
    forgotten: tuple[Handed, ...] = field(compare=False, default=())


class Crowd:
    """Raters who come one after the other, every two minutes, and work side by side."""

    def __init__(self, study: Study, arrivals: int, seed: int) -> None:
        self.study, self.arrivals = study, arrivals
        self.random = Random(seed)
        self.now = timezone.now()
        self.turned_away = self.left = 0
        self._visits: list[Visit] = []

    def run(self) -> None:
        """Let everybody come, and everything happen in the order of time."""
        with patch("django.utils.timezone.now", lambda: self.now):
            start = self.now
            for number in range(self.arrivals):
                self._until(start + timedelta(minutes=2 * number))
                self._arrive()
            self._until(datetime.max.replace(tzinfo=start.tzinfo))

    def _arrive(self) -> None:
        session = SessionFactory(study=self.study)
        leaves = self.random.random() < ABANDONED
        after = self.random.randrange(LENGTH) if leaves else None
        self.left += leaves
        heapq.heappush(self._visits, Visit(self.now, session.pk, after))

    def _until(self, time: datetime) -> None:
        while self._visits and self._visits[0].time <= time:
            visit = heapq.heappop(self._visits)
            self.now = max(self.now, visit.time)
            self._act(visit)
        if time.year < 9000:
            self.now = max(self.now, time)

    def _act(self, visit: Visit) -> None:
        if visit.forgotten:
            return self._vote(visit.session, visit.forgotten)
        rows = list(hand_out(session_id=visit.session).assignments)
        if not rows:
            return self._check_end(visit)
        stays = len(rows) if visit.leaves_after is None else visit.leaves_after - visit.answered
        self._vote(visit.session, rows[:stays])
        visit.answered += min(stays, len(rows))
        visit.time = self.now + timedelta(minutes=self.random.uniform(1, 6))
        if stays < len(rows):
            if self.random.random() > COME_BACK:
                return None
            visit.time, visit.forgotten = self.now + timedelta(hours=3), tuple(rows[stays : stays + 5])
        heapq.heappush(self._visits, visit)
        return None

    def _vote(self, session: int, rows: list[Handed] | tuple[Handed, ...]) -> None:
        votes = [Submission(row.id, uuid4(), VoteOutcome.CANNOT_TELL, 500.0) for row in rows]
        self.random.shuffle(votes)
        store_votes(session=Session.objects.get(pk=session), submissions=votes)

    def _check_end(self, visit: Visit) -> None:
        """Nobody ends before their length while there is an opening that they may take."""
        if visit.answered >= LENGTH:
            return
        self.turned_away += 1
        met = Assignment.objects.filter(session=visit.session).values("trial")
        free = Opening.objects.filter(study=self.study, free_from__lte=self.now).exclude(trial__in=met)
        assert not free.exists(), "somebody was turned away from an opening that was free for them"
        made = Opening.objects.filter(study=self.study).count()
        assert made == self.study.trial_count * self.study.votes_per_trial


@pytest.mark.parametrize(
    ("sessions", "trials", "seed"),
    [(100, 100, 0), pytest.param(1_000, 1_000, 2, marks=pytest.mark.slow)],
)
def test_every_trial_gets_its_votes_though_two_in_five_raters_leave(
    record_property, sessions: int, trials: int, seed: int
):
    study = open_study(
        trial_count=trials,
        votes_per_trial=10,
        assignments_per_session=LENGTH,
        lease_minutes=30,
        samples=100,
    )
    crowd = Crowd(study, sessions, seed)
    crowd.run()
    votes = Counter(Vote.objects.values_list("assignment__trial", flat=True))
    wanted = trials * study.votes_per_trial
    over = sum(max(0, count - study.votes_per_trial) for count in votes.values())
    for name, figure in {"votes": votes.total(), "over": over, "left": crowd.left}.items():
        record_property(name, figure)
    record_property("ended early", crowd.turned_away)
    assert len(votes) == trials
    assert min(votes.values()) >= study.votes_per_trial
    assert over <= 0.02 * wanted
    late = Counter(Vote.objects.filter(late=True).values_list("assignment__trial", flat=True))
    assert all(count - late[trial] <= study.votes_per_trial for trial, count in votes.items())
    assert crowd.left > 0.3 * sessions
    assert Session.objects.count() == sessions
