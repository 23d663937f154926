"""People who come from Prolific: three ids in the query, a code and the way back at the end."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from humaneval.rating.models import Session
from humaneval.rating.panels import Completion, Ending, Pay, Recognised
from humaneval.recruitment.models import Posting
from humaneval.recruitment.prolific.drafts import code_for
from humaneval.recruitment.prolific.recruiter import ProlificRecruiter
from humaneval.recruitment.submissions import note_arrival, reward_of
from humaneval.studies.models import Study

PERSON, STUDY, SUBMISSION = "PROLIFIC_PID", "STUDY_ID", "SESSION_ID"
CODES = {
    Ending.COMPLETED: "COMPLETED",
    Ending.FAILED_CHECKS: "FAILED_ATTENTION_CHECK",
    Ending.SCREENED_OUT: "SCREENED_OUT",
    Ending.QUOTA_FULL: "QUOTA_FULL",
}
RETURN_URL = "https://app.prolific.com/submissions/complete"


class ProlificPanel:
    """Raters whom Prolific sent."""

    name = ProlificRecruiter.name

    def recognise(self, study: Study, arrival: Mapping[str, str]) -> Recognised | None:
        """Return who came with Prolific's ids for a posting of this study; None for anybody else."""
        person = arrival.get(PERSON, "").strip()
        if not person or _posting(study, arrival) is None:
            return None
        kept = {name: value for name, value in arrival.items() if name not in {PERSON, SUBMISSION}}
        return Recognised(person, kept, simulated=ProlificRecruiter().is_standin)

    def arrived(self, session: Session, arrival: Mapping[str, str]) -> None:
        """Note the submission under which the rater came."""
        _note(session.study, arrival, session)

    def pay(self, session: Session) -> Pay | None:
        """Return the posting's reward."""
        return reward_of(session)

    def completion(self, session: Session, ending: Ending) -> Completion:
        """Return the code for how the session went, and Prolific's address with it."""
        submission = session.submissions.select_related("posting__study").order_by("-id").first()
        if submission is None:
            return _way_back(session.study.completion_code if ending == Ending.COMPLETED else "")
        return _way_back(code_for(submission.posting, _kind(submission.posting, ending)))

    def turned_away(self, study: Study, arrival: Mapping[str, str], ending: Ending) -> Completion | None:
        """Return the code for who gets no session, and Prolific's address with it; note that they came."""
        posting = _note(study, arrival, None)
        return _way_back(code_for(posting, _kind(posting, ending))) if posting else None


def _note(study: Study, arrival: Mapping[str, str], session: Session | None) -> Posting | None:
    """Note somebody's submission to a posting of the study; return the posting, if it is one."""
    posting = _posting(study, arrival)
    if posting is not None:
        note_arrival(
            posting=posting,
            external_id=arrival.get(SUBMISSION, "").strip(),
            person=arrival[PERSON].strip(),
            session=session,
        )
    return posting


def _kind(posting: Posting, ending: Ending) -> str:
    """Return the kind of code for an ending: who finds no work gets one that pays, if the posting has one."""
    pays = posting.options.get("screen_out_reward") is not None
    return CODES[Ending.SCREENED_OUT if ending == Ending.QUOTA_FULL and pays else ending]


def _way_back(code: str) -> Completion:
    return Completion(code, f"{RETURN_URL}?{urlencode({'cc': code})}" if code else "")


def _posting(study: Study, arrival: Mapping[str, str]) -> Posting | None:
    external = arrival.get(STUDY, "").strip()
    postings = Posting.objects.filter(study=study, panel=ProlificRecruiter.name)
    return postings.filter(external_id=external).first() if external else None
