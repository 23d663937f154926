"""Bringing together what the panel lists and who came."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from humaneval.rating.models import Session
from humaneval.rating.panels import Pay
from humaneval.recruitment.effects import pay_base, pay_screen_out
from humaneval.recruitment.models import Posting, Submission, SubmissionState
from humaneval.recruitment.people import person_hash, seal
from humaneval.recruitment.recruiters import PanelSubmission

LONGEST_ID = 64
DECIDED = {SubmissionState.APPROVED, SubmissionState.REJECTED}
"""States that a list read just before our decision must not take back."""


def note_arrival(
    *,
    posting: Posting,
    external_id: str,
    person: str,
    session: Session | None,
    details: dict[str, str] | None = None,
) -> Submission | None:
    """Store under which submission a rater came; return it, None where the panel sent no usable id.

    Who was turned away has no session; they may come again and get one. Somebody else's submission is left
    as it is: an id can be typed into an address.
    """
    if not external_id or len(external_id) > LONGEST_ID:
        return None
    submission, _made = Submission.objects.get_or_create(
        posting=posting,
        external_id=external_id,
        defaults={
            "person_hash": person_hash(posting.panel, person),
            "sealed_person": seal(person),
            "session": session,
            "details": details or {},
        },
    )
    if submission.session_id is None and submission.person_hash == person_hash(posting.panel, person):
        Submission.objects.filter(pk=submission.pk).update(session=session, details=details or {})
    return submission


def reward_of(session: Session) -> Pay | None:
    """Return what the posting pays under which a session's rater came; None where none is known."""
    submission = session.submissions.select_related("posting").order_by("-id").first()
    return None if submission is None else Pay(submission.posting.reward, submission.posting.currency)


def note_listed(posting: Posting, listed: PanelSubmission) -> Submission:
    """Store what the panel says of a submission; return it. What it paid by itself goes into the ledger."""
    key = person_hash(posting.panel, listed.person)
    submission, _made = Submission.objects.get_or_create(
        posting=posting,
        external_id=listed.external_id,
        defaults={"person_hash": key, "sealed_person": seal(listed.person)},
    )
    is_news = not (submission.state in DECIDED and listed.state == SubmissionState.SUBMITTED)
    changed: dict[str, Any] = {
        "state": listed.state if is_news else submission.state,
        "entered_code": listed.entered_code,
        "started_at": listed.started_at,
        "submitted_at": listed.submitted_at,
        "paid_bonuses": sum(listed.bonuses, Decimal("0.00")),
    }
    if submission.session_id is None:
        changed["session_id"] = _session_of(posting, key)
    if any(getattr(submission, name) != value for name, value in changed.items()):
        Submission.objects.filter(pk=submission.pk).update(**changed)
        for name, value in changed.items():
            setattr(submission, name, value)
    if submission.state == SubmissionState.APPROVED:
        pay_base(submission, intent=None)
    if submission.state == SubmissionState.SCREENED_OUT:
        pay_screen_out(submission)
    return submission


def _session_of(posting: Posting, key: str) -> int | None:
    """Return the session that a person has in the posting's study, unless another submission has it."""
    sessions = Session.objects.filter(study=posting.study_id, rater__panel=posting.panel, rater__key_hash=key)
    return sessions.filter(submissions=None).values_list("pk", flat=True).first()
