"""A platform brought back from a backup: nobody is paid twice for what was done after it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from humaneval.demo.panels.prolific import FakeProlific
from humaneval.recruitment import ledger, payments, publishing
from humaneval.recruitment.intents import PATIENCE, resolve_unclear
from humaneval.recruitment.models import Intent, IntentKind, IntentState, LedgerEntry, Posting, Submission
from humaneval.recruitment.polling import look_soon, postings_to_watch
from humaneval.recruitment.restored import hold_postings
from humaneval.teams.models import AuditEntry
from tests.recruitment.conftest import posting_of, work_off

pytestmark = pytest.mark.django_db

CENTS = Decimal("0.35")


def restored() -> None:
    """Hold all postings as `restore` does."""
    hold_postings()


def look(posting: Posting, occasion: str = "now", *, late: bool = True) -> Posting:
    """Look at the panel, by default when panels show what was paid before the restore; return the posting."""
    if late:
        Posting.objects.exclude(restored_at=None).update(restored_at=timezone.now() - PATIENCE)
    look_soon(posting, occasion)
    work_off()
    posting.refresh_from_db()
    return posting


def ask_for_bonus(submission: Submission, user, confirmation: str = "once") -> Intent:
    """Record a bonus, and let its job wait; return its call."""
    (intent,) = payments.pay_bonuses(
        posting=submission.posting,
        amounts={submission.pk: CENTS},
        reason="",
        confirmation=confirmation,
        user=user,
    )
    return intent


def paid_at_panel(fake: FakeProlific, submission: Submission, cents: int) -> None:
    """Let the panel have paid a bonus of which the restored database knows nothing."""
    fake.people[submission.external_id]["bonus_payments"].append(cents)


def times_paid(fake: FakeProlific) -> int:
    """Return how often the panel was told to pay bonuses."""
    return [name for name, _body in fake.calls].count("pay_bonuses")


@pytest.mark.parametrize("was_paid", [True, False])
def test_a_bonus_that_waited_in_the_backup_is_left_to_a_person(take_part, prolific, payer, was_paid):
    intent = ask_for_bonus(take_part(), payer)
    submission = Submission.objects.get()
    if was_paid:
        paid_at_panel(prolific, submission, 35)
    restored()
    work_off()
    posting = look(submission.posting)
    intent.refresh_from_db()
    assert (times_paid(prolific), intent.state, posting.is_held) == (0, IntentState.UNCLEAR, True)
    assert not LedgerEntry.objects.filter(kind="bonus").exists(), "the person's word decides, not both"
    resolve_unclear(intent=intent, was_done=was_paid, user=payer)
    assert not look(posting, "again").is_held
    assert ledger.totals_of(posting).paid == prolific.paid_total() == (CENTS if was_paid else 0)
    assert times_paid(prolific) == 0


def test_a_bonus_that_was_being_sent_and_shows_is_settled_without_a_person(take_part, prolific, payer):
    intent = ask_for_bonus(take_part(), payer)
    work_off()
    Intent.objects.filter(pk=intent.pk).update(state=IntentState.SENDING, sent_at=None, outcome={})
    LedgerEntry.objects.all().delete()
    restored()
    posting = look(intent.posting)
    assert (times_paid(prolific), posting.is_held) == (1, False)
    assert ledger.totals_of(posting).bonus == prolific.paid_total() == CENTS


def test_bonuses_paid_after_the_backup_come_into_the_ledger_before_anything_is_topped_up(
    take_part, prolific, payer
):
    Posting.objects.update(target_wage=Decimal("30.00"))
    submission = take_part()
    owed = ledger.suggest_top_ups(submission.posting)[submission.pk]
    prolific.people[submission.external_id]["status"] = "APPROVED"
    restored()
    posting = look(submission.posting, late=False)
    assert posting.is_held, "what was paid just before may not show yet"
    paid_at_panel(prolific, submission, 10)
    assert not look(posting, "later").is_held
    assert ledger.suggest_top_ups(posting)[submission.pk] == owed - Decimal("0.10")
    assert ledger.totals_of(posting).paid == prolific.paid_total() == Decimal("1.60")
    look(posting, "once more")
    assert LedgerEntry.objects.filter(kind="bonus").count() == 1
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))[-2:]
    assert actions == ["enter a bonus that the panel lists", "let go after a restore"]


def test_nothing_but_a_halt_is_asked_for_meanwhile(take_part, live_posting, payer):
    submission = take_part()
    restored()
    live_posting.refresh_from_db()
    submission = Submission.objects.select_related("posting").get()
    with pytest.raises(ValidationError, match="brought back from a backup"):
        ask_for_bonus(submission, payer)
    with pytest.raises(ValidationError, match="brought back from a backup"):
        payments.approve(submission, payer)
    publishing.move(live_posting, IntentKind.PAUSE, payer)
    work_off()
    live_posting.refresh_from_db()
    assert (live_posting.state, live_posting.is_held) == ("paused", True)


def test_what_a_rule_asked_for_is_asked_for_anew_and_what_a_person_did_is_theirs_to_ask(
    take_part, live_posting, prolific, payer
):
    by_rule, by_person = take_part(), take_part()
    payments.approve(by_rule, None)
    payments.approve(by_person, payer)
    prolific.people[by_person.external_id]["status"] = "REJECTED"  # after the backup, by a wish that is lost
    Posting.objects.update(approves_itself=True)
    live_posting.refresh_from_db()
    restored()
    assert not look(live_posting).is_held
    assert set(Intent.objects.filter(kind="approve").values_list("state", flat=True)) == {"refused"}
    look(live_posting, "again")
    assert prolific.people[by_rule.external_id]["status"] == "APPROVED"
    assert prolific.people[by_person.external_id]["status"] == "REJECTED"
    assert ledger.totals_of(live_posting).paid == prolific.paid_total() == live_posting.reward


@pytest.mark.parametrize("was_made", [True, False])
def test_a_posting_that_was_being_published_is_found_and_never_made_twice(prolific, payer, was_made):
    posting = posting_of()
    first = publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    if was_made:
        work_off()
        fields = {"state": IntentState.RECORDED, "sent_at": None, "outcome": {}, "evidence": {}}
        Intent.objects.filter(pk=first.pk).update(**fields)
        Intent.objects.exclude(pk=first.pk).delete()
        Posting.objects.update(state="publishing", external_id="")
    restored()
    assert postings_to_watch() == [posting]
    for occasion in ("one", "two", "three"):
        look(posting, occasion)
    assert (posting.state, posting.is_held) == (("live", False) if was_made else ("draft", True))
    assert len(prolific.studies) == (1 if was_made else 0)


def test_a_draft_waits_for_somebody_who_looked_at_the_panel(prolific, payer, client):
    posting = posting_of()
    restored()
    posting.refresh_from_db()
    with pytest.raises(ValidationError, match="brought back from a backup"):
        publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    client.force_login(payer)
    overview = reverse("recruitment:overview", args=[posting.study.slug])
    release = reverse("recruitment:release", args=[posting.pk])
    assert release in client.get(overview).content.decode()
    assert client.post(release).status_code == 302
    posting.refresh_from_db()
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    work_off()
    assert len(prolific.studies) == 1
    assert client.post(release).status_code == 409
    assert "brought this draft back" not in client.get(overview).content.decode()
