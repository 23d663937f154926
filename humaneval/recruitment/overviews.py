"""What the recruitment page of a study shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from humaneval.recruitment import ledger, recruiters
from humaneval.recruitment.disagreements import Disagreement, disagreements_of
from humaneval.recruitment.models import Intent, IntentKind, IntentState, Posting, SubmissionState
from humaneval.recruitment.publishing import MOVES
from humaneval.studies.models import Study

SHOWN_CALLS = 30
SHOWN_CASES = 200


@dataclass(frozen=True)
class PostingOverview:
    """One posting with its people, money, wages and cases."""

    posting: Posting
    panel: str
    notice: str
    states: list[tuple[str, int]]
    totals: ledger.Totals
    wages: ledger.Wages
    is_underpaid: bool
    top_ups: int
    warning: str
    cases: list[Disagreement]
    moves: frozenset[str]
    waiting: int


def overview_of(study: Study) -> dict[str, Any]:
    """Return the context of the page: a fixed few queries for each posting."""
    postings = list(study.postings.select_related("study"))
    calls = Intent.objects.filter(posting__in=postings).select_related("requested_by", "posting")
    return {
        "overviews": [_of(posting) for posting in postings],
        "totals": ledger.totals_by_currency(postings),
        "calls": calls[:SHOWN_CALLS],
        "unclear": calls.filter(state=IntentState.UNCLEAR),
    }


def _of(posting: Posting) -> PostingOverview:
    recruiter = recruiters.get(posting.panel)
    wages = ledger.summarise(ledger.wages_of(posting))
    counts = dict(posting.submissions.order_by().values_list("state").annotate(Count("pk")))
    return PostingOverview(
        posting=posting,
        panel=recruiter.title,
        notice=str(recruiter.notice),
        states=[(str(state.label), counts[state]) for state in SubmissionState if state in counts],
        totals=ledger.totals_of(posting),
        wages=wages,
        is_underpaid=wages.median is not None and wages.median < posting.target_wage,
        top_ups=len(ledger.suggest_top_ups(posting)),
        warning=ledger.budget_warning(posting),
        cases=disagreements_of(posting)[:SHOWN_CASES],
        moves=frozenset(_moves(posting, recruiter)),
        waiting=counts.get(SubmissionState.SUBMITTED, 0),
    )


def _moves(posting: Posting, recruiter: recruiters.Recruiter) -> list[IntentKind]:
    return [
        kind for kind, sources in MOVES.items() if kind in recruiter.abilities and posting.state in sources
    ]
