"""Prolific: publish, steer, see people through, decide and pay, against its stand-in."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from prometheus_client import REGISTRY

from humaneval.demo.panels.prolific import Refused
from humaneval.rating.append_only import unprotect
from humaneval.rating.completion import completion_of
from humaneval.rating.models import SessionState
from humaneval.recruitment import payments, publishing
from humaneval.recruitment.ledger import totals_of
from humaneval.recruitment.models import Intent, IntentKind, IntentState, Posting, Submission
from humaneval.recruitment.people import unseal
from humaneval.recruitment.polling import poll_posting
from humaneval.recruitment.prolific import client
from humaneval.recruitment.recruiters import retry_after
from humaneval.teams.audit import first_broken_entry
from humaneval.teams.models import AuditEntry
from tests.factories import open_study
from tests.recruitment.conftest import arrive, posting_of, work_off

pytestmark = pytest.mark.django_db
LONG = (
    "You answered all forty questions within eleven seconds, "
    "which is faster than the images can be seen at all."
)


def test_a_published_study_is_live_with_codes_for_each_ending(live_posting, prolific):
    study = prolific.studies[live_posting.external_id]
    assert study["status"] == "ACTIVE"
    assert (study["reward"], study["total_available_places"]) == (150, 3)
    assert {one["code_type"] for one in study["completion_codes"]} >= {
        "COMPLETED",
        "FAILED_ATTENTION_CHECK",
        "SCREENED_OUT",
    }
    assert live_posting.study.completion_code in {one["code"] for one in study["completion_codes"]}
    assert "{{%PROLIFIC_PID%}}" in study["external_study_url"]


def test_publishing_needs_the_cost_confirmed_as_it_is(prolific, payer):
    posting = posting_of()
    with pytest.raises(ValidationError, match=r"6\.42 by now"):
        publishing.publish(posting, confirmed=Decimal("6.00"), user=payer)
    assert not Intent.objects.exists()
    assert not prolific.studies


def test_a_study_that_is_not_open_is_not_published(prolific, payer):
    posting = posting_of()
    type(posting.study).objects.update(state="paused")
    with pytest.raises(ValidationError, match="not open"):
        publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)


def test_a_refusal_of_the_panel_makes_it_a_draft_again_and_says_why(prolific, payer):
    posting = posting_of(options={"filters": [{"filter_id": "age"}]})
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    calls = ("humaneval_panel_calls_total", {"panel": "prolific", "outcome": "refused"})
    before = REGISTRY.get_sample_value(*calls) or 0
    (job,) = work_off()
    posting.refresh_from_db()
    assert job.state == "failed"
    assert REGISTRY.get_sample_value(*calls) == before + 1
    assert posting.state == "draft"
    assert "Prolific refused (400)" in posting.problem


def test_publishing_can_be_asked_for_as_often_as_the_panel_refuses(prolific, payer):
    posting = posting_of()
    for _ in range(3):
        prolific.faults.add("move_study", acts_first=False, status=400)
        publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
        work_off()
        posting.refresh_from_db()
        assert (posting.state, "a fault" in posting.problem) == ("draft", True)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    work_off()
    posting.refresh_from_db()
    assert (posting.state, len(prolific.studies)) == ("live", 1)


def test_a_draft_that_was_changed_after_a_refusal_goes_live_as_it_was_confirmed(prolific, payer):
    posting = posting_of()
    prolific.faults.add("move_study", acts_first=False, status=400)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    work_off()
    Posting.objects.update(places=1, reward=Decimal("1.00"))
    posting.refresh_from_db()
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    work_off()
    posting.refresh_from_db()
    (live,) = [one for one in prolific.studies.values() if one["status"] == "ACTIVE"]
    assert (posting.state, posting.external_id) == ("live", live["id"])
    assert (live["reward"], live["total_available_places"]) == (100, 1)


@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [(IntentKind.PAUSE, "PAUSED", "paused"), (IntentKind.STOP, "AWAITING REVIEW", "closed")],
)
def test_a_posting_can_be_paused_and_stopped(live_posting, prolific, payer, kind, status, state):
    publishing.move(live_posting, kind, payer)
    work_off()
    live_posting.refresh_from_db()
    assert prolific.studies[live_posting.external_id]["status"] == status
    assert live_posting.state == state


def test_a_paused_posting_goes_on(live_posting, prolific, payer):
    for kind in (IntentKind.PAUSE, IntentKind.RESUME):
        live_posting.refresh_from_db()
        publishing.move(live_posting, kind, payer)
        work_off()
    assert prolific.studies[live_posting.external_id]["status"] == "ACTIVE"


def test_places_are_added_at_a_confirmed_cost(live_posting, prolific, payer):
    publishing.extend(
        live_posting, places=5, confirmed=publishing.estimate(live_posting, 2).total, user=payer
    )
    work_off()
    live_posting.refresh_from_db()
    assert live_posting.places == prolific.studies[live_posting.external_id]["total_available_places"] == 5
    with pytest.raises(ValidationError, match="more than the 5"):
        publishing.extend(live_posting, places=5, confirmed=Decimal(0), user=payer)


def test_who_comes_is_known_by_hash_and_ciphertext_and_never_as_they_are(take_part, live_posting):
    submission = take_part(finish=False, submit=False, person="5f0000000000000000000abc")
    session = submission.session
    assert session.rater.panel == "prolific"
    assert session.rater.simulated  # the stand-in's people are programs
    assert submission.person_hash == session.rater.key_hash
    assert unseal(submission.sealed_person) == "5f0000000000000000000abc"
    assert "5f0000000000000000000abc" not in str(session.arrival)
    assert session.arrival == {"STUDY_ID": live_posting.external_id}


def test_people_who_name_another_study_are_not_prolifics(live_posting):
    words = {"PROLIFIC_PID": "5f0000000000000000000abc", "STUDY_ID": "made-up", "SESSION_ID": "x"}
    assert arrive(live_posting.study, words).rater.panel == "link"


def test_somebody_elses_submission_cannot_be_taken_over(take_part, live_posting, prolific):
    mine = take_part(submit=False)
    words = {
        "PROLIFIC_PID": "5f0000000000000000000bad",
        "STUDY_ID": live_posting.external_id,
        "SESSION_ID": mine.external_id,
    }
    other = arrive(live_posting.study, words)
    mine.refresh_from_db()
    assert mine.session != other


def test_at_the_end_people_go_back_with_the_code(take_part, live_posting):
    code = live_posting.study.completion_code
    nothing = take_part(finish=False, submit=False).session
    nothing.state = SessionState.COMPLETED
    assert completion_of(nothing).code != code, (
        "nobody who answered nothing gets the code for having finished"
    )
    ending = completion_of(take_part(submit=False).session)
    assert ending.url == f"https://app.prolific.com/submissions/complete?cc={code}"


def test_approval_pays_the_reward_once(take_part, prolific, payer):
    submission = take_part()
    assert submission.state == "submitted"
    intents = {payments.approve(submission, payer).pk for _ in range(2)}
    work_off()
    submission.refresh_from_db()
    poll_posting(submission.posting)
    assert len(intents) == 1
    assert submission.state == "approved"
    assert [(e.kind, e.amount, e.fee) for e in submission.payments.all()] == [
        ("base", Decimal("1.50"), Decimal("0.64"))
    ]
    assert totals_of(submission.posting).paid == prolific.paid_total() == Decimal("1.50")


def test_what_the_panel_approved_by_itself_is_in_the_ledger_too(take_part, prolific):
    submission = take_part()
    prolific.people[submission.external_id]["status"] = "APPROVED"
    for _ in range(2):
        poll_posting(submission.posting)
    (entry,) = submission.payments.all()
    assert (entry.amount, entry.intent) == (Decimal("1.50"), None)


def test_a_list_read_before_our_decision_does_not_take_it_back(take_part, payer, prolific):
    submission = take_part()
    payments.approve(submission, payer)
    work_off()
    prolific.people[submission.external_id]["status"] = "AWAITING REVIEW"
    poll_posting(submission.posting)
    submission.refresh_from_db()
    assert submission.state == "approved"


def test_nothing_is_approved_by_itself_unless_a_person_switched_that_on(take_part, live_posting):
    take_part()
    assert not Intent.objects.filter(kind="approve").exists()
    Posting.objects.update(approves_itself=True)
    live_posting.refresh_from_db()
    unfinished = take_part(finish=False)
    poll_posting(live_posting)
    assert Intent.objects.filter(kind="approve").count() == 1
    assert not Intent.objects.filter(args__submission=unfinished.pk, kind="approve").exists()


@pytest.mark.parametrize(
    ("rule", "message", "wrong"), [("", LONG, "rule"), ("MOOD", LONG, "rule"), ("OTHER", "bad", "message")]
)
def test_a_rejection_needs_a_rule_and_a_message(take_part, payer, rule, message, wrong):
    with pytest.raises(ValidationError) as caught:
        payments.reject(take_part(), rule=rule, message=message, user=payer)
    assert wrong in caught.value.message_dict


def test_a_rejection_by_the_panels_rules_is_taken(take_part, payer, prolific):
    submission = take_part()
    payments.reject(submission, rule="TOO_QUICKLY", message=LONG, user=payer)
    work_off()
    submission.refresh_from_db()
    assert submission.state == "rejected"
    assert prolific.people[submission.external_id]["status"] == "REJECTED"
    assert not submission.payments.exists()


def test_a_rejection_that_the_panel_refused_is_asked_for_anew_with_new_words(take_part, payer, prolific):
    submission = take_part()
    prolific.faults.add("decide", acts_first=False, status=400)
    payments.reject(submission, rule="TOO_QUICKLY", message=LONG, user=payer)
    work_off()
    payments.reject(submission, rule="LOW_EFFORT", message=f"Again: {LONG}", user=payer)
    payments.reject(submission, rule="LOW_EFFORT", message=f"Again: {LONG}", user=payer)
    work_off()
    submission.refresh_from_db()
    assert submission.state == "rejected"
    sent = [body for name, body in prolific.calls if name == "decide"]
    assert [body["rejection_category"] for body in sent] == ["TOO_QUICKLY", "LOW_EFFORT"]


def test_a_rule_does_not_ask_again_for_what_was_refused_and_a_person_may(take_part, payer, prolific):
    Posting.objects.update(approves_itself=True)
    prolific.faults.add("decide", acts_first=False, status=400)
    submission = take_part()
    work_off()
    for _ in range(2):
        poll_posting(Posting.objects.get())
    work_off()
    assert [name for name, _body in prolific.calls].count("decide") == 1
    payments.approve(submission, payer)
    work_off()
    submission.refresh_from_db()
    assert submission.state == "approved"


def test_nobody_is_approved_while_their_rejection_is_on_its_way(take_part, payer):
    rejected, approved = take_part(), take_part()
    payments.reject(rejected, rule="TOO_QUICKLY", message=LONG, user=payer)
    payments.approve(approved, payer)
    with pytest.raises(ValidationError, match="on its way"):
        payments.approve(rejected, payer)
    with pytest.raises(ValidationError, match="on its way"):
        payments.reject(approved, rule="TOO_QUICKLY", message=LONG, user=payer)
    assert rejected not in payments.finished_and_waiting(rejected.posting)


def test_bonuses_are_paid_in_one_call_and_once_for_one_confirmation(take_part, payer, prolific):
    amounts = {take_part().pk: Decimal("0.40"), take_part().pk: Decimal("2.05")}
    posting = Posting.objects.get()
    for _ in range(2):
        payments.pay_bonuses(posting=posting, amounts=amounts, reason="top-up", confirmation="c1", user=payer)
        work_off()
    assert [name for name, _body in prolific.calls].count("pay_bonuses") == 1
    poll_posting(posting)
    assert totals_of(posting).bonus == prolific.paid_total() == Decimal("2.45")
    assert sorted(Submission.objects.values_list("paid_bonuses", flat=True)) == [
        Decimal("0.40"),
        Decimal("2.05"),
    ]


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1000.01", "NaN"])
def test_an_amount_that_is_no_bonus_is_refused(take_part, payer, amount):
    with pytest.raises(ValidationError):
        payments.pay_bonuses(
            posting=Posting.objects.get(),
            amounts={take_part().pk: Decimal(amount)},
            reason="",
            confirmation="c",
            user=payer,
        )
    assert not Intent.objects.filter(kind="bonus").exists()


def test_nobody_of_another_posting_gets_a_bonus(take_part, payer):
    other = posting_of()
    with pytest.raises(ValidationError):
        payments.pay_bonuses(
            posting=other, amounts={take_part().pk: Decimal(1)}, reason="", confirmation="c", user=payer
        )


def test_everything_is_in_an_audit_log_that_shows_what_was_changed(take_part, payer):
    submission = take_part()
    payments.approve(submission, payer)
    work_off()
    asked = AuditEntry.objects.get(action="ask to approve")
    assert asked.user == payer
    assert first_broken_entry() is None
    unprotect(connection)
    AuditEntry.objects.filter(pk=asked.pk).update(user=None)
    assert first_broken_entry() == asked
    with pytest.raises(ValidationError):
        asked.delete()


def test_people_of_earlier_postings_of_the_study_are_kept_out(live_posting, prolific, payer):
    again = posting_of(live_posting.study, options={"blocked_groups": ["g1"]})
    publishing.publish(again, confirmed=publishing.estimate(again).total, user=payer)
    work_off()
    again.refresh_from_db()
    filters = {
        one["filter_id"]: one["selected_values"] for one in prolific.studies[again.external_id]["filters"]
    }
    assert filters == {
        "participant_group_blocklist": ["g1"],
        "previous_studies_blocklist": [live_posting.external_id],
    }


def test_a_person_can_be_put_into_a_group_that_is_kept_out(take_part, payer, prolific):
    submission = take_part()
    payments.block(submission, group="g1", user=payer)
    work_off()
    assert prolific.groups == {"g1": [unseal(submission.sealed_person)]}


def test_a_rate_limit_is_waited_out(prolific, payer):
    posting = posting_of(open_study())
    prolific.faults.add("create_study", acts_first=False, status=429)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    (job,) = work_off()
    assert (job.state, job.run_after is not None) == ("queued", True)
    assert Intent.objects.get().sent_at is None
    work_off()
    posting.refresh_from_db()
    assert posting.state == "live"
    assert len(prolific.studies) == 1


def test_a_rate_limit_that_says_how_long_is_waited_out_for_so_long(prolific, payer):
    posting = posting_of(open_study())
    prolific.faults.add("create_study", acts_first=False, status=429, headers={"Retry-After": "900"})
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    before = timezone.now()
    (job,) = work_off()
    assert 900 <= (job.run_after - before).total_seconds() < 960
    work_off()
    assert len(prolific.studies) == 1


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("", 0), ("soon", 0), ("²", 0), ("99999", 3600)])
def test_only_seconds_are_taken_from_a_panel_that_asks_to_wait(header, seconds):
    assert retry_after(header) == seconds


def test_an_intent_that_is_done_is_not_carried_out_again(live_posting, prolific):
    from humaneval.recruitment.intents import carry_out

    before = list(prolific.calls)
    for intent in Intent.objects.all():
        assert carry_out(intent.pk).state == IntentState.DONE
    assert prolific.calls == before


@pytest.mark.parametrize("acts_first", [True, False])
@pytest.mark.parametrize("status", [None, 500, 502])
@pytest.mark.parametrize("call", ["create_study", "move_study"])
def test_an_answer_that_is_lost_makes_no_second_study(prolific, payer, call, status, acts_first):
    posting = posting_of()
    prolific.faults.add(call, acts_first=acts_first, status=status)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    for _ in range(2):
        work_off()
    posting.refresh_from_db()
    assert posting.state == "live"
    assert list(prolific.studies) == [posting.external_id]


def test_an_answer_that_comes_too_late_counts_as_none(prolific, payer, settings, monkeypatch):
    posting, post = posting_of(), client.post
    acted, given_up = threading.Event(), threading.Event()

    def post_without_patience(*given):
        settings.PANEL_TIMEOUT_SECONDS = 0.2
        try:
            return post(*given)
        finally:
            settings.PANEL_TIMEOUT_SECONDS = 60

    def answer_late() -> None:
        acted.set()
        given_up.wait(60)

    prolific.faults.add("create_study", acts_first=True, action=answer_late)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    with monkeypatch.context() as once:
        once.setattr(client, "post", post_without_patience)
        (job,) = work_off()
    assert "did not answer POST /studies/" in job.error
    assert acted.wait(60)
    given_up.set()
    work_off()
    posting.refresh_from_db()
    assert (posting.state, len(prolific.studies)) == ("live", 1)


def test_a_panel_that_is_away_is_tried_again_later(live_posting, prolific, payer, settings):
    settings.PROLIFIC_URL = "http://127.0.0.1:9"
    publishing.move(live_posting, IntentKind.PAUSE, payer)
    (job,) = work_off()
    assert (job.state, Intent.objects.get(kind="pause").sent_at) == ("queued", None)
    settings.PROLIFIC_URL = prolific.url
    work_off()
    live_posting.refresh_from_db()
    assert live_posting.state == "paused"


@pytest.mark.parametrize("acts_first", [True, False])
def test_a_bonus_whose_answer_is_lost_is_paid_once_or_left_to_a_person(
    take_part, payer, prolific, acts_first
):
    submission = take_part()
    prolific.faults.add("pay_bonuses", acts_first=acts_first, status=504)
    amounts = {submission.pk: Decimal("0.40")}
    payments.pay_bonuses(posting=submission.posting, amounts=amounts, reason="", confirmation="c", user=payer)
    for _ in range(3):
        work_off()
    assert [name for name, _body in prolific.calls].count("pay_bonuses") == 1
    assert Intent.objects.get(kind="bonus").state == ("done" if acts_first else "sending")
    assert totals_of(submission.posting).bonus == prolific.paid_total()


def test_two_bonuses_of_one_amount_are_told_apart(take_part, payer, prolific):
    submission = take_part()
    amounts = {submission.pk: Decimal("0.40")}
    for confirmation in ("first", "second"):
        prolific.faults.add("pay_bonuses", acts_first=confirmation == "first", status=504)
        payments.pay_bonuses(
            posting=submission.posting, amounts=amounts, reason="", confirmation=confirmation, user=payer
        )
        for _ in range(2):
            work_off()
    states = list(Intent.objects.filter(kind="bonus").order_by("pk").values_list("state", flat=True))
    assert states == ["done", "sending"]
    assert totals_of(submission.posting).bonus == prolific.paid_total() == Decimal("0.40")


def test_a_bonus_that_shows_late_is_not_taken_for_the_next_one(take_part, payer, prolific):
    submission = take_part()
    amounts = {submission.pk: Decimal("0.40")}
    prolific.shows_bonuses = False
    for confirmation in ("first", "second"):
        payments.pay_bonuses(
            posting=submission.posting, amounts=amounts, reason="", confirmation=confirmation, user=payer
        )
        work_off()
        prolific.faults.add("pay_bonuses", acts_first=False, status=504)
    prolific.shows_bonuses = True
    work_off()
    states = list(Intent.objects.filter(kind="bonus").order_by("pk").values_list("state", flat=True))
    assert states == ["done", "sending"]
    assert totals_of(submission.posting).bonus == prolific.paid_total() == Decimal("0.40")


def test_while_nobody_knows_of_an_earlier_bonus_no_other_is_paid(take_part, payer, prolific):
    submission = take_part()
    amounts = {submission.pk: Decimal("0.40")}
    prolific.faults.add("pay_bonuses", acts_first=False, status=504)
    for confirmation in ("first", "second"):
        payments.pay_bonuses(
            posting=submission.posting, amounts=amounts, reason="", confirmation=confirmation, user=payer
        )
    work_off()
    assert [name for name, _body in prolific.calls].count("pay_bonuses") == 1
    first, second = Intent.objects.filter(kind="bonus").order_by("pk")
    assert (first.state, second.state, second.sent_at) == ("sending", "sending", None)
    Intent.objects.filter(pk=first.pk).update(state=IntentState.UNCLEAR)
    work_off()
    second.refresh_from_db()
    assert second.state == "refused"


def test_groups_keep_out_those_who_took_part_before(prolific, payer, settings):
    settings.PROLIFIC_WORKSPACE = "w1"
    study = open_study(trial_count=6, samples=6)
    first, second = (published_on(study, payer) for _ in range(2))
    (group,) = prolific.group_names
    assert prolific.group_names[group] == f"Took part in {study.slug}"
    assert first.options["group"] == second.options["group"] == group
    one = prolific.take_part(first.external_id, "5f0000000000000000000abc")
    prolific.complete(one["id"], study.completion_code)
    with pytest.raises(Refused, match="took part before"):
        prolific.take_part(second.external_id, "5f0000000000000000000abc")
    prolific.take_part(second.external_id, "5f0000000000000000000abd")


def test_a_group_that_was_made_before_an_answer_was_lost_is_found_again(prolific, payer, settings):
    settings.PROLIFIC_WORKSPACE = "w1"
    prolific.faults.add("create_group", acts_first=True)
    posting = published_on(open_study(trial_count=6, samples=6), payer)
    work_off()
    posting.refresh_from_db()
    assert posting.state == "live"
    assert len(prolific.group_names) == len(prolific.studies) == 1


def published_on(study, payer) -> Posting:
    """Return a posting of a study after its jobs have run once."""
    posting = posting_of(study)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    work_off()
    posting.refresh_from_db()
    return posting


def test_more_places_let_a_full_study_go_on(take_part, live_posting, prolific, payer):
    for _ in range(3):
        take_part()
    live_posting.refresh_from_db()
    assert live_posting.state == "closed"
    cost = publishing.estimate(live_posting, 2).total
    publishing.extend(live_posting, places=5, confirmed=cost, user=payer)
    work_off()
    live_posting.refresh_from_db()
    assert (live_posting.state, live_posting.places) == ("live", 5)
    prolific.take_part(live_posting.external_id)
