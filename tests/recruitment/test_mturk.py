"""MTurk through boto3, against a stand-in that botocore's own description of the service drives."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError
from django.core.exceptions import ValidationError
from django.utils import timezone

from humaneval.demo.panels.mturk import FakeMTurk, TurkError
from humaneval.rating.completion import completion_of
from humaneval.rating.refusals import Refusal
from humaneval.recruitment import payments, publishing
from humaneval.recruitment.intents import carry_out
from humaneval.recruitment.ledger import totals_of
from humaneval.recruitment.models import Intent, IntentKind, IntentState, Posting, Submission
from humaneval.recruitment.mturk import client
from humaneval.recruitment.polling import poll_posting
from humaneval.recruitment.recruiters import Undecided
from humaneval.recruitment.withdrawing import withdraw
from tests.recruitment.conftest import arrive, complete, posting_of, work_off

pytestmark = pytest.mark.django_db
FEEDBACK = "None of the attention checks was answered right."


@pytest.fixture
def mturk(settings, monkeypatch):
    """Give a stand-in for MTurk that the settings point to."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
    fake = FakeMTurk()
    settings.MTURK_ENDPOINT = fake.url
    settings.MTURK_SUBMIT_ORIGINS = [fake.url]
    settings.PUBLIC_URL = "https://lab.example"
    yield fake
    fake.stop()


def published(payer, **fields) -> Posting:
    """Return a posting that is live."""
    posting = posting_of(**{"panel": "mturk", "currency": "USD", "reward": Decimal("1.20"), **fields})
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    work_off()
    posting.refresh_from_db()
    return posting


@pytest.fixture
def posting(mturk, payer) -> Posting:
    """Give a posting that is live on the stand-in."""
    posting = published(payer)
    assert posting.state == "live", posting.problem
    return posting


def take_part(
    mturk: FakeMTurk, posting: Posting, worker: str = "A1WORKER", *, submit: bool = True
) -> Submission:
    """Return the submission of a worker who accepts, finishes and (if told so) hands in."""
    assignment = mturk.accept(posting.external_id, worker)
    words = {
        "assignmentId": assignment,
        "hitId": posting.external_id,
        "workerId": worker,
        "turkSubmitTo": mturk.url,
    }
    complete(arrive(posting.study, words))
    if submit:
        mturk.submit(assignment, {"code": posting.study.completion_code})
        poll_posting(posting)
    return Submission.objects.get(external_id=assignment)


def test_a_hit_shows_our_page_and_keeps_repeats_out(posting, mturk):
    (hit,) = mturk.hits.values()
    assert f"<ExternalURL>https://lab.example/panels/mturk/{posting.pk}/</ExternalURL>" in hit["Question"]
    assert (hit["MaxAssignments"], hit["Reward"]) == (3, "1.20")
    (group,) = mturk.qualifications.values()
    assert hit["QualificationRequirements"] == [
        {
            "QualificationTypeId": group["QualificationTypeId"],
            "Comparator": "DoesNotExist",
            "ActionsGuarded": "DiscoverPreviewAndAccept",
        }
    ]
    assert posting.options["group"] == group["QualificationTypeId"]


def test_country_and_approvals_can_be_asked_for(mturk, payer):
    options = {"countries": ["US", "GB"], "approved_percent": 98, "approved_count": 500}
    published(payer, options=options)
    (hit,) = mturk.hits.values()
    kinds = {one["QualificationTypeId"]: one for one in hit["QualificationRequirements"]}
    assert [v["Country"] for v in kinds["00000000000000000071"]["LocaleValues"]] == ["US", "GB"]
    assert kinds["000000000000000000L0"]["IntegerValues"] == [98]
    assert kinds["00000000000000000040"]["IntegerValues"] == [500]


def test_what_mturk_charges_is_what_was_estimated(mturk, payer):
    for places in (9, 10):
        before = mturk.balance
        posting = published(payer, places=places)
        assert before - mturk.balance == publishing.estimate(posting).total


def test_too_small_a_balance_makes_it_a_draft_again_and_says_why(mturk, payer):
    mturk.balance = Decimal("1.00")
    posting = published(payer)
    assert posting.state == "draft"
    assert "InsufficientFunds" in posting.problem


def test_it_pays_in_dollars_only(mturk, payer):
    posting = posting_of(panel="mturk", currency="GBP")
    with pytest.raises(ValidationError, match="USD"):
        publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)


def test_a_worker_goes_the_whole_way_and_the_ledger_adds_up(posting, mturk, payer):
    submission = take_part(mturk, posting)
    assert submission.session.rater.simulated
    payments.approve(submission, payer)
    payments.pay_bonuses(
        posting=posting,
        amounts={submission.pk: Decimal("0.35")},
        reason="Thanks",
        confirmation="c",
        user=payer,
    )
    work_off()
    poll_posting(posting)
    submission.refresh_from_db()
    assert submission.state == "approved"
    totals = totals_of(posting)
    assert totals.paid == mturk.paid_total() == Decimal("1.55")
    assert totals.fees == Decimal("0.24") + Decimal("0.07")
    assert submission.paid_bonuses == Decimal("0.35")


def test_after_somebody_withdrew_the_panel_is_looked_at_as_before(posting, mturk, payer):
    gone = take_part(mturk, posting)
    withdraw(rater=gone.session.rater, erase_votes=True, reason="asked", user=payer)
    other = take_part(mturk, posting, "A2WORKER")
    assert poll_posting(posting) == 2
    assert (Submission.objects.get(pk=gone.pk).sealed_person, other.state) == ("", "submitted")


def test_a_bonus_for_somebody_whose_id_is_erased_is_refused_and_says_why(posting, mturk, payer):
    gone = take_part(mturk, posting)
    work_off()
    withdraw(rater=gone.session.rater, erase_votes=False, reason="asked", user=payer)
    amounts = {gone.pk: Decimal("0.35")}
    (intent,) = payments.pay_bonuses(
        posting=posting, amounts=amounts, reason="", confirmation="c", user=payer
    )
    work_off()
    intent.refresh_from_db()
    assert (intent.state, "has been erased" in intent.problem) == ("refused", True)
    assert not mturk.bonuses


def test_who_took_part_does_not_find_the_next_hit_of_the_study(posting, mturk, payer):
    take_part(mturk, posting)
    work_off()
    again = published(payer, study=posting.study)
    with pytest.raises(TurkError, match="may not"):
        mturk.accept(again.external_id, "A1WORKER")
    mturk.accept(again.external_id, "A2WORKER")


def test_a_preview_takes_no_answer(posting):
    words = {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": posting.external_id}
    with pytest.raises(Refusal, match="accept the HIT"):
        arrive(posting.study, words)


def test_the_way_in_shows_a_preview_or_leads_to_the_study(posting, client):
    address = f"/panels/mturk/{posting.pk}/"
    preview = client.get(
        address, {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": posting.external_id}
    )
    assert b"This is a preview" in preview.content
    assert "X-Frame-Options" not in preview.headers
    assert "frame-ancestors *" in preview.headers["Content-Security-Policy"]
    inside = client.get(address, {"assignmentId": "3X", "workerId": "A1", "hitId": posting.external_id})
    assert inside.status_code == 302
    assert inside["Location"].startswith(f"https://lab.example/s/{posting.study.slug}/?assignmentId=3X")


def test_a_finished_worker_hands_in_where_mturk_said(posting, mturk, client):
    submission = take_part(mturk, posting, submit=False)
    page = client.get(completion_of(submission.session).url.removeprefix("https://lab.example"))
    assert f'action="{mturk.url}/mturk/externalSubmit"'.encode() in page.content
    assert submission.external_id.encode() in page.content
    assert f"form-action {mturk.url}" in page.headers["Content-Security-Policy"]


def test_work_is_handed_to_mturks_sites_only(posting, mturk, client, settings):
    settings.MTURK_SUBMIT_ORIGINS = ["https://www.mturk.com"]
    submission = take_part(mturk, posting, submit=False)
    page = client.get(completion_of(submission.session).url.removeprefix("https://lab.example"))
    assert b"<form" not in page.content
    assert mturk.url.encode() not in page.content


def test_nobody_can_make_up_a_hand_in_page(posting, mturk, client):
    take_part(mturk, posting, submit=False)
    assert client.get("/panels/mturk/hand-in/MQ:made-up:signature/").status_code == 404


def test_a_rejection_can_be_taken_back(posting, mturk, payer):
    submission = take_part(mturk, posting)
    payments.reject(submission, rule="failed_checks", message=FEEDBACK, user=payer)
    work_off()
    submission.refresh_from_db()
    assert mturk.assignments[submission.external_id]["RequesterFeedback"] == FEEDBACK
    assert (submission.state, mturk.paid_total()) == ("rejected", Decimal("0.00"))
    payments.overturn(submission, payer)
    work_off()
    assert totals_of(posting).paid == mturk.paid_total() == Decimal("1.20")


def test_a_hit_is_extended_expired_and_deleted(posting, mturk, payer):
    publishing.extend(posting, places=5, confirmed=publishing.estimate(posting, 2).total, user=payer)
    for kind in (IntentKind.STOP, IntentKind.REMOVE):
        work_off()
        posting.refresh_from_db()
        publishing.move(posting, kind, payer)
    work_off()
    (hit,) = mturk.hits.values()
    assert (hit["MaxAssignments"], hit["HITStatus"]) == (5, "Disposed")


def test_a_small_hit_cannot_grow_to_ten_and_says_so(posting, mturk, payer):
    publishing.extend(posting, places=12, confirmed=publishing.estimate(posting, 9).total, user=payer)
    jobs = work_off()
    posting.refresh_from_db()
    assert posting.places == 3
    assert "fewer than 10" in jobs[-1].error
    again = publishing.extend(posting, places=12, confirmed=publishing.estimate(posting, 9).total, user=payer)
    assert again.state == "recorded"


def test_mturk_cannot_pause(posting, payer):
    with pytest.raises(ValidationError, match="cannot do that"):
        publishing.move(posting, IntentKind.PAUSE, payer)


def test_all_pages_are_read(mturk, payer, monkeypatch):
    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    posting = published(payer, places=5)
    for number in range(5):
        mturk.submit(mturk.accept(posting.external_id, f"A{number}WORKER"), {"code": "x"})
    assert poll_posting(posting) == 5


@pytest.mark.parametrize("acts_first", [True, False])
def test_an_answer_that_is_lost_makes_no_second_hit(mturk, payer, acts_first):
    mturk.faults.add("CreateHITWithHITType", acts_first=acts_first)
    posting = published(payer)
    assert posting.state == "publishing"
    work_off()
    posting.refresh_from_db()
    assert posting.state == "live"
    assert list(mturk.hits) == [posting.external_id]


@pytest.mark.parametrize("acts_first", [True, False])
@pytest.mark.parametrize("status", [None, 500])
def test_an_answer_that_is_lost_makes_no_second_bonus(posting, mturk, payer, acts_first, status):
    submission = take_part(mturk, posting)
    mturk.faults.add("SendBonus", acts_first=acts_first, status=status)
    payments.pay_bonuses(
        posting=posting, amounts={submission.pk: Decimal("0.35")}, reason="", confirmation="c", user=payer
    )
    for _ in range(2):
        work_off()
    assert [b["BonusAmount"] for b in mturk.bonuses] == ["0.35"]
    assert totals_of(posting).bonus == Decimal("0.35")


def test_a_token_that_was_used_is_an_error_and_the_hit_is_found_by_our_mark(posting, mturk):
    Intent.objects.update(state=IntentState.SENDING, sent_at=None)
    with pytest.raises(Exception, match="HITAlreadyExists"):
        carry_out(Intent.objects.get(kind="publish").pk)
    assert carry_out(Intent.objects.get(kind="publish").pk).state == IntentState.DONE
    assert len(mturk.hits) == 1


def test_a_bonus_whose_token_has_expired_is_left_to_a_person(posting, mturk, payer):
    submission = take_part(mturk, posting)
    mturk.faults.add("SendBonus", acts_first=False)
    (intent,) = payments.pay_bonuses(
        posting=posting, amounts={submission.pk: Decimal("0.35")}, reason="", confirmation="c", user=payer
    )
    work_off()
    long_ago = timezone.now() - timedelta(hours=25)
    Intent.objects.filter(pk=intent.pk).update(created_at=long_ago, sent_at=timezone.now())
    with pytest.raises(Undecided):
        carry_out(intent.pk)
    Intent.objects.filter(pk=intent.pk).update(sent_at=long_ago)
    assert carry_out(intent.pk).state == IntentState.UNCLEAR
    assert not mturk.bonuses


def test_the_standin_refuses_what_the_service_describes_otherwise(mturk):
    mturk_client = boto3.client("mturk", region_name="us-east-1", endpoint_url=mturk.url)
    with pytest.raises(ClientError, match="does not match"):
        mturk_client.create_hit_type(AssignmentDurationInSeconds=60, Reward="$1", Title="t", Description="d")
    with pytest.raises(ClientError, match="HITDoesNotExist"):
        mturk_client.get_hit(HITId="3NOSUCHHIT")


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("sandbox", "https://mturk-requester-sandbox.us-east-1.amazonaws.com"),
        ("production", "https://mturk-requester.us-east-1.amazonaws.com"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
    ],
)
def test_sandbox_and_production_are_a_setting(settings, setting, address):
    settings.MTURK_ENDPOINT = setting
    assert client.endpoint() == address


def test_a_hit_that_expired_is_open_again_with_more_places(posting, mturk, payer):
    publishing.move(posting, IntentKind.STOP, payer)
    work_off()
    posting.refresh_from_db()
    publishing.extend(posting, places=5, confirmed=publishing.estimate(posting, 2).total, user=payer)
    work_off()
    posting.refresh_from_db()
    assert (posting.state, posting.places) == ("live", 5)
    mturk.accept(posting.external_id, "A1WORKER")


@pytest.mark.parametrize("call", ["CreateHITType", "CreateHITWithHITType"])
def test_mturk_asking_us_to_slow_down_is_asked_again_later(mturk, payer, call):
    mturk.faults.add(call, acts_first=False, status=429)
    posting = published(payer)
    intent = Intent.objects.get(kind="publish")
    assert (posting.state, intent.state, intent.sent_at) == ("publishing", "sending", None)
    work_off()
    posting.refresh_from_db()
    assert posting.state == "live"
    assert list(mturk.hits) == [posting.external_id]
