"""What follows here from what a panel has done: in the transaction that stores the call's outcome."""

from __future__ import annotations

from decimal import Decimal

from humaneval.recruitment import recruiters
from humaneval.recruitment.models import (
    Intent,
    IntentKind,
    LedgerEntry,
    LedgerKind,
    Posting,
    PostingState,
    Submission,
    SubmissionState,
)
from humaneval.recruitment.recruiters import Outcome

POSTING_STATES = {
    IntentKind.PUBLISH: PostingState.LIVE,
    IntentKind.PAUSE: PostingState.PAUSED,
    IntentKind.RESUME: PostingState.LIVE,
    IntentKind.STOP: PostingState.CLOSED,
}
SUBMISSION_STATES = {
    IntentKind.APPROVE: SubmissionState.APPROVED,
    IntentKind.OVERTURN: SubmissionState.APPROVED,
    IntentKind.REJECT: SubmissionState.REJECTED,
}


def apply_outcome(intent: Intent, outcome: Outcome) -> None:
    """Write what a done intent means for its posting, its submissions and the ledger."""
    kind = IntentKind(intent.kind)
    # Not its key: whoever enters a payment or a call meanwhile refers to the posting, and must not wait.
    posting = Posting.objects.select_for_update(no_key=True).get(pk=intent.posting_id)
    if outcome.external_id and kind in {IntentKind.CREATE, IntentKind.PUBLISH}:
        posting.external_id = outcome.external_id
    if kind in POSTING_STATES:
        posting.state = POSTING_STATES[kind]
        posting.problem = ""
    if "group" in outcome.detail:
        posting.options = {**posting.options, "group": outcome.detail["group"]}
    if kind == IntentKind.EXTEND:
        posting.places = intent.args["places"]
        if posting.state == PostingState.CLOSED:  # it was full, or had been stopped
            posting.state = PostingState.LIVE
    posting.save()
    if kind in SUBMISSION_STATES:
        submission = Submission.objects.get(pk=intent.args["submission"])
        Submission.objects.filter(pk=submission.pk).update(state=SUBMISSION_STATES[kind])
        if kind != IntentKind.REJECT:
            pay_base(submission, intent)
    if kind == IntentKind.BONUS:
        _pay_bonuses(intent)


def apply_refusal(intent: Intent, problem: str) -> None:
    """Write what a refused intent means: a posting that could not be published is a draft again."""
    if intent.kind in {IntentKind.CREATE, IntentKind.PUBLISH}:
        Posting.objects.filter(pk=intent.posting_id).update(state=PostingState.DRAFT, problem=problem)


def pay_base(submission: Submission, intent: Intent | None) -> None:
    """Enter the reward of an approved submission into the ledger, once."""
    posting = submission.posting
    LedgerEntry.objects.get_or_create(
        submission=submission,
        kind=LedgerKind.BASE,
        defaults={
            "posting": posting,
            "amount": posting.reward,
            "fee": recruiters.get(posting.panel).fee(posting, LedgerKind.BASE, posting.reward),
            "currency": posting.currency,
            "intent": intent,
        },
    )


def pay_screen_out(submission: Submission) -> None:
    """Enter what the posting pays those who are screened out into the ledger, once; often it is nothing."""
    posting = submission.posting
    amount = Decimal(str(posting.options.get("screen_out_reward") or 0)).quantize(Decimal("0.01"))
    if not amount:
        return
    LedgerEntry.objects.get_or_create(
        submission=submission,
        kind=LedgerKind.SCREEN_OUT,
        defaults={
            "posting": posting,
            "amount": amount,
            "fee": recruiters.get(posting.panel).fee(posting, LedgerKind.SCREEN_OUT, amount),
            "currency": posting.currency,
        },
    )


def enter_bonus(submission: Submission, amount: Decimal) -> None:
    """Enter into the ledger a bonus that the panel lists and that no call of ours is known for."""
    posting = submission.posting
    LedgerEntry.objects.create(
        submission=submission,
        posting=posting,
        kind=LedgerKind.BONUS,
        amount=amount,
        fee=recruiters.get(posting.panel).fee(posting, LedgerKind.BONUS, amount),
        currency=posting.currency,
    )


def _pay_bonuses(intent: Intent) -> None:
    posting = intent.posting
    recruiter = recruiters.get(posting.panel)
    for line in intent.args["lines"]:
        amount = Decimal(line["amount"])
        LedgerEntry.objects.get_or_create(
            submission_id=line["submission"],
            intent=intent,
            defaults={
                "posting": posting,
                "kind": LedgerKind.BONUS,
                "amount": amount,
                "fee": recruiter.fee(posting, LedgerKind.BONUS, amount),
                "currency": posting.currency,
            },
        )
