"""Deciding on submissions and paying people: as a named person asks, or a rule that one switched on."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from humaneval.rating.models import SessionState, Vote
from humaneval.recruitment import recruiters
from humaneval.recruitment.intents import open_key, record_intent
from humaneval.recruitment.ledger import (
    CENT,
    check_confirmed,
    cost_of_bonuses,
    cost_of_places,
    lock_budget,
    refuse_beyond_budget,
)
from humaneval.recruitment.models import Intent, IntentKind, IntentState, Posting, Submission, SubmissionState

LARGEST_BONUS = Decimal("1000.00")


def approve(submission: Submission, user: User | None) -> Intent:
    """Ask to approve, and so pay, a submission; return the intent. None as user: by the posting's rule,
    which does not ask again after a refusal.

    Raises ValidationError for one that is not waiting for a decision. What an analysis leaves out is
    another matter: a rater may be paid and excluded.
    """
    with transaction.atomic():
        submission = _locked(submission)
        if submission.state != SubmissionState.SUBMITTED:
            raise ValidationError(_("Only submissions that wait for a decision can be approved."))
        _refuse_beside(submission, IntentKind.REJECT)
        wish = f"approve:{submission.pk}"
        return record_intent(
            posting=submission.posting,
            kind=IntentKind.APPROVE,
            key=open_key(wish) if user else wish,
            args={"submission": submission.pk},
            user=user,
        )


def _locked(submission: Submission) -> Submission:
    """Return a submission as it is stored, locked: of two decisions at once the second sees the first."""
    rows = Submission.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("posting__study").get(pk=submission.pk)


def _refuse_beside(submission: Submission, other: IntentKind) -> None:
    """Raise ValidationError while the opposite decision is on its way, or unclear."""
    if submission.pk in _on_their_way(submission.posting, other):
        raise ValidationError(_("The opposite decision is on its way to the panel: wait for its answer."))


def _on_their_way(posting: Posting, kind: IntentKind) -> list[int]:
    """Return the submissions about which a call of a kind is not settled, or unclear."""
    unsettled = [IntentState.RECORDED, IntentState.SENDING, IntentState.UNCLEAR]
    rows = posting.intents.filter(kind=kind, state__in=unsettled).values_list("args", flat=True)
    return [args["submission"] for args in rows]


def finished_and_waiting(posting: Posting) -> QuerySet[Submission]:
    """Return the submissions of those who answered to the end and wait for a decision."""
    waiting = posting.submissions.filter(
        state=SubmissionState.SUBMITTED, session__state=SessionState.COMPLETED
    )
    rejecting = _on_their_way(posting, IntentKind.REJECT)
    return waiting.filter(_has_voted()).exclude(pk__in=rejecting).order_by("pk")


def _has_voted() -> Exists:
    return Exists(Vote.objects.filter(assignment__session=OuterRef("session")))


def approve_finished(posting: Posting, *, confirmed: Decimal, user: User) -> list[Intent]:
    """Ask to approve all who finished and wait, at the total that a person has confirmed; return the intents.

    Raises ValidationError if nobody waits, or if the total is another by now.
    """
    waiting = list(finished_and_waiting(posting))
    if not waiting:
        raise ValidationError(_("Nobody who finished waits for a decision."))
    check_confirmed(confirmed, cost_of_places(posting, len(waiting)))
    return [approve(submission, user) for submission in waiting]


def approve_by_rule(submission: Submission) -> Intent | None:
    """Approve a finished submission where a person has switched that rule on; None where nothing is due."""
    if not submission.posting.approves_itself or submission.state != SubmissionState.SUBMITTED:
        return None
    with transaction.atomic():
        submission = _locked(submission)
        if not submission.posting.approves_itself:
            return None
        if not finished_and_waiting(submission.posting).filter(pk=submission.pk).exists():
            return None
        return approve(submission, user=None)


def reject(submission: Submission, *, rule: str, message: str, user: User) -> Intent:
    """Ask to reject a submission by a stated rule, with a message to the person; return the intent.

    Raises ValidationError where the panel's rules are not met.
    """
    recruiter = recruiters.get(submission.posting.panel)
    if rule not in dict(recruiter.rejection_rules):
        raise ValidationError({"rule": _("Say by which rule.")})
    if len(message) < recruiter.shortest_rejection:
        text = _("The message must have at least %(least)s characters: tell the person what was wrong.")
        raise ValidationError({"message": text % {"least": recruiter.shortest_rejection}})
    with transaction.atomic():
        submission = _locked(submission)
        if submission.state != SubmissionState.SUBMITTED:
            raise ValidationError(_("Only submissions that wait for a decision can be rejected."))
        _refuse_beside(submission, IntentKind.APPROVE)
        return record_intent(
            posting=submission.posting,
            kind=IntentKind.REJECT,
            key=open_key(f"reject:{submission.pk}"),
            args={"submission": submission.pk, "rule": rule, "message": message},
            user=user,
        )


def overturn(submission: Submission, user: User) -> Intent:
    """Ask to approve a rejected submission after all; raises ValidationError where the panel cannot."""
    if IntentKind.OVERTURN not in recruiters.get(submission.posting.panel).abilities:
        raise ValidationError(_("This panel cannot take a rejection back: write to its support."))
    if submission.state != SubmissionState.REJECTED:
        raise ValidationError(_("Only a rejected submission can be approved after all."))
    return record_intent(
        posting=submission.posting,
        kind=IntentKind.OVERTURN,
        key=open_key(f"overturn:{submission.pk}"),
        args={"submission": submission.pk},
        user=user,
    )


def pay_bonuses(
    *, posting: Posting, amounts: Mapping[int, Decimal], reason: str, confirmation: str, user: User
) -> list[Intent]:
    """Ask to pay bonuses, by submission; return the intents, as many as the panel's limits make.

    ``confirmation`` names the person's one act of confirming: the same one pays once. Raises
    ValidationError, and pays nothing, if one of them cannot be paid or the budget would be exceeded.
    """
    lines = _bonus_lines(posting, amounts)
    size = recruiters.get(posting.panel).bonuses_a_call
    with transaction.atomic():
        lock_budget(posting)
        refuse_beyond_budget(posting, cost_of_bonuses(posting, amounts.values()))
        return [
            record_intent(
                posting=posting,
                kind=IntentKind.BONUS,
                key=f"bonus:{posting.pk}:{confirmation}:{first}",
                args={"lines": lines[first : first + size], "reason": reason},
                user=user,
            )
            for first in range(0, len(lines), size)
        ]


def _bonus_lines(posting: Posting, amounts: Mapping[int, Decimal]) -> list[dict[str, object]]:
    known = posting.submissions.in_bulk(list(amounts))
    payable = recruiters.get(posting.panel).bonus_states
    for pk, amount in amounts.items():
        submission = known.get(pk)
        if submission is None or submission.state not in payable:
            raise ValidationError(_("This panel pays no bonus to somebody who has not handed in."))
        if not _is_payable(amount):
            text = _("%(amount)s is no bonus: give whole cents, from 0.01 to %(most)s.")
            raise ValidationError(text % {"amount": amount, "most": LARGEST_BONUS})
    if not amounts:
        raise ValidationError(_("No bonus is to be paid."))
    return [{"submission": pk, "amount": f"{amount:.2f}"} for pk, amount in sorted(amounts.items())]


def _is_payable(amount: Decimal) -> bool:
    if not amount.is_finite() or not CENT <= amount <= LARGEST_BONUS:
        return False
    return amount == amount.quantize(CENT)


def keep_out_of_repeats(submission: Submission) -> Intent | None:
    """Ask to keep whoever handed in out of repeats, where the posting names a group for that; else None.

    Nobody is asked about whose id has been erased.
    """
    group = str(submission.posting.options.get("group", ""))
    if not (group and submission.sealed_person) or submission.state in {
        SubmissionState.ACTIVE,
        SubmissionState.RETURNED,
    }:
        return None
    return block(submission, group=group, user=None)


def block(submission: Submission, *, group: str, user: User | None) -> Intent:
    """Ask to keep a person out of later postings, by a group or qualification of the panel's.

    Raises ValidationError without a group, or for a person whose id has been erased.
    """
    if not group or not submission.sealed_person:
        raise ValidationError(_("The panel has no group for this, or the person's id has been erased."))
    wish = f"block:{submission.pk}:{group}"
    return record_intent(
        posting=submission.posting,
        kind=IntentKind.BLOCK,
        key=open_key(wish) if user else wish,
        args={"submission": submission.pk, "group": group},
        user=user,
    )
