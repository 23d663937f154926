"""Raters at the same moment: on PostgreSQL draws run side by side, and none sees another's openings.

On SQLite one transaction follows another (IMMEDIATE), so there is no side by side to test.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from humaneval.rating import handout, intake
from humaneval.rating.drawing import draw_openings
from humaneval.rating.handout import hand_out
from humaneval.rating.history import History
from humaneval.rating.intake import store_votes
from humaneval.rating.judging import Submission
from humaneval.rating.met import Met
from humaneval.rating.models import Assignment, Opening, Session, Vote, VoteOutcome
from tests.factories import SessionFactory, open_study

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction in after another"),
]


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Return what jobs return that start at the same moment, each on a connection of its own."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return [future.result() for future in [threads.submit(run, job) for job in jobs]]


def cannot_tell(assignment: UUID) -> Submission:
    """Return a vote, its key that of its assignment."""
    return Submission(assignment, assignment, VoteOutcome.CANNOT_TELL, 500.0)


def test_eight_raters_at_once_get_eight_different_blocks():
    study = open_study(trial_count=80, votes_per_trial=1, samples=80)
    sessions = [SessionFactory(study=study) for _ in range(8)]
    blocks = at_once(*(lambda s=session: hand_out(session_id=s.pk) for session in sessions))
    given = Counter(row.trial_id for block in blocks for row in block.assignments)
    assert set(given.values()) == {1}
    for session in sessions:
        hand_out(session_id=session.pk)
    assert Assignment.objects.values("trial").distinct().count() == Assignment.objects.count() == 80


def test_one_session_that_asks_twice_at_once_gets_one_block():
    session = SessionFactory(study=open_study(trial_count=40, votes_per_trial=1, samples=40))
    one, other = at_once(*[lambda: hand_out(session_id=session.pk)] * 2)
    assert [row.id for row in one.assignments] == [row.id for row in other.assignments]
    assert Assignment.objects.count() == 10


def test_one_vote_sent_twice_at_once_is_stored_once():
    session = SessionFactory(study=open_study(trial_count=10))
    row = hand_out(session_id=session.pk).assignments[0]
    vote = cannot_tell(row.id)
    intakes = at_once(*[lambda: store_votes(session=session, submissions=[vote])] * 4)
    statuses = sorted(intake.verdicts[0].status for intake in intakes)
    assert statuses == ["duplicate", "duplicate", "duplicate", "stored"]
    assert Vote.objects.count() == 1


@pytest.fixture
def no_commit():
    """Have the database refuse every vote at the commit, as it does what breaks a deferred constraint."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'not at all' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER refused_at_commit AFTER INSERT ON rating_vote"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_at_commit()"
        )

    def allow() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION IF EXISTS refuse_at_commit CASCADE")

    yield allow
    allow()


def test_a_vote_whose_commit_fails_is_not_acknowledged_and_can_be_sent_again(no_commit):
    session = SessionFactory(study=open_study(trial_count=10))
    row = hand_out(session_id=session.pk).assignments[0]
    vote = cannot_tell(row.id)
    with pytest.raises(IntegrityError, match="not at all"):
        store_votes(session=session, submissions=[vote])
    assert connection.get_autocommit()
    assert not Vote.objects.exists()
    assert Opening.objects.get(assignments=row.id).free_from is not None
    no_commit()
    assert store_votes(session=session, submissions=[vote]).verdicts[0].status == "stored"


def test_a_vote_inside_another_transaction_is_committed_by_that_one_alone():
    session = SessionFactory(study=open_study(trial_count=10))
    row = hand_out(session_id=session.pk).assignments[0]
    vote = cannot_tell(row.id)
    with transaction.atomic():
        assert store_votes(session=session, submissions=[vote]).verdicts[0].status == "stored"
        transaction.set_rollback(True)
    assert not Vote.objects.exists()
    assert store_votes(session=session, submissions=[vote]).verdicts[0].status == "stored"


def test_a_vote_given_as_its_lease_ends_leaves_no_room_for_a_second_one(monkeypatch):
    study = open_study(trial_count=5, votes_per_trial=1)
    last, next_one = SessionFactory(study=study), SessionFactory(study=study)
    rows = hand_out(session_id=last.pk).assignments
    read, drawn = intake.lock_session, []

    def read_while_another_draws(*given: Any) -> Any:
        found = read(*given)
        drawn.extend(at_once(lambda: hand_out(session_id=next_one.pk))[0].assignments)
        return found

    monkeypatch.setattr(timezone, "now", lambda: rows[0].lease_until)
    with monkeypatch.context() as patch:
        patch.setattr(intake, "lock_session", read_while_another_draws)
        store_votes(session=last, submissions=[cannot_tell(row.id) for row in rows])
    store_votes(session=next_one, submissions=[cannot_tell(row.id) for row in drawn])
    assert Vote.objects.filter(late=False).count() == 5


def test_two_raters_who_renew_their_leases_do_not_wait_for_each_other(monkeypatch):
    study = open_study(trial_count=10, votes_per_trial=1)
    sessions = [SessionFactory(study=study).pk for _ in range(2)]
    mine = [hand_out(session_id=session, size=5).assignments for session in sessions]
    expired = timezone.now() - timedelta(minutes=1)
    Opening.objects.update(free_from=expired)
    Assignment.objects.update(lease_until=expired)
    renewed, draw = threading.Barrier(2, timeout=30), handout._draw

    def draw_once_both_have_renewed(*given: Any) -> History:
        renewed.wait()
        return draw(*given)

    monkeypatch.setattr(handout, "_draw", draw_once_both_have_renewed)
    blocks = at_once(*(lambda s=session: hand_out(session_id=s) for session in sessions))
    shown = [{row.id for row in block.assignments} for block in blocks]
    assert shown == [{row.id for row in rows} for rows in mine]


@pytest.mark.parametrize("unique_samples", [False, True])
def test_nobody_is_turned_away_while_what_is_left_may_come_free(unique_samples: bool):
    study = open_study(trial_count=5, votes_per_trial=1, samples=60, unique_samples=unique_samples)
    held, looked = threading.Event(), threading.Event()

    def draw(count: int = 5) -> list[int]:
        met = Met(study, History(()))
        session = Session(study=study)
        drawn = draw_openings(session, History(()), met=met, count=count, now=timezone.now())
        return [row.opening.trial_id for row in drawn]

    def hold_and_give_up() -> None:
        with transaction.atomic():
            draw()
            held.set()
            looked.wait(1)
            transaction.set_rollback(True)

    def ask() -> list[int]:
        held.wait()
        with transaction.atomic():
            return draw()

    with transaction.atomic():
        draw(1)
    _, found = at_once(hold_and_give_up, ask)
    assert len(found) == 5


def test_eight_raters_at_once_who_meet_no_sample_twice_get_eight_different_blocks():
    # Of just enough openings the last rater could be left one whose samples they have met already.
    study = open_study(trial_count=40, votes_per_trial=4, samples=30, unique_samples=True)
    sessions = [SessionFactory(study=study) for _ in range(8)]
    at_once(*(lambda s=session: hand_out(session_id=s.pk) for session in sessions))
    for session in sessions:
        slots = session.assignments.values_list("trial__slots", flat=True)
        shown = [sample for trial in slots for slot in trial for sample in slot]
        assert len(shown) == len(set(shown)) == 20
    assert Assignment.objects.values("opening").distinct().count() == Assignment.objects.count() == 80


def test_of_eight_raters_at_once_a_study_takes_as_many_as_it_wants():
    study = open_study(trial_count=80, votes_per_trial=5, samples=80, raters_at_most=3)
    sessions = [SessionFactory(study=study) for _ in range(8)]
    blocks = at_once(*(lambda s=session: hand_out(session_id=s.pk) for session in sessions))
    assert sorted(len(block.assignments) for block in blocks) == [0] * 5 + [10] * 3
