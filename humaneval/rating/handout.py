"""Hand-out: a session asks for its next block of assignments, and gets it in one transaction.

The session's row is locked first, so that two requests of one session come one after the other. First
come the assignments that it has not answered, then newly drawn ones, with repeats and gold trials at their
places.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from humaneval.rating.adapting import first_parameters, with_parameters
from humaneval.rating.drawing import draw_openings, has_work
from humaneval.rating.gold import gold_turn, place_gold
from humaneval.rating.history import Handed, History, read_history
from humaneval.rating.lanes import Drawn
from humaneval.rating.leases import GRACE, lease_end, renew_leases
from humaneval.rating.met import Met
from humaneval.rating.models import Assignment, Opening, Session, SessionState
from humaneval.rating.openings import lease_openings
from humaneval.rating.places import Places
from humaneval.rating.progress import Progress, fresh_wanted, full_length, progress_of
from humaneval.rating.repeats import choose_repeat
from humaneval.rating.screens import lay_out
from humaneval.rating.seats import could_sit, take_seat
from humaneval.rating.sessions import lock_session
from humaneval.rating.surroundings import refuse_uncomprehending
from humaneval.studies.models import StudyState, Trial

BLOCK = 10
"""How many unanswered assignments a session holds at most."""


@dataclass(frozen=True)
class Block:
    """What a session is to answer next, in order; empty when nothing is left for it."""

    session: Session
    assignments: tuple[Handed, ...]
    progress: Progress


def hand_out(*, session_id: int, size: int = BLOCK) -> Block:
    """Return a session's next block of up to ``size`` assignments.

    Unanswered ones come first, whatever the study's state; new ones are drawn only while the study is
    open. An assignment that lapsed (its opening went to somebody else) is not shown again.
    """
    with transaction.atomic():
        session = lock_session(session_id)
        refuse_uncomprehending(session)
        now = timezone.now()
        history = renew_leases(session, read_history(session), now)
        if session.state == SessionState.ACTIVE and session.study.state == StudyState.OPEN:
            history = _draw(session, history, size - len(history.pending), now)
        history = with_parameters(session, history)
    return Block(session, history.pending[:size], progress_of(session, answered=history.answered_count))


def is_work_left(session: Session, history: History, now: datetime) -> bool:
    """Return whether the session has something to answer, or will be handed something by its open study."""
    if history.pending:
        return True
    if session.study.state == StudyState.CLOSED:
        return False
    places = Places(session.study, session)
    if _repeat_at(session, places, places.next_other(history.next_position), history.rows) is not None:
        return True
    if fresh_wanted(session, history) <= 0 or not could_sit(session, history, now):
        return False
    return has_work(session, history, met=Met(session.study, history), now=now)


def note_if_nothing_is_left(session: Session) -> None:
    """Note of a session that has just begun that it will find no work, so that its page says so at once.

    Should there be some after all when it asks, it gets that, and its length with it.
    """
    if not is_work_left(session, read_history(session), timezone.now()):
        session.allotment = 0
        session.save(update_fields=["allotment"])


def _draw(session: Session, history: History, room: int, now: datetime) -> History:
    """Hand the session up to ``room`` new assignments, and note its length where the study ran short."""
    if room <= 0:
        return history
    new, drawn = _compose(session, history, room, now) if take_seat(session, history, now) else ([], [])
    used = {assignment.opening_id for assignment in new}
    lease_openings([row.opening for row in drawn if row.opening.pk in used], lease_end(session, now) + GRACE)
    Assignment.objects.bulk_create(new)
    extended = history.extended_by(new)
    _note_length(session, extended, ran_short=len(new) < room)
    return extended


def _compose(
    session: Session, history: History, room: int, now: datetime
) -> tuple[list[Assignment], list[Drawn]]:
    """Return up to ``room`` assignments, and what was drawn for them: more than they need, now and then."""
    places, met = Places(session.study, session), Met(session.study, history)
    positions = range(history.next_position, history.next_position + room)
    gold = place_gold(session, places, met, positions)
    count = min(room, fresh_wanted(session, history))
    drawn = draw_openings(session, history, met=met, count=count, now=now)
    fill = _fill(session, places, history, positions, gold, drawn, lease_end(session, now))
    return list(fill), drawn


def _fill(
    session: Session,
    places: Places,
    history: History,
    positions: range,
    gold: Mapping[int, Trial],
    drawn: list[Drawn],
    lease_until: datetime,
) -> Iterator[Assignment]:
    """Yield assignments for positions: repeats and gold trials at their places, what was drawn at all others.

    A gold trial never comes last: it is there to be mistaken for one of the others.
    """
    rows, fresh = list(history.rows), deque(drawn)
    for position in positions:
        repeated = _repeat_at(session, places, position, rows)
        more = fresh or _repeat_at(session, places, places.next_other(position), rows) is not None
        if repeated is not None:
            assignment = _repeat(session, repeated, position, lease_until)
        elif position in gold and more:
            trial = gold[position]
            assignment = _assignment(session, trial, position, lease_until, turn=gold_turn(session, trial))
        elif fresh:
            assignment = _first_time(session, fresh.popleft(), position, lease_until)
        else:
            return
        rows.append(Handed.from_assignment(assignment))
        yield assignment


def _repeat_at(
    session: Session, places: Places, position: int, rows: list[Handed] | tuple[Handed, ...]
) -> Handed | None:
    return choose_repeat(session.study, session, position, rows) if places.is_repeat(position) else None


def _first_time(session: Session, drawn: Drawn, position: int, lease_until: datetime) -> Assignment:
    """Return an assignment whose sides turn with each of the trial's votes, so that they balance."""
    opening, turn = drawn.opening, drawn.opening.trial.turn + drawn.vote
    return _assignment(session, opening.trial, position, lease_until, turn=turn, opening=opening)


def _repeat(session: Session, repeated: Handed, position: int, lease_until: datetime) -> Assignment:
    """Return an assignment that shows a trial again with its sides turned round."""
    trial = Trial.objects.get(pk=repeated.trial_id)
    turn = repeated.order[0] + 1
    return _assignment(session, trial, position, lease_until, turn=turn, is_repeat=True)


def _assignment(
    session: Session,
    trial: Trial,
    position: int,
    lease_until: datetime,
    *,
    turn: int,
    opening: Opening | None = None,
    is_repeat: bool = False,
) -> Assignment:
    """Return an unsaved assignment; grids are shuffled by its own random id."""
    key = uuid4()
    screen = lay_out(trial.slots, turn=turn, seed=key.int)
    return Assignment(
        id=key,
        session=session,
        trial=trial,
        opening=opening,
        is_repeat=is_repeat,
        position=position,
        order=screen.order,
        cells=screen.cells,
        parameters=first_parameters(session.study),
        lease_until=lease_until,
    )


def _note_length(session: Session, history: History, *, ran_short: bool) -> None:
    """Keep the session's true length once the study has less for it than it gives to others."""
    kept = len(history.kept)
    allotment = kept if ran_short and kept < full_length(session) else None
    if allotment != session.allotment:
        session.allotment = allotment
        session.save(update_fields=["allotment"])
