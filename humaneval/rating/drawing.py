"""Drawing for a session: from its lanes in their order, as many openings as it is still to be handed."""

from __future__ import annotations

from datetime import datetime

from humaneval.rating.lanes import Drawn, Lane, lanes_of
from humaneval.rating.met import Met
from humaneval.rating.models import Opening, Session
from humaneval.rating.openings import has_opening, take_openings, wait_for_openings


def draw_openings(session: Session, *, met: Met, count: int, now: datetime) -> list[Drawn]:
    """Return up to ``count`` openings for a session, locked; fewer only if there are no more for it now."""
    drawn: list[Drawn] = []
    if count <= 0:
        return drawn
    lanes = lanes_of(session)
    for lane in lanes:
        taken = take_openings(session.study, lane, met=met, count=count - len(drawn), now=now)
        drawn += _drawn(session, lane, taken)
    for lane in lanes if not drawn else ():
        if not drawn:
            taken = wait_for_openings(session.study, lane, met=met, count=count, now=now)
            drawn += _drawn(session, lane, taken)
    return drawn


def has_work(session: Session, *, met: Met, now: datetime) -> bool:
    """Return whether a session could be handed a trial that it has not met."""
    return any(has_opening(session.study, lane, met=met, now=now) for lane in lanes_of(session))


def _drawn(session: Session, lane: Lane, openings: list[Opening]) -> list[Drawn]:
    trials = session.study.trial_count
    return [Drawn(opening, lane.before + opening.turn // trials) for opening in openings]
