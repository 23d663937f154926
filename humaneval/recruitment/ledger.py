"""What raters are owed and were paid, what the panels take, and what an hour pays: in exact decimals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from humaneval.rating.costs import Cost
from humaneval.recruitment import recruiters
from humaneval.recruitment.models import (
    IntentKind,
    IntentState,
    LedgerEntry,
    LedgerKind,
    Posting,
    PostingState,
    Submission,
    SubmissionState,
)
from humaneval.studies.models import Study

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
WARN_AT = Decimal("0.80")
"""Share of a budget from which on it is said that it nears its end."""


@dataclass(frozen=True)
class Totals:
    """Sums of money in one currency. ``promised`` is for places that are still open and at work."""

    currency: str
    base: Decimal = ZERO
    bonus: Decimal = ZERO
    screen_out: Decimal = ZERO
    fees: Decimal = ZERO
    owed: Decimal = ZERO
    owed_fees: Decimal = ZERO
    promised: Decimal = ZERO
    promised_fees: Decimal = ZERO

    @property
    def paid(self) -> Decimal:
        """What raters have been paid."""
        return self.base + self.bonus + self.screen_out

    @property
    def coming_fees(self) -> Decimal:
        """The panel's fees on what is owed and promised."""
        return self.owed_fees + self.promised_fees

    @property
    def committed(self) -> Decimal:
        """All that has been or may have to be spent, fees included."""
        return self.paid + self.fees + self.owed + self.promised + self.coming_fees

    def __add__(self, other: Totals) -> Totals:
        """Return the sums of both; raises ValueError for two currencies."""
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added.")
        names = (name for name in self.__dataclass_fields__ if name != "currency")
        return Totals(self.currency, **{name: getattr(self, name) + getattr(other, name) for name in names})


def totals_of(posting: Posting) -> Totals:
    """Return a posting's sums: three queries."""
    sums = _paid_sums(posting)
    waiting = posting.submissions.filter(state=SubmissionState.SUBMITTED).count()
    lines, added = _on_the_way(posting)
    bonuses = [Decimal(line["amount"]) for line in lines]
    recruiter = recruiters.get(posting.panel)
    each_fee = recruiter.fee(posting, LedgerKind.BASE, posting.reward)
    open_places = _open_places(posting, waiting, added)
    return Totals(
        currency=posting.currency,
        owed=posting.reward * waiting + sum(bonuses, ZERO),
        owed_fees=each_fee * waiting
        + sum((recruiter.fee(posting, LedgerKind.BONUS, b) for b in bonuses), ZERO),
        promised=posting.reward * open_places,
        promised_fees=each_fee * open_places,
        **sums,
    )


def _paid_sums(posting: Posting) -> dict[str, Decimal]:
    """Return what was paid by kind, and the fees.

    Equal payments are counted by the database and multiplied here: SQLite would add them up as floats.
    """
    sums = {**{kind.value: ZERO for kind in LedgerKind}, "fees": ZERO}
    rows = LedgerEntry.objects.filter(posting=posting).order_by().values_list("kind", "amount", "fee")
    for kind, amount, fee, count in rows.annotate(count=Count("pk")):
        sums[kind] += amount * count
        sums["fees"] += fee * count
    return sums


def _on_the_way(posting: Posting) -> tuple[list[dict[str, Any]], int]:
    """Return what is asked for and not settled, or unclear: lines of bonuses, and how many places more."""
    open_states = [IntentState.RECORDED, IntentState.SENDING, IntentState.UNCLEAR]
    spending = [IntentKind.BONUS, IntentKind.EXTEND]
    rows = posting.intents.filter(kind__in=spending, state__in=open_states).values_list("kind", "args")
    lines, places = [], posting.places
    for kind, args in rows:
        if kind == IntentKind.BONUS:
            lines += args["lines"]
        else:
            places = max(places, args["places"])
    return lines, places - posting.places


def _open_places(posting: Posting, waiting: int, added: int) -> int:
    """Return how many places may still have to be paid: open ones, unless it is over, and those added."""
    if posting.state == PostingState.DRAFT:
        return 0
    if posting.state == PostingState.CLOSED:
        return posting.submissions.filter(state=SubmissionState.ACTIVE).count() + added
    paid = LedgerEntry.objects.filter(posting=posting, kind=LedgerKind.BASE).count()
    return max(0, posting.places + added - paid - waiting)


def costs_of(study: Study) -> list[Cost]:
    """Return what a study has cost in each currency, for its live page."""
    totals = totals_by_currency(study.postings.select_related("study"))
    return [
        Cost(one.currency, one.paid + one.fees + one.owed + one.owed_fees, one.committed) for one in totals
    ]


def totals_by_currency(postings: Iterable[Posting]) -> list[Totals]:
    """Return the sums over postings, one for each currency."""
    return sum_by_currency(totals_of(posting) for posting in postings)


def totals_by_study(postings: Iterable[Posting]) -> list[tuple[Study, Totals]]:
    """Return the sums of each study, one for each currency, by the study's name."""
    found: dict[Study, list[Posting]] = defaultdict(list)
    for posting in postings:
        found[posting.study].append(posting)
    by_name = sorted(found.items(), key=lambda item: (item[0].name, item[0].pk))
    return [(study, sums) for study, mine in by_name for sums in totals_by_currency(mine)]


def sums_of(postings: QuerySet[Posting]) -> tuple[list[tuple[Study, Totals]], list[Totals]]:
    """Return what postings have cost by study and currency, and by currency alone; drafts cost nothing."""
    lines = totals_by_study(postings.select_related("study").exclude(state=PostingState.DRAFT))
    return lines, sum_by_currency(sums for _study, sums in lines)


def sum_by_currency(sums: Iterable[Totals]) -> list[Totals]:
    """Return sums added up, one for each currency."""
    found: dict[str, Totals] = {}
    for one in sums:
        found[one.currency] = found[one.currency] + one if one.currency in found else one
    return [found[currency] for currency in sorted(found)]


def owed_by_submission(posting: Posting) -> dict[int, Decimal]:
    """Return what is owed, by submission: the reward of those who wait, and bonuses on their way."""
    waiting = posting.submissions.filter(state=SubmissionState.SUBMITTED).values_list("pk", flat=True)
    owed: dict[int, Decimal] = defaultdict(lambda: ZERO, dict.fromkeys(waiting, posting.reward))
    lines, _added = _on_the_way(posting)
    for line in lines:
        owed[line["submission"]] += Decimal(line["amount"])
    return dict(owed)


# --- budget ---------------------------------------------------------------------------------------------


def cost_of_places(posting: Posting, places: int) -> Decimal:
    """Return what places cost, fees included."""
    fee = recruiters.get(posting.panel).fee(posting, LedgerKind.BASE, posting.reward)
    return (posting.reward + fee) * places


def cost_of_bonuses(posting: Posting, amounts: Iterable[Decimal]) -> Decimal:
    """Return what bonuses cost, fees included."""
    recruiter = recruiters.get(posting.panel)
    return sum((amount + recruiter.fee(posting, LedgerKind.BONUS, amount) for amount in amounts), ZERO)


def budget_left(posting: Posting) -> Decimal | None:
    """Return what the budget leaves, over the study's postings in its currency; None: no limit."""
    if posting.budget is None:
        return None
    siblings = Posting.objects.filter(study=posting.study_id, currency=posting.currency)
    return posting.budget - sum((totals_of(one).committed for one in siblings), ZERO)


def lock_budget(posting: Posting) -> None:
    """Let nobody else spend from the study's budget until the caller's transaction ends."""
    Study.objects.select_for_update(no_key=True).get(pk=posting.study_id)


def refuse_beyond_budget(posting: Posting, cost: Decimal) -> None:
    """Raise ValidationError if the budget does not leave ``cost``."""
    left = budget_left(posting)
    if left is not None and cost > left:
        text = _("This would cost %(cost)s %(currency)s, and the budget leaves %(left)s: raise it first.")
        raise ValidationError(text % {"cost": cost, "left": left, "currency": posting.currency})


def check_confirmed(confirmed: Decimal, total: Decimal) -> None:
    """Raise ValidationError unless the total is the one that a person has seen and confirmed."""
    if confirmed != total:
        text = _("The cost is %(total)s by now, not %(confirmed)s: look at it again.")
        raise ValidationError(text % {"total": total, "confirmed": confirmed})


def budget_warning(posting: Posting) -> str:
    """Return a sentence if four fifths of the budget or more are spoken for; else ""."""
    left = budget_left(posting)
    if left is None or posting.budget is None or left > posting.budget * (1 - WARN_AT):
        return ""
    text = _("Of the budget of %(budget)s %(currency)s, %(left)s are left.")
    return text % {"budget": posting.budget, "left": left, "currency": posting.currency}


# --- wages ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wage:
    """What one submission has earned so far (owed or paid), in how long, and what would reach the target."""

    submission: Submission
    earned: Decimal
    hours: Decimal
    missing: Decimal

    @property
    def hourly(self) -> Decimal:
        """Pay for an hour, to the cent."""
        return (self.earned / self.hours).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Wages:
    """What an hour has paid, over finished submissions: None without any."""

    count: int
    median: Decimal | None
    low: Decimal | None
    """The 10th percentile: nearest rank."""


def wages_of(posting: Posting) -> list[Wage]:
    """Return the wage of each submission that waits or is approved and whose time is known: two queries."""
    earning = [SubmissionState.SUBMITTED, SubmissionState.APPROVED]
    rows = posting.submissions.filter(state__in=earning).select_related("session")
    bonuses = bonuses_by_submission(posting)
    found = (_wage(posting, row, bonuses.get(row.pk, ZERO)) for row in rows)
    return [wage for wage in found if wage is not None]


def bonuses_by_submission(posting: Posting) -> dict[int, Decimal]:
    """Return what the ledger says was paid in bonuses, by submission: one query."""
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    rows = LedgerEntry.objects.filter(posting=posting, kind=LedgerKind.BONUS)
    for submission, amount in rows.values_list("submission_id", "amount"):
        sums[submission] += amount
    return dict(sums)


def _wage(posting: Posting, submission: Submission, bonus: Decimal) -> Wage | None:
    hours = _hours(submission)
    if hours is None:
        return None
    earned = posting.reward + bonus
    missing = (posting.target_wage * hours - earned).quantize(CENT, ROUND_CEILING)
    return Wage(submission, earned, hours, max(missing, ZERO))


def _hours(submission: Submission) -> Decimal | None:
    """Return how long somebody took, by our own clock where there is a session; None if unknown."""
    session = submission.session
    began, ended = submission.started_at, submission.submitted_at
    if session is not None and session.finished_at is not None:
        began, ended = session.started_at, session.finished_at
    if began is None or ended is None or ended <= began:
        return None
    took = ended - began
    micros = (took.days * 86_400 + took.seconds) * 1_000_000 + took.microseconds
    return Decimal(micros) / Decimal(3_600_000_000)


def summarise(wages: Iterable[Wage]) -> Wages:
    """Return median and 10th percentile of hourly pay, to the cent."""
    hourly = sorted(wage.hourly for wage in wages)
    if not hourly:
        return Wages(0, None, None)
    rank = -(-len(hourly) // 10)  # nearest rank: the smallest value that a tenth do not exceed
    return Wages(len(hourly), Decimal(median(hourly)).quantize(CENT, ROUND_HALF_UP), hourly[rank - 1])


def suggest_top_ups(posting: Posting) -> dict[int, Decimal]:
    """Return by submission the bonus that would bring it to the target wage, where it lies below.

    Those for whom a bonus is on its way are left out until it has arrived.
    """
    open_states = [IntentState.RECORDED, IntentState.SENDING, IntentState.UNCLEAR]
    pending = posting.intents.filter(kind=IntentKind.BONUS, state__in=open_states).values_list(
        "args", flat=True
    )
    waiting = {line["submission"] for args in pending for line in args["lines"]}
    wages = wages_of(posting)
    return {w.submission.pk: w.missing for w in wages if w.missing > 0 and w.submission.pk not in waiting}


def entries_of(postings: Iterable[Posting]) -> QuerySet[LedgerEntry]:
    """Return the payments of postings, oldest first, with all that an export says of them: one query."""
    rows = LedgerEntry.objects.filter(posting__in=postings).order_by("id")
    return rows.select_related("posting__study", "submission__session__rater", "intent__requested_by")


# --- reports --------------------------------------------------------------------------------------------


def payments_of(study: Study) -> list[dict[str, Any]]:
    """Return what a study's raters were paid, posting by posting, as reports tell it; drafts paid nobody.

    Keys: ``panel``, ``reward``, ``currency``, ``minutes``, ``paid``, ``submissions`` and ``hourly``, the
    median pay for an hour or "". Amounts are decimals as text.
    """
    postings = Posting.objects.filter(study=study).exclude(state=PostingState.DRAFT).order_by("pk")
    return [_payment(one) for one in postings]


def _payment(posting: Posting) -> dict[str, Any]:
    hourly = summarise(wages_of(posting)).median
    return {
        "panel": str(recruiters.get(posting.panel).title),
        "reward": str(posting.reward),
        "currency": posting.currency,
        "minutes": posting.minutes,
        "paid": str(totals_of(posting).paid),
        "submissions": posting.submissions.count(),
        "hourly": "" if hourly is None else str(hourly),
    }
