"""Arrivals: a person becomes a rater, and gets the one session that they have in a study."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from humaneval.rating import panels
from humaneval.rating.consent import consent_hash
from humaneval.rating.identity import rater_key_hash, session_token, token_hash
from humaneval.rating.models import Rater, Session, SessionState
from humaneval.rating.panels import Completion, Ending
from humaneval.rating.refusals import Refusal
from humaneval.studies.answering import unfit_device
from humaneval.studies.flow import languages
from humaneval.studies.models import Study, StudyState
from humaneval.studies.strata import stratum_of

BROWSER_PANEL = "link"
"""Panel of raters whom no panel recognised: they came by a plain link and are known by their browser."""

SIMULATED_PANEL = "simulated"
"""Panel of programs, so that none is ever taken for the person whose id it uses."""


AGAIN = "again"
"""Query parameter of the link by which a rater who has completed a session begins the next: its number."""


@dataclass(frozen=True)
class Arrival:
    """Somebody at the door of a study: what they agreed to, and what they brought along."""

    consent_hash: str
    client: UUID
    parameters: Mapping[str, str]
    device: Mapping[str, Any]
    simulated: bool = False
    language: str = ""


@dataclass(frozen=True)
class OpenedSession:
    """A session, the token that opens it, and whether this arrival made it."""

    session: Session
    token: str
    created: bool


def open_session(*, study: Study, arrival: Arrival) -> OpenedSession:
    """Return the arriving rater's session in the study, made if they are new there.

    The same rater gets the same session and token however often they arrive, in any state of the study;
    another session only by its own link (:func:`another_sitting`).
    Raises :class:`Refusal` for somebody new when the study takes nobody (``study_draft``,
    ``study_launching``, ``study_paused``, ``study_closed``) or when the consent text is not the one they
    agreed to (``consent_changed``), or when their device does not do (``device_unfit``).
    """
    who = _identify(study, arrival)
    known = Session.objects.filter(study=study, rater__panel=who.panel, rater__key_hash=who.key_hash)
    session = known.select_related("rater", "study").order_by("-number").first()
    if session is not None and not _asks_for_another(session, arrival):
        _tell_panel(who, session, arrival)
        return OpenedSession(session, _present_token(session), created=False)
    _refuse_unless_open(study)
    _refuse_other_consent(study, arrival.consent_hash)
    if reason := unfit_device(study.flow, arrival.device):
        raise Refusal("device_unfit", reason, turn_away(study, arrival, Ending.SCREENED_OUT))
    return _make_session(study, arrival, who, number=session.number + 1 if session else 0)


def another_sitting(session: Session) -> int | None:
    """Return the number of the session that its rater may begin after it, or None where they may not.

    Whoever has completed one may, as often as the study lets the same rater come, while it is open; who
    found nothing to do may not.
    """
    study, number = session.study, session.number + 1
    if session.state != SessionState.COMPLETED or number >= study.sessions_per_rater:
        return None
    if study.state != StudyState.OPEN or not session.assignments.exists():
        return None
    return number


def has_expired(session: Session, now: datetime) -> bool:
    """Return whether a session's token was issued too long ago to open it still."""
    return now - session.token_issued_at > timedelta(days=settings.SESSION_TOKEN_DAYS)


def _present_token(session: Session) -> str:
    """Return the token of somebody who is back: a new one if theirs has expired, which then opens nothing."""
    with transaction.atomic():
        locked, now = lock_session(session.pk), timezone.now()
        if has_expired(locked, now):
            locked.token_number, locked.token_issued_at = locked.token_number + 1, now
            locked.token_hash = token_hash(_token_of(locked))
            locked.save(update_fields=["token_number", "token_issued_at", "token_hash"])
        return _token_of(locked)


def _token_of(session: Session) -> str:
    return session_token(session.study, session.rater, session.token_number, session.number)


def lock_session(session_id: int) -> Session:
    """Return a session with its study and rater, its row locked until the transaction ends.

    Everything that a session does takes this lock first, so that its requests come one after the other
    however often a client sends them. On SQLite the transaction as a whole is the lock.
    """
    locked = Session.objects.select_for_update(of=("self",))
    return locked.select_related("study", "rater").get(pk=session_id)


@dataclass(frozen=True)
class _Identity:
    """Who arrived: the panel, the keyed hash of the person, and what may be stored of the arrival."""

    panel: str
    key_hash: str
    parameters: Mapping[str, str]
    recognised_by: str = ""
    simulated: bool = False


def _asks_for_another(session: Session, arrival: Arrival) -> bool:
    """Return whether a rater came by the link to the session after this one, and may begin it."""
    number = another_sitting(session)
    return number is not None and arrival.parameters.get(AGAIN) == str(number)


def _identify(study: Study, arrival: Arrival) -> _Identity:
    panel, person, parameters = BROWSER_PANEL, f"browser:{arrival.client}", arrival.parameters
    recognised_by, simulated = "", arrival.simulated
    recognised = panels.recognise(study, arrival.parameters)
    if recognised is not None:
        recognised_by, known = recognised
        panel, person, parameters = recognised_by, f"person:{known.person}", known.arrival
        simulated = simulated or known.simulated
    if arrival.simulated:
        panel, person = SIMULATED_PANEL, f"{panel}/{person}"
    return _Identity(panel, rater_key_hash(panel, person), parameters, recognised_by, simulated)


def _tell_panel(who: _Identity, session: Session, arrival: Arrival) -> None:
    if who.recognised_by and who.panel == who.recognised_by:
        panels.arrived(who.recognised_by, session, arrival.parameters)


def turn_away(study: Study, arrival: Arrival, ending: Ending) -> Completion | None:
    """Return what somebody who gets no session is given by the panel that sent them; None for nothing."""
    return None if arrival.simulated else panels.turned_away(study, arrival.parameters, ending)


def _refuse_unless_open(study: Study) -> None:
    messages = {
        StudyState.DRAFT: _("This study has not been launched yet. Please come back later."),
        StudyState.LAUNCHING: _("This study is being prepared. Please come back in a few minutes."),
        StudyState.PAUSED: _("This study is paused. Please come back later."),
        StudyState.CLOSED: _("This study is closed. Thank you for your interest."),
    }
    if study.state in messages:
        raise Refusal(f"study_{study.state}", messages[StudyState(study.state)])


def _refuse_other_consent(study: Study, agreed: str) -> None:
    texts = [consent_hash(study, language) for language in languages(study.flow)]
    if not any(hmac.compare_digest(agreed.encode(), text.encode()) for text in texts):
        raise Refusal(
            "consent_changed",
            _("The consent text has changed. Please reload the page, read it again and agree once more."),
        )


def _make_session(study: Study, arrival: Arrival, who: _Identity, number: int) -> OpenedSession:
    """Make rater and session; two arrivals at once meet in the unique constraints and share one session."""
    with transaction.atomic():
        rater, _made = Rater.objects.get_or_create(
            panel=who.panel, key_hash=who.key_hash, defaults={"simulated": who.simulated}
        )
        token = session_token(study, rater, sitting=number)
        session, created = Session.objects.get_or_create(
            study=study,
            rater=rater,
            number=number,
            defaults={
                "stratum": stratum_of(study.strata, arrival.device, arrival.parameters) or "",
                "token_hash": token_hash(token),
                "consent_hash": arrival.consent_hash,
                "language": arrival.language if arrival.language in languages(study.flow) else "",
                "arrival": dict(who.parameters),
                "device": dict(arrival.device),
            },
        )
        _tell_panel(who, session, arrival)
    return OpenedSession(session, token, created)
