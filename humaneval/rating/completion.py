"""The end of a session: the code and the way back, only once nothing is left to do."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from humaneval.rating import panels
from humaneval.rating.exclusions.attention import failed_checks
from humaneval.rating.handout import is_work_left
from humaneval.rating.history import read_history
from humaneval.rating.models import Session, SessionState, Vote, VoteOutcome
from humaneval.rating.panels import Ending
from humaneval.rating.refusals import Refusal
from humaneval.rating.sessions import lock_session
from humaneval.rating.surroundings import refuse_unclosed, refuse_uncomprehending


def complete_session(*, session_id: int) -> Session:
    """Return the session, completed: now, or when it already was.

    Raises :class:`Refusal` (``closing``) while the questions after the trials wait for answers, and
    (``work_left``) while there is something for this rater to answer, also when a
    paused study would hand it out later. A closed study has nothing more to hand out.
    """
    with transaction.atomic():
        session = lock_session(session_id)
        if session.state == SessionState.COMPLETED:
            return session
        refuse_uncomprehending(session)
        now = timezone.now()
        history = read_history(session)
        if is_work_left(session, history, now):
            raise Refusal("work_left", _("There is something left to answer in this session."))
        if history.answered_count:
            refuse_unclosed(session)
        session.state, session.finished_at = SessionState.COMPLETED, now
        session.save(update_fields=["state", "finished_at"])
    return session


def completion_of(session: Session) -> panels.Completion | None:
    """Return what the rater is given at the end, or None before it."""
    if session.state == SessionState.ACTIVE:
        return None
    return panels.completion(session, ending_of(session))


def ending_of(session: Session) -> Ending:
    """Return how a session that is over has ended."""
    if session.state == SessionState.SCREENED_OUT:
        return Ending.SCREENED_OUT
    votes = Vote.objects.filter(assignment__session=session).order_by()
    outcomes = set(votes.values_list("outcome", flat=True).distinct())
    if not outcomes:
        return Ending.QUOTA_FULL
    if outcomes == {VoteOutcome.NOT_SHOWN}:
        return Ending.SCREENED_OUT
    return Ending.FAILED_CHECKS if failed_checks(session) else Ending.COMPLETED
