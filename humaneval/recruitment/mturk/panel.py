"""People who come from MTurk, inside its frame: four words in the query, and a form that hands in."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from humaneval.rating.models import Session
from humaneval.rating.panels import Completion, Ending, Pay, Recognised
from humaneval.rating.refusals import Refusal
from humaneval.recruitment.models import Posting, Submission
from humaneval.recruitment.mturk.recruiter import MTurkRecruiter
from humaneval.recruitment.submissions import note_arrival, reward_of
from humaneval.studies.models import Study

ASSIGNMENT, HIT, WORKER, SUBMIT_TO = "assignmentId", "hitId", "workerId", "turkSubmitTo"
NOT_ACCEPTED = "ASSIGNMENT_ID_NOT_AVAILABLE"
SALT = "humaneval.recruitment.mturk.hand-in"


class MTurkPanel:
    """Raters whom MTurk shows our page."""

    name = MTurkRecruiter.name

    def recognise(self, study: Study, arrival: Mapping[str, str]) -> Recognised | None:
        """Return who came with MTurk's words for a posting of this study; None for anybody else.

        Raises Refusal (``not_accepted``) for somebody who only previews the HIT.
        """
        if arrival.get(ASSIGNMENT) == NOT_ACCEPTED:
            raise Refusal("not_accepted", _("Please accept the HIT first. This is a preview of it."))
        worker = arrival.get(WORKER, "").strip()
        if not worker or not arrival.get(ASSIGNMENT) or _posting(study, arrival) is None:
            return None
        kept = {k: v for k, v in arrival.items() if k not in {ASSIGNMENT, WORKER, SUBMIT_TO}}
        return Recognised(worker, kept, simulated=MTurkRecruiter().is_standin)

    def arrived(self, session: Session, arrival: Mapping[str, str]) -> None:
        """Note the assignment under which the rater came, and where it is to be handed in."""
        _note(session.study, arrival, session, {})

    def pay(self, session: Session) -> Pay | None:
        """Return the posting's reward."""
        return reward_of(session)

    def completion(self, session: Session, ending: Ending) -> Completion:
        """Return the code, and the address of our page that hands in to MTurk, which pays no less then."""
        submission = session.submissions.order_by("-id").first()
        code = session.study.completion_code if ending == Ending.COMPLETED else ending
        return Completion(code, hand_in_url(submission) if submission else "")

    def turned_away(self, study: Study, arrival: Mapping[str, str], ending: Ending) -> Completion | None:
        """Return the address of the page that hands in for somebody who could not take part."""
        submission = _note(study, arrival, None, {"ending": str(ending)})
        return Completion(ending, hand_in_url(submission)) if submission else None


def _note(
    study: Study, arrival: Mapping[str, str], session: Session | None, details: dict[str, str]
) -> Submission | None:
    """Note an assignment of a posting of the study; return it, if it is one."""
    posting = _posting(study, arrival)
    if posting is None:
        return None
    return note_arrival(
        posting=posting,
        external_id=arrival.get(ASSIGNMENT, "").strip(),
        person=arrival[WORKER].strip(),
        session=session,
        details={"submit_to": submit_origin(arrival.get(SUBMIT_TO, "")), **details},
    )


def hand_in_url(submission: Submission) -> str:
    """Return the address of the page that hands a submission in."""
    token = signing.dumps(submission.pk, salt=SALT)
    return settings.PUBLIC_URL + reverse("recruitment:mturk-hand-in", args=[token])


def submit_origin(address: str) -> str:
    """Return the site of an address if it is one that may be handed work, else ""."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if origin in settings.MTURK_SUBMIT_ORIGINS else ""


def _posting(study: Study, arrival: Mapping[str, str]) -> Posting | None:
    hit = arrival.get(HIT, "").strip()
    return (
        Posting.objects.filter(study=study, panel=MTurkRecruiter.name, external_id=hit).first()
        if hit
        else None
    )
