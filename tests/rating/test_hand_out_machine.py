"""Whatever raters do and in whatever order, hand-out and intake do what a simple model of them says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from humaneval.rating.handout import hand_out
from humaneval.rating.history import Handed
from humaneval.rating.intake import store_votes
from humaneval.rating.judging import Submission
from humaneval.rating.models import Vote, VoteOutcome
from tests.factories import SessionFactory, open_study

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

TRIALS, VOTES, LENGTH, LEASE = 6, 2, 4, 60


@dataclass
class Row:
    """An assignment as the model knows it."""

    session: int
    trial: int
    opening: int
    until: datetime
    key: UUID | None = None
    lapsed: bool = False

    @property
    def pending(self) -> bool:
        return self.key is None and not self.lapsed


class HandOut(RuleBasedStateMachine):
    """Raters come, fetch, vote, vote again, leave and come back, while the clock goes on."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.now = timezone.now()
        self.rows: dict[UUID, Row] = {}
        self.filled: set[int] = set()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self._clock = patch("django.utils.timezone.now", lambda: self.now)
        self._clock.start()
        self.study = open_study(
            trial_count=TRIALS, votes_per_trial=VOTES, assignments_per_session=LENGTH, lease_minutes=LEASE
        )

    def teardown(self) -> None:
        """Leave nothing of this run."""
        self._clock.stop()
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)

    @rule(target=sessions)
    def arrive(self) -> int:
        """Somebody comes."""
        return SessionFactory(study=self.study).pk

    @rule(minutes=st.sampled_from([1, 40, 61, 200]))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.now += timedelta(minutes=minutes)

    @rule(session=sessions)
    def fetch(self, session: int) -> None:
        """Somebody asks for assignments, and gets as many as the model has for them."""
        mine = [row for row in self.rows.values() if row.session == session]
        pending = {key for key, row in self.rows.items() if row.session == session and row.pending}
        room = LENGTH - sum(row.key is not None or row.pending for row in mine)
        eligible = self._free_trials() - {row.trial for row in mine}
        block = hand_out(session_id=session).assignments
        new = [shown for shown in block if shown.id not in self.rows]
        assert {shown.id for shown in block} >= pending
        assert len(block) == len(pending) + len(new)
        assert len(new) == min(room, len(eligible))
        assert {shown.trial_id for shown in new} <= eligible
        for shown in block:
            self._note(session, shown)

    def _note(self, session: int, shown: Handed) -> None:
        assert shown.opening_id is not None
        for other in self.rows.values():
            if other.opening == shown.opening_id and other.session != session and other.pending:
                other.lapsed = True
        row = Row(session, shown.trial_id, shown.opening_id, shown.lease_until)
        self.rows[shown.id] = row
        assert shown.lease_until > self.now

    @rule(session=sessions, data=st.data(), outcome=st.sampled_from(VoteOutcome.values[1:]))
    def vote(self, session: int, data: st.DataObject, outcome: str) -> None:
        """Somebody votes on anything they were ever handed and have not answered."""
        open_rows = [key for key, row in self.rows.items() if row.session == session and row.key is None]
        if not open_rows:
            return
        chosen = data.draw(st.sampled_from(sorted(open_rows)))
        row, key = self.rows[chosen], uuid4()
        (verdict,) = self._send(session, chosen, key, outcome)
        assert (verdict.status, verdict.late) == ("stored", row.lapsed or self.now > row.until)
        row.key = key
        if outcome != VoteOutcome.NOT_SHOWN:
            self.filled.add(row.opening)

    @rule(session=sessions, data=st.data(), same_key=st.booleans())
    def vote_again(self, session: int, data: st.DataObject, same_key: bool) -> None:
        """Somebody sends a vote a second time, or another one for the same assignment."""
        answered = [key for key, row in self.rows.items() if row.session == session and row.key]
        if not answered:
            return
        chosen = data.draw(st.sampled_from(sorted(answered)))
        key = self.rows[chosen].key if same_key else uuid4()
        (verdict,) = self._send(session, chosen, key, VoteOutcome.CANNOT_TELL)
        assert verdict.status == ("duplicate" if same_key else "rejected")

    def _send(self, session: int, assignment: UUID, key: UUID | None, outcome: str):
        assert key is not None
        vote = Submission(assignment, key, VoteOutcome(outcome), 500.0)
        return store_votes(session_id=session, submissions=[vote]).verdicts

    def _free_trials(self) -> set[int]:
        """Return the trials that want a vote which nobody is just giving."""
        held = {
            (row.trial, row.opening) for row in self.rows.values() if row.pending and row.until > self.now
        }
        taken = Counter(trial for trial, opening in held if opening not in self.filled)
        taken += Counter(trial for trial, opening in self._openings() if opening in self.filled)
        return {trial for trial in self.study.trials.values_list("pk", flat=True) if taken[trial] < VOTES}

    def _openings(self) -> set[tuple[int, int]]:
        return {(row.trial, row.opening) for row in self.rows.values()}

    @invariant()
    def every_vote_is_there_once(self) -> None:
        """What was stored is what the model has."""
        stored = dict(
            Vote.objects.filter(assignment__session__study=self.study).values_list("assignment", "key")
        )
        assert stored == {key: row.key for key, row in self.rows.items() if row.key}

    @invariant()
    def nobody_meets_a_trial_twice(self) -> None:
        """Each rater has each trial once at most."""
        met = Counter((row.session, row.trial) for row in self.rows.values())
        assert max(met.values(), default=1) == 1


def test_hand_out_and_intake_agree_with_a_simple_model():
    run_state_machine_as_test(
        HandOut,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
