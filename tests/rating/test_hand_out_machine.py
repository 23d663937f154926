"""Whatever raters do and in whatever order, hand-out and intake do what a simple model of them says.

The model keeps every vote that the study wants from the start, in the order in which they are to be given; so
it says exactly which trials a rater is handed: leases that expire, late answers, quotas and samples that
nobody is to meet twice included.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
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
from humaneval.rating.models import Opening, Session, Vote, VoteOutcome
from humaneval.rating.openings import ALWAYS
from humaneval.rating.seats import FOR_GOOD
from tests.factories import SessionFactory, open_study

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

TRIALS, VOTES, LENGTH, LEASE = 6, 2, 4, 60


@dataclass
class Row:
    """An assignment as the model knows it."""

    session: int
    trial: int
    turn: int
    until: datetime
    key: UUID | None = None
    lapsed: bool = False

    @property
    def pending(self) -> bool:
        return self.key is None and not self.lapsed


@dataclass
class Model:
    """What a study wants, who holds what, and who has a seat."""

    free_from: dict[int, datetime | None]
    rows: dict[UUID, Row] = field(default_factory=dict)
    seats: dict[int, datetime] = field(default_factory=dict)

    def of(self, session: int) -> list[Row]:
        return [row for row in self.rows.values() if row.session == session]

    def has_voted(self, session: int) -> bool:
        return any(row.key for row in self.of(session))


class HandOut(RuleBasedStateMachine):
    """Raters come, fetch, vote, vote again, leave and come back, while the clock goes on."""

    sessions = Bundle("sessions")
    fields: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.now = timezone.now()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self._clock = patch("django.utils.timezone.now", lambda: self.now)
        self._clock.start()
        given = {"trial_count": TRIALS, "votes_per_trial": VOTES, "assignments_per_session": LENGTH}
        self.study = open_study(**given, lease_minutes=LEASE, samples=5, **self.fields)
        trials = self.study.trials.order_by("number")
        self.trials = [trial.pk for trial in trials]
        self.samples = {trial.pk: {s for slot in trial.slots for s in slot} for trial in trials}
        self.model = Model(dict.fromkeys(range(TRIALS * VOTES), ALWAYS))

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
        """Somebody asks for assignments, and gets exactly those that the model has for them."""
        pending = {key for key, row in self.model.rows.items() if row.session == session and row.pending}
        expected = self._wanted(session) if self._sits(session) else []
        block = hand_out(session_id=session).assignments
        turns = dict(Opening.objects.filter(study=self.study).values_list("pk", "turn"))
        assert {shown.id for shown in block} >= pending
        assert [turns[shown.opening_id] for shown in block if shown.id not in pending] == expected
        for shown in block:
            self._note(session, shown, turns[shown.opening_id])

    def _wanted(self, session: int) -> list[int]:
        """Return the turns that somebody is handed next: the first that are free and fit."""
        mine = self.model.of(session)
        room = LENGTH - sum(row.key is not None or row.pending for row in mine)
        met = {row.trial for row in mine}
        wanted: list[int] = []
        for turn, free_from in sorted(self.model.free_from.items()):
            trial = self.trials[turn % TRIALS]
            is_free = free_from is not None and free_from <= self.now
            if len(wanted) < room and is_free and self._may_meet(trial, met):
                met.add(trial)
                wanted.append(turn)
        return wanted

    def _may_meet(self, trial: int, met: set[int]) -> bool:
        if trial in met or not self.study.unique_samples:
            return trial not in met
        return all(self.samples[trial].isdisjoint(self.samples[other]) for other in met)

    def _sits(self, session: int) -> bool:
        """Return whether somebody has a seat in the study or gets one, and note it."""
        if not self.study.raters_at_most:
            return True
        seats, voted = self.model.seats, self.model.has_voted
        held = seats.get(session, ALWAYS)
        if not voted(session) and held <= self.now:
            others = [one for one in seats if one != session and (seats[one] > self.now or voted(one))]
            if len(others) >= self.study.raters_at_most:
                return False
        seats[session] = max(held, FOR_GOOD if voted(session) else self.now + timedelta(minutes=LEASE))
        return True

    def _note(self, session: int, shown: Handed, turn: int) -> None:
        for other in self.model.rows.values():
            if other.turn == turn and other.session != session and other.pending:
                other.lapsed = True
        self.model.rows[shown.id] = Row(session, shown.trial_id, turn, shown.lease_until)
        if self.model.free_from[turn] is not None:
            self.model.free_from[turn] = shown.lease_until
        assert shown.trial_id == self.trials[turn % TRIALS]
        assert shown.lease_until > self.now

    @rule(session=sessions, data=st.data(), outcome=st.sampled_from(VoteOutcome.values[1:]))
    def vote(self, session: int, data: st.DataObject, outcome: str) -> None:
        """Somebody votes on anything they were ever handed and have not answered."""
        open_rows = [
            key for key, row in self.model.rows.items() if row.session == session and row.key is None
        ]
        if not open_rows:
            return
        chosen = data.draw(st.sampled_from(sorted(open_rows)))
        row, key = self.model.rows[chosen], uuid4()
        (verdict,) = self._send(session, chosen, key, outcome)
        assert (verdict.status, verdict.late) == ("stored", row.lapsed or self.now > row.until)
        row.key = key
        if outcome != VoteOutcome.NOT_SHOWN:
            self.model.free_from[row.turn] = None
        elif not row.lapsed and self.model.free_from[row.turn] is not None:
            self.model.free_from[row.turn] = self.now

    @rule(session=sessions, data=st.data(), same_key=st.booleans())
    def vote_again(self, session: int, data: st.DataObject, same_key: bool) -> None:
        """Somebody sends a vote a second time, or another one for the same assignment."""
        answered = [key for key, row in self.model.rows.items() if row.session == session and row.key]
        if not answered:
            return
        chosen = data.draw(st.sampled_from(sorted(answered)))
        key = self.model.rows[chosen].key if same_key else uuid4()
        (verdict,) = self._send(session, chosen, key, VoteOutcome.CANNOT_TELL)
        assert verdict.status == ("duplicate" if same_key else "rejected")

    def _send(self, session: int, assignment: UUID, key: UUID | None, outcome: str):
        assert key is not None
        vote = Submission(assignment, key, VoteOutcome(outcome), 500.0)
        return store_votes(session=Session.objects.get(pk=session), submissions=[vote]).verdicts

    @invariant()
    def every_vote_is_there_once(self) -> None:
        """What was stored is what the model has."""
        stored = dict(
            Vote.objects.filter(assignment__session__study=self.study).values_list("assignment", "key")
        )
        assert stored == {key: row.key for key, row in self.model.rows.items() if row.key}

    @invariant()
    def no_quota_is_broken_silently(self) -> None:
        """A trial has at most its votes, those aside that came late or showed nothing."""
        votes = Vote.objects.filter(assignment__session__study=self.study, late=False)
        punctual = votes.exclude(outcome=VoteOutcome.NOT_SHOWN).values_list("assignment__trial", flat=True)
        assert max(Counter(punctual).values(), default=0) <= VOTES

    @invariant()
    def nobody_meets_anything_twice(self) -> None:
        """Each rater has each trial, and where the study says so each sample, once at most."""
        met = Counter((row.session, row.trial) for row in self.model.rows.values())
        assert max(met.values(), default=1) == 1
        if self.study.unique_samples:
            rows = self.model.rows.values()
            seen = Counter((row.session, sample) for row in rows for sample in self.samples[row.trial])
            assert max(seen.values(), default=1) == 1


class Choosy(HandOut):
    """No sample twice for a rater."""

    fields: ClassVar[dict[str, Any]] = {"unique_samples": True}


class Limited(HandOut):
    """A study that takes two raters."""

    fields: ClassVar[dict[str, Any]] = {"raters_at_most": 2}


@pytest.mark.parametrize("machine", [HandOut, Choosy, Limited])
def test_hand_out_and_intake_agree_with_a_simple_model(machine: type[HandOut]):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=14,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
