"""Sums, wages and top-ups in exact decimals, worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from humaneval.recruitment import payments
from humaneval.recruitment.ledger import (
    Totals,
    Wage,
    budget_left,
    suggest_top_ups,
    summarise,
    totals_by_currency,
    totals_of,
    wages_of,
)
from humaneval.recruitment.models import Posting, PostingState, Submission, SubmissionState
from humaneval.recruitment.polling import poll_posting
from tests.factories import open_study
from tests.recruitment.conftest import posting_of, work_off

pytestmark = pytest.mark.django_db


def wage(earned: str, hours: str) -> Wage:
    """Return a wage."""
    return Wage(Submission(), Decimal(earned), Decimal(hours), Decimal(0))


def test_the_sums_of_a_posting_by_hand(take_part, payer, live_posting):
    paid, waiting = take_part(), take_part()
    take_part(finish=False, submit=False)
    payments.approve(paid, payer)
    work_off()
    amounts = {paid.pk: Decimal("0.10"), waiting.pk: Decimal("0.20")}
    payments.pay_bonuses(posting=live_posting, amounts=amounts, reason="", confirmation="c", user=payer)
    before = totals_of(live_posting)
    work_off()
    after = totals_of(live_posting)
    assert (before.paid, before.owed, before.bonus) == (Decimal("1.50"), Decimal("1.80"), 0)
    assert (after.base, after.bonus, after.owed) == (Decimal("1.50"), Decimal("0.30"), Decimal("1.50"))
    assert after.fees == Decimal("0.64") + Decimal("0.04") + Decimal("0.09")
    assert (after.promised, after.promised_fees) == (Decimal("1.50"), Decimal("0.64"))
    assert after.committed == before.committed == 3 * Decimal("2.14") + Decimal("0.30") + Decimal("0.13")


def test_ten_thousand_cents_are_a_hundred_exactly(live_posting):
    submissions = Submission.objects.bulk_create(
        Submission(posting=live_posting, external_id=str(n), state=SubmissionState.APPROVED)
        for n in range(1000)
    )
    live_posting.payments.model.objects.bulk_create(
        live_posting.payments.model(
            posting=live_posting, submission=one, kind="base", amount=Decimal("0.10"), currency="GBP"
        )
        for one in submissions
    )
    assert str(totals_of(live_posting).paid) == "100.00"


def test_currencies_are_never_added_up():
    with pytest.raises(ValueError, match="cannot be added"):
        Totals("USD") + Totals("GBP")
    study = open_study(trial_count=6, samples=6)
    for currency in ("USD", "GBP", "GBP"):
        posting_of(study, currency=currency)
    assert [one.currency for one in totals_by_currency(study.postings.all())] == ["GBP", "USD"]


def test_the_budget_counts_all_postings_of_the_study_in_its_currency(live_posting):
    live_posting.budget = Decimal("20.00")
    assert budget_left(live_posting) == Decimal("20.00") - Decimal("6.42")
    draft = posting_of(live_posting.study, budget=Decimal("10.00"))
    assert budget_left(draft) == Decimal("3.58")
    dollars = posting_of(live_posting.study, budget=Decimal("10.00"), currency="USD")
    assert budget_left(dollars) == Decimal("10.00")


def test_a_closed_posting_promises_nothing_more(live_posting):
    Posting.objects.update(state=PostingState.CLOSED)
    live_posting.refresh_from_db()
    assert totals_of(live_posting).promised == 0


@pytest.mark.parametrize(
    ("hourly", "median", "low"),
    [
        ([], None, None),
        (["9"], "9.00", "9.00"),
        (["6", "12"], "9.00", "6.00"),
        ([str(n) for n in range(1, 11)], "5.50", "1.00"),
        ([str(n) for n in range(1, 12)], "6.00", "2.00"),
    ],
)
def test_median_and_tenth_percentile_by_hand(hourly, median, low):
    found = summarise(wage(amount, "1") for amount in hourly)
    assert found.median == (Decimal(median) if median else None)
    assert found.low == (Decimal(low) if low else None)


def test_an_hour_pays_to_the_cent():
    assert wage("1.50", "0.1").hourly == Decimal("15.00")
    assert wage("1.00", "3").hourly == Decimal("0.33")


def test_a_top_up_reaches_the_target_and_not_a_cent_more(take_part, live_posting):
    slow = take_part()
    session = slow.session
    ended = session.started_at + timedelta(minutes=10, milliseconds=1)
    type(session).objects.filter(pk=session.pk).update(finished_at=ended)
    quick = take_part()
    bonus = suggest_top_ups(live_posting)
    # 600.001 s at 12.00 an hour are 2.0000033..., of which 1.50 is the reward
    assert bonus == {slow.pk: Decimal("0.51")}
    assert quick.pk not in bonus
    (one,) = [w for w in wages_of(live_posting) if w.submission == slow]
    assert one.hourly == Decimal("9.00")


def test_who_has_a_bonus_on_its_way_is_not_offered_another(take_part, live_posting, payer):
    Posting.objects.update(target_wage=Decimal("30.00"))
    live_posting.refresh_from_db()
    submission = take_part()
    amounts = suggest_top_ups(live_posting)
    assert amounts == {submission.pk: Decimal("1.50")}
    payments.pay_bonuses(posting=live_posting, amounts=amounts, reason="", confirmation="c", user=payer)
    assert suggest_top_ups(live_posting) == {}
    work_off()
    poll_posting(live_posting)
    assert suggest_top_ups(live_posting) == {}


def test_a_clock_that_runs_backwards_gives_no_wage(take_part, live_posting):
    submission = take_part()
    session = submission.session
    type(session).objects.filter(pk=session.pk).update(finished_at=session.started_at - timedelta(seconds=1))
    Submission.objects.update(started_at=timezone.now(), submitted_at=timezone.now())
    assert wages_of(live_posting) == []


def test_what_a_screened_out_person_gets_is_paid_and_counted_once(take_part, live_posting, prolific):
    Posting.objects.update(options={"screen_out_reward": "0.25"})
    live_posting.refresh_from_db()
    submission = take_part(finish=False, submit=False)
    prolific.people[submission.external_id]["status"] = "SCREENED OUT"
    for _ in range(2):
        poll_posting(live_posting)
    totals = totals_of(live_posting)
    assert (totals.screen_out, totals.base) == (Decimal("0.25"), 0)
