"""Two at once: people, workers and looks at a panel that meet, and money that moves once all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse

from humaneval.recruitment import ledger, payments, publishing
from humaneval.recruitment.effects import apply_outcome
from humaneval.recruitment.intents import NotSent, carry_out, leave_unclear, record_intent, settle
from humaneval.recruitment.models import Intent, IntentKind, IntentState, Posting, Submission
from humaneval.recruitment.polling import poll_posting
from humaneval.recruitment.prolific.recruiter import ProlificRecruiter
from humaneval.recruitment.recruiters import Outcome, PanelSubmission
from humaneval.recruitment.submissions import note_listed
from humaneval.teams.audit import record_action
from tests.factories import UserFactory, member
from tests.recruitment.conftest import arrive, complete, posting_of, work_off

MESSAGE = "The answers were given faster than the pictures can be looked at, in every one of the trials. " * 2


@pytest.fixture
def submission(platform) -> Submission:
    """Give who finished and waits for a decision, in a database that several connections share."""
    posting = posting_of(state="live", external_id="study-1")
    words = {"PROLIFIC_PID": "p", "STUDY_ID": "study-1", "SESSION_ID": "place-1"}
    complete(arrive(posting.study, words))
    Submission.objects.update(state="submitted")
    return Submission.objects.get(external_id="place-1")


def test_of_two_decisions_at_once_the_panel_hears_of_one(submission, in_turn):
    user = UserFactory()

    def reject() -> str:
        with pytest.raises(ValidationError, match="opposite decision"):
            payments.reject(submission, rule="TOO_QUICKLY", message=MESSAGE, user=user)
        return "refused"

    in_turn(lambda: payments.approve(submission, user), reject)
    assert [intent.kind for intent in Intent.objects.all()] == ["approve"]


def test_the_rule_that_approves_waits_for_a_person_who_rejects(submission, in_turn):
    user = UserFactory()
    Posting.objects.update(approves_itself=True)
    submission.posting.refresh_from_db()

    def reject() -> Intent:
        return payments.reject(submission, rule="TOO_QUICKLY", message=MESSAGE, user=user)

    def approve() -> Intent | None:
        return payments.approve_by_rule(submission)

    assert in_turn(reject, approve)[1] is None
    assert [intent.kind for intent in Intent.objects.all()] == ["reject"]


def test_a_list_read_before_a_decision_does_not_take_it_back(submission, in_turn):
    listed = PanelSubmission(external_id="place-1", person="p", state="submitted", entered_code="CODE")

    def decide() -> None:
        Submission.objects.filter(pk=submission.pk).update(state="approved")

    def look() -> None:
        with transaction.atomic():
            note_listed(submission.posting, listed)

    in_turn(decide, look)
    submission.refresh_from_db()
    assert (submission.state, submission.entered_code) == ("approved", "CODE")


def test_a_decision_that_comes_back_and_bonuses_asked_for_do_not_wait_for_each_other(submission, platform):
    intent = payments.approve(submission, UserFactory())
    locked, logged = threading.Event(), threading.Event()

    def settle_it() -> None:
        with platform.database(), transaction.atomic():
            apply_outcome(intent, Outcome())
            locked.set()
            logged.wait(0.5)
            record_action(action="done", subject=intent)

    def ask_for_more() -> None:
        with platform.database():
            locked.wait(30)
            with transaction.atomic():
                record_action(action="ask", subject=submission.posting)
                logged.set()
                record_intent(posting=submission.posting, kind=IntentKind.BONUS, key="b", args={"lines": []})

    with ThreadPoolExecutor(2) as pool:
        for future in (pool.submit(settle_it), pool.submit(ask_for_more)):
            future.result()


@pytest.mark.django_db
def test_a_worker_that_stood_still_finds_its_call_taken_up(
    take_part, live_posting, payer, prolific, monkeypatch
):
    amounts = {take_part().pk: Decimal("0.35")}
    (intent,) = payments.pay_bonuses(
        posting=live_posting, amounts=amounts, reason="", confirmation="once", user=payer
    )
    real, stood = ProlificRecruiter.prepare, []

    def prepare(self: ProlificRecruiter, one: Intent) -> dict[str, Any]:
        evidence = real(self, one)
        if not stood:
            stood.append(one)
            carry_out(one.pk)  # by another worker, in the meantime
        return evidence

    monkeypatch.setattr(ProlificRecruiter, "prepare", prepare)
    with pytest.raises(NotSent, match="Another worker"):
        carry_out(intent.pk)
    intent.refresh_from_db()
    assert (intent.state, intent.sent_at is None) == (IntentState.DONE, False)
    assert prolific.paid_total() == ledger.totals_of(live_posting).bonus == Decimal("0.35")


@pytest.mark.django_db
def test_what_was_found_done_is_not_left_unclear_by_who_looked_before():
    posting = posting_of(state="live", external_id="study-1")
    before = record_intent(posting=posting, kind=IntentKind.PAUSE, key="pause", user=UserFactory())
    settle(Intent.objects.get(pk=before.pk), Outcome())
    leave_unclear(before, "Nobody could tell.")
    before.refresh_from_db()
    assert (before.state, before.problem) == (IntentState.DONE, "")


@pytest.mark.django_db
def test_places_are_added_once_at_a_time_and_count_from_the_asking(live_posting, payer, prolific):
    live_posting.budget = Decimal("12.84")  # six places, fees included
    live_posting.save()

    def ask(places: int) -> Intent:
        cost = publishing.estimate(live_posting, places - 3).total
        return publishing.extend(live_posting, places=places, confirmed=cost, user=payer)

    asked = ask(5)
    assert ask(5) == asked
    with pytest.raises(ValidationError, match="5 places are on their way"):
        ask(6)
    assert ledger.budget_left(live_posting) == Decimal("2.14")
    work_off()
    assert ledger.budget_left(live_posting) == Decimal("2.14")
    assert prolific.studies[live_posting.external_id]["total_available_places"] == 5


@pytest.mark.django_db
def test_a_posting_that_was_full_when_looked_at_stays_open_with_places_added_since(live_posting, monkeypatch):
    def is_over(_self: ProlificRecruiter, posting: Posting) -> bool:
        Posting.objects.filter(pk=posting.pk).update(places=9)
        return True

    monkeypatch.setattr(ProlificRecruiter, "is_over", is_over)
    poll_posting(live_posting)
    live_posting.refresh_from_db()
    assert (live_posting.state, live_posting.places) == ("live", 9)


@pytest.mark.django_db
def test_of_two_people_who_top_up_at_once_one_pays(take_part, live_posting, client, payer, monkeypatch):
    submission = take_part()
    Posting.objects.update(target_wage=Decimal("20.00"))
    client.force_login(payer)
    address = reverse("recruitment:top-up", args=[live_posting.pk])
    form = client.get(address).context["form"]
    sent = {name: form.initial[name] for name in ("total", "confirmation")}
    lock, others = ledger.lock_budget, []

    def wait_for_another(posting: Posting) -> None:
        lock(posting)
        if not others:  # who had the lock before
            others.append(submission)
            payments.pay_bonuses(
                posting=posting,
                amounts={submission.pk: Decimal("0.50")},
                reason="",
                confirmation="another's",
                user=payer,
            )

    monkeypatch.setattr(ledger, "lock_budget", wait_for_another)
    assert client.post(address, sent).status_code == 409
    assert not Intent.objects.filter(kind="bonus").exists()  # the test's other person shares the transaction


@pytest.mark.django_db
def test_what_a_panel_answers_is_not_undone_by_a_form_that_was_open(client):
    client.force_login(member("change_posting", "publish_posting", "view_posting"))
    posting = posting_of(state="publishing")
    address = reverse("admin:recruitment_posting_change", args=[posting.pk])
    form = client.get(address).context["adminform"].form
    sent = {name: form[name].value() or "" for name in form.fields}
    answers = [{"state": "live", "external_id": "study-1"}]

    def answered_meanwhile(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if answers and sql.startswith("SELECT") and 'FROM "recruitment_posting"' in sql:
            Posting.objects.filter(pk=posting.pk).update(**answers.pop())
        return result

    with connection.execute_wrapper(answered_meanwhile):
        assert client.post(address, {**sent, "budget": "100.00"}).status_code == 302
    posting.refresh_from_db()
    assert (posting.state, posting.external_id, posting.budget) == ("live", "study-1", Decimal("100.00"))
