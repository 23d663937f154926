"""Bringing together what the panel lists and who came."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from humaneval.rating.models import Session
from humaneval.rating.panels import Pay
from humaneval.recruitment.effects import pay_base, pay_screen_out
from humaneval.recruitment.models import Posting, Submission, SubmissionState
from humaneval.recruitment.people import person_hash, seal
from humaneval.recruitment.recruiters import PanelSubmission

USABLE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What panels' ids of places look like. Others were typed into the address by whoever came."""
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
    if not USABLE_ID.fullmatch(external_id):
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
    submission.posting = posting
    if _news(submission, listed, key):
        # As it is stored by now: a decision of ours may just have been noted, or the person have arrived.
        submission = Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
        submission.posting = posting
        if news := _news(submission, listed, key):
            Submission.objects.filter(pk=submission.pk).update(**news)
        for name, value in news.items():
            setattr(submission, name, value)
    if submission.state == SubmissionState.APPROVED:
        pay_base(submission, intent=None)
    if submission.state == SubmissionState.SCREENED_OUT:
        pay_screen_out(submission)
    return submission


def _news(submission: Submission, listed: PanelSubmission, key: str) -> dict[str, Any]:
    """Return what the panel says otherwise than we have it, by field."""
    is_late = submission.state in DECIDED and listed.state == SubmissionState.SUBMITTED
    said: dict[str, Any] = {
        "state": submission.state if is_late else listed.state,
        "entered_code": listed.entered_code,
        "started_at": listed.started_at,
        "submitted_at": listed.submitted_at,
        "paid_bonuses": sum(listed.bonuses, Decimal("0.00")),
    }
    if submission.session_id is None:
        said["session_id"] = _session_of(submission.posting, key)
    return {name: value for name, value in said.items() if getattr(submission, name) != value}


def _session_of(posting: Posting, key: str) -> int | None:
    """Return the session that a person has in the posting's study, unless another submission has it."""
    sessions = Session.objects.filter(study=posting.study_id, rater__panel=posting.panel, rater__key_hash=key)
    return sessions.filter(submissions=None).values_list("pk", flat=True).first()
