"""Drawing for a session: from its lanes in their order, as many openings as it is still to be handed."""

from __future__ import annotations

from datetime import datetime
from random import Random

from humaneval.rating.history import History
from humaneval.rating.lanes import Drawn, Lane, route_of
from humaneval.rating.met import Met
from humaneval.rating.models import Opening, Session
from humaneval.rating.openings import has_opening, take_openings, wait_for_openings


def draw_openings(session: Session, history: History, *, met: Met, count: int, now: datetime) -> list[Drawn]:
    """Return up to ``count`` openings for a session, locked; fewer only if there are no more for it now.

    What others hold locked just now is waited for only by a session that has nothing: one that has just
    renewed leases holds locks itself, and two of these could wait for each other.
    """
    drawn: list[Drawn] = []
    if count <= 0:
        return drawn
    study, route = session.study, route_of(session, history, count)
    for lane, wanted in (*route.first, *((lane, count) for lane in route.lanes)):
        room = min(wanted, count - len(drawn))
        drawn += _drawn(session, lane, take_openings(study, lane, met=met, count=room, now=now))
    for lane in route.lanes if not (drawn or history.pending) else ():
        room = count - len(drawn)
        drawn += _drawn(session, lane, wait_for_openings(study, lane, met=met, count=room, now=now))
    if route.first:
        Random(f"{study.seed} {session.pk} order {history.next_position}").shuffle(drawn)
    return drawn


def has_work(session: Session, history: History, *, met: Met, now: datetime) -> bool:
    """Return whether a session could be handed a trial that it has not met."""
    lanes = route_of(session, history, 0).lanes
    return any(has_opening(session.study, lane, met=met, now=now) for lane in lanes)


def _drawn(session: Session, lane: Lane, openings: list[Opening]) -> list[Drawn]:
    trials = session.study.trial_count
    return [Drawn(opening, lane.before + opening.turn // trials) for opening in openings]
