"""What surrounds a session's trials: comprehension questions before them, closing questions after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from humaneval.rating.models import Session, SessionState
from humaneval.rating.refusals import Refusal
from humaneval.rating.sessions import lock_session
from humaneval.studies.answering import check_closing, wrong_comprehension
from humaneval.studies.flow import complete_flow


@dataclass(frozen=True)
class Comprehension:
    """How one try went: ``wrong`` holds the keys of questions answered wrongly."""

    passed: bool
    tries_left: int
    wrong: list[str]


def answer_comprehension(*, session_id: int, answers: Mapping[str, Any]) -> Comprehension:
    """Judge a try at the comprehension questions; the last one that fails ends the session.

    Who has passed stays so, whatever is sent again. Raises :class:`Refusal` (``screened_out``) for a session
    that is out of tries.
    """
    with transaction.atomic():
        session = lock_session(session_id)
        tries = complete_flow(session.study.flow)["comprehension"]["tries"]
        if session.understood:
            return Comprehension(True, tries - session.comprehension_tries, [])
        _refuse_screened_out(session)
        wrong = wrong_comprehension(session.study.flow, answers)
        session.comprehension_tries += 1
        session.understood = not wrong
        left = tries - session.comprehension_tries
        if wrong and left <= 0:
            session.state, session.finished_at = SessionState.SCREENED_OUT, timezone.now()
        session.save(update_fields=["comprehension_tries", "understood", "state", "finished_at"])
    return Comprehension(not wrong, left, wrong)


def refuse_uncomprehending(session: Session) -> None:
    """Raise :class:`Refusal` (``comprehension``, ``screened_out``) until the instructions are understood."""
    _refuse_screened_out(session)
    if complete_flow(session.study.flow)["comprehension"]["questions"] and not session.understood:
        raise Refusal("comprehension", _("Please answer the questions about the instructions first."))


def refuse_unclosed(session: Session) -> None:
    """Raise :class:`Refusal` (``closing``) until the closing questions are answered; programs need not."""
    asked = complete_flow(session.study.flow)["closing"]
    if asked and session.closing is None and not session.rater.simulated:
        raise Refusal("closing", _("Please answer the last questions first."))


@dataclass(frozen=True)
class Standing:
    """Where a session is on its way around the trials."""

    understood: bool
    tries_left: int
    practice_left: int
    closed: bool


def standing_of(session: Session) -> Standing:
    """Return where a session is; who is asked nothing has understood."""
    asked = complete_flow(session.study.flow)["comprehension"]
    return Standing(
        understood=session.understood or not asked["questions"],
        tries_left=max(0, asked["tries"] - session.comprehension_tries),
        practice_left=max(0, len(session.study.practice) - len(session.practice)),
        closed=session.closing is not None,
    )


def store_closing(*, session_id: int, answers: Mapping[str, Any]) -> dict[str, str]:
    """Keep the answers to the closing questions; return what is wrong with them by key, then keep nothing.

    The first answers that are right count; later ones change nothing.
    """
    with transaction.atomic():
        session = lock_session(session_id)
        wrong = check_closing(session.study.flow, answers)
        if not wrong and session.closing is None:
            session.closing = dict(answers)
            session.save(update_fields=["closing"])
    return wrong


def _refuse_screened_out(session: Session) -> None:
    if session.state == SessionState.SCREENED_OUT:
        raise Refusal(
            "screened_out",
            _("The questions about the instructions were not answered rightly. Thank you for your time."),
        )
