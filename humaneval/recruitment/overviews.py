"""What the recruitment page of a study shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count

from humaneval.recruitment import ledger, recruiters
from humaneval.recruitment.disagreements import Disagreement, disagreements_of
from humaneval.recruitment.intents import stuck_intents
from humaneval.recruitment.models import Intent, IntentKind, IntentState, Posting, SubmissionState
from humaneval.recruitment.payments import finished_and_waiting
from humaneval.recruitment.publishing import MOVES
from humaneval.recruitment.restored import opens_at
from humaneval.studies.models import Study

SHOWN_CALLS = 30
SHOWN_CASES = 200


@dataclass(frozen=True)
class PostingOverview:
    """One posting with its people, money, wages and cases."""

    posting: Posting
    panel: str
    notice: str
    is_standin: bool
    budget_left: Decimal | None
    states: list[tuple[str, int]]
    totals: ledger.Totals
    wages: ledger.Wages
    is_underpaid: bool
    top_ups: int
    warning: str
    cases: list[Disagreement]
    moves: frozenset[str]
    waiting: int
    opens_at: datetime | None
    """From when on a look at the panel can let a posting go that a backup brought back."""


def overview_of(study: Study) -> dict[str, Any]:
    """Return the context of the page: a fixed few queries for each posting."""
    postings = list(study.postings.select_related("study"))
    calls = Intent.objects.filter(posting__in=postings).select_related("requested_by", "posting")
    return {
        "overviews": [_of(posting) for posting in postings],
        "totals": ledger.totals_by_currency(postings),
        "calls": calls[:SHOWN_CALLS],
        "unclear": calls.filter(state=IntentState.UNCLEAR),
        "stuck": stuck_intents(calls),
    }


def status_of(study: Study) -> dict[str, Any]:
    """Return where a study's recruitment stands, for programs: a fixed few queries for each posting."""
    postings = list(study.postings.select_related("study"))
    return {
        "postings": [_status(posting) for posting in postings],
        "totals": ledger.totals_by_currency(postings),
    }


def _status(posting: Posting) -> dict[str, Any]:
    return {
        "posting": posting,
        "is_standin": recruiters.get(posting.panel).is_standin,
        "submissions": _counts(posting),
        "totals": ledger.totals_of(posting),
        "wages": ledger.summarise(ledger.wages_of(posting)),
        "budget_left": ledger.budget_left(posting),
        "warning": ledger.budget_warning(posting),
    }


def _counts(posting: Posting) -> dict[str, int]:
    return dict(posting.submissions.order_by().values_list("state").annotate(Count("pk")))


def _of(posting: Posting) -> PostingOverview:
    recruiter = recruiters.get(posting.panel)
    wages = ledger.summarise(ledger.wages_of(posting))
    counts = _counts(posting)
    return PostingOverview(
        posting=posting,
        panel=recruiter.title,
        notice=str(recruiter.notice),
        is_standin=recruiter.is_standin,
        budget_left=ledger.budget_left(posting),
        states=[(str(state.label), counts[state]) for state in SubmissionState if state in counts],
        totals=ledger.totals_of(posting),
        wages=wages,
        is_underpaid=wages.median is not None and wages.median < posting.target_wage,
        top_ups=len(ledger.suggest_top_ups(posting)),
        warning=ledger.budget_warning(posting),
        cases=disagreements_of(posting)[:SHOWN_CASES],
        moves=frozenset(_moves(posting, recruiter)),
        waiting=finished_and_waiting(posting).count(),
        opens_at=opens_at(posting),
    )


def _moves(posting: Posting, recruiter: recruiters.Recruiter) -> list[IntentKind]:
    return [
        kind for kind, sources in MOVES.items() if kind in recruiter.abilities and posting.state in sources
    ]
