"""Where panel and platform tell different stories of somebody, each with what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from humaneval.rating.exclusions.attention import sessions_that_failed
from humaneval.rating.models import Session, SessionState
from humaneval.recruitment import recruiters
from humaneval.recruitment.ledger import bonuses_by_submission
from humaneval.recruitment.models import (
    IntentState,
    Posting,
    Submission,
    SubmissionState,
)


@dataclass(frozen=True)
class Disagreement:
    """One case: what is wrong, about whom, and the action to take."""

    kind: str
    words: str | Promise
    action: str | Promise
    submission: Submission | None = None
    session: Session | None = None
    may_have_bonus: bool = False
    """Whether the panel pays a bonus to somebody whose submission stands so."""


WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "submitted_unfinished": (
        _("Handed in without finishing here"),
        _("Look at the answers: approve what was honest work, or reject by a stated rule."),
    ),
    "failed_checks": (
        _("Handed in after failing the checks of attention"),
        _(
            "Read some of the answers. Approve honest work; reject only by a rule stated beforehand. "
            "Whether the answers count is decided apart, by the study's exclusion rules."
        ),
    ),
    "turned_away": (
        _("Handed in after being screened out, or with nothing left to answer"),
        _("Their coming was no fault of theirs: approve to pay for it, or agree with them on returning it."),
    ),
    "finished_unsubmitted": (
        _("Finished here without handing in"),
        _(
            "Ask the person to hand in with the code. Once they have returned their place or run out of "
            "time, a bonus can pay them."
        ),
    ),
    "came_twice": (
        _("Came more than once"),
        _("Approve one of the submissions; the answers were given only once."),
    ),
    "timed_out": (
        _("Ran out of time at the panel"),
        _("If the answers are all here, pay by a bonus; else nothing is to be done."),
    ),
    "paid_without_votes": (
        _("Paid without votes"),
        _("Money that was paid stays paid: find out what went wrong, and keep the person out of repeats."),
    ),
    "paid_differently": (
        _("The panel lists other bonuses than the ledger"),
        _("Compare with the panel's statement: a bonus was paid there by hand, or one has not arrived yet."),
    ),
}


def disagreements_of(posting: Posting) -> list[Disagreement]:
    """Return all cases of a posting, by submission: a fixed few queries."""
    failed = sessions_that_failed(posting.study)
    votes = Count("session__assignments__vote")
    rows = posting.submissions.select_related("session__rater", "posting").annotate(vote_count=votes)
    bonuses = bonuses_by_submission(posting)
    pending = _pending_bonuses(posting)
    found: list[Disagreement] = []
    for row in rows:
        ledger = bonuses.get(row.pk, Decimal("0.00"))
        kinds = list(_stories(row, row.session, getattr(row, "vote_count", 0), failed))
        if row.paid_bonuses != ledger and row.pk not in pending:
            kinds = [*kinds, "paid_differently"]
        found += [_case(kind, row) for kind in kinds]
    found += [
        _case("came_twice", row)
        for row in _twice(posting.submissions.select_related("session__rater", "posting"))
    ]
    return found


def _case(kind: str, submission: Submission) -> Disagreement:
    words, action = WORDS[kind]
    payable = submission.state in recruiters.get(submission.posting.panel).bonus_states
    return Disagreement(kind, words, action, submission, submission.session, payable)


def _stories(row: Submission, session: Session | None, votes: int, failed: Collection[int]) -> Iterator[str]:
    finished = session is not None and session.state == SessionState.COMPLETED
    if row.state == SubmissionState.SUBMITTED and _is_turned_away(row, session, votes):
        yield "turned_away"
    elif row.state == SubmissionState.SUBMITTED and not finished:
        yield "submitted_unfinished"
    elif row.state == SubmissionState.SUBMITTED and row.session_id in failed:
        yield "failed_checks"
    if row.state in {SubmissionState.ACTIVE, SubmissionState.RETURNED} and finished and votes:
        yield "finished_unsubmitted"
    if row.state == SubmissionState.TIMED_OUT:
        yield "timed_out"
    if row.state == SubmissionState.APPROVED and not votes:
        yield "paid_without_votes"


def _is_turned_away(row: Submission, session: Session | None, votes: int) -> bool:
    """Return whether somebody was screened out, or came to the end without a vote."""
    if session is None:
        return "ending" in row.details
    return session.state == SessionState.SCREENED_OUT or (
        session.state == SessionState.COMPLETED and not votes
    )


def _twice(rows: QuerySet[Submission]) -> list[Submission]:
    """Return the submissions of people who have more than one that was handed in or is open."""
    mine: dict[str, list[Submission]] = {}
    for row in rows:
        if row.person_hash and row.state not in {SubmissionState.RETURNED, SubmissionState.TIMED_OUT}:
            mine.setdefault(row.person_hash, []).append(row)
    return [row for several in mine.values() if len(several) > 1 for row in several]


def _pending_bonuses(posting: Posting) -> set[int]:
    """Return the submissions whose bonus is on its way, or was sent after the last look at the panel."""
    intents = posting.intents.filter(kind="bonus").exclude(state=IntentState.REFUSED)
    looked = posting.polled_at
    return {
        line["submission"]
        for state, at, args in intents.values_list("state", "settled_at", "args")
        if state != IntentState.DONE or looked is None or at is None or at > looked
        for line in args["lines"]
    }
