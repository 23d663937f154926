"""Recruitment by API: who may ask what, and that money needs the total that a person has seen."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from humaneval.recruitment import api_urls
from humaneval.recruitment.models import Intent, Posting
from tests.factories import TokenFactory, member, open_study
from tests.recruitment.conftest import work_off

pytestmark = pytest.mark.django_db
LOOK, PUBLISH, PAY, ADD = "view_posting", "publish_posting", "pay_posting", "add_posting"
HALT = "change_posting"
SEE_LINK, CHANGE_LINK, INVITE = "view_linksettings", "change_linksettings", "add_invitation"
ALL = {LOOK, PUBLISH, PAY, ADD, HALT, SEE_LINK, CHANGE_LINK, INVITE}
STUDY, POSTING = "/api/v1/studies/{slug}/recruitment/", "/api/v1/postings/{posting}/"
LINK, INVITATIONS = "/api/v1/studies/{slug}/link/", "/api/v1/studies/{slug}/invitations/"
ENDPOINTS = {
    ("get", STUDY): LOOK,
    ("get", STUDY + "ledger/"): LOOK,
    ("get", STUDY + "raters/"): LOOK,
    ("get", "/api/v1/recruitment/money/"): LOOK,
    ("get", LINK): SEE_LINK,
    ("patch", LINK): CHANGE_LINK,
    ("get", INVITATIONS): INVITE,
    ("post", INVITATIONS): INVITE,
    ("get", STUDY + "reconciliation/"): LOOK,
    ("post", STUDY + "postings/"): ADD,
    ("get", POSTING + "cost/"): LOOK,
    ("post", POSTING + "publish/"): PUBLISH,
    ("post", POSTING + "approve/"): PAY,
    ("post", POSTING + "bonuses/"): PAY,
    ("post", POSTING + "pause/"): HALT,
    ("post", POSTING + "resume/"): PUBLISH,
    ("post", POSTING + "stop/"): HALT,
    ("get", "/api/v1/panel-calls/{call}/"): LOOK,
}


def with_permissions(*permissions: str, is_staff: bool = True) -> APIClient:
    """Return a client with the token of somebody who has these permissions and no others."""
    user = member(*permissions, is_staff=is_staff)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {TokenFactory(user=user).secret}")
    return client


def addresses(posting: Posting) -> dict[tuple[str, str], str]:
    """Return each endpoint's address for rows that exist."""
    words = {"slug": posting.study.slug, "posting": posting.pk, "call": Intent.objects.earliest("pk").pk}
    return {key: key[1].format(**words) for key in ENDPOINTS}


def test_every_endpoint_is_in_this_table():
    moves, twice = 2, 2  # pause, resume and stop are one address; link and invitations take two methods
    assert len(api_urls.urlpatterns) == len(ENDPOINTS) - moves - twice


def test_no_endpoint_is_for_strangers_or_staff_without_its_permission(live_posting):
    before = Intent.objects.count()
    for (method, path), address in addresses(live_posting).items():
        needed = ENDPOINTS[method, path]
        others = ALL - {needed}
        assert getattr(APIClient(), method)(address).status_code == 401, address
        assert getattr(with_permissions(*others), method)(address).status_code == 403, address
        rater = with_permissions(*ALL, is_staff=False)
        assert getattr(rater, method)(address).status_code == 403, address
    assert Intent.objects.count() == before


def test_who_may_gets_an_answer_everywhere(live_posting):
    for (method, path), address in addresses(live_posting).items():
        answer = getattr(with_permissions(ENDPOINTS[method, path]), method)(address)
        fine = {200} if method in ("get", "patch") else {202, 400, 409}
        assert answer.status_code in fine, (address, answer.data)


def test_a_study_goes_the_whole_way(prolific):
    study = open_study(trial_count=6, samples=6)
    base = STUDY.format(slug=study.slug)
    client = with_permissions(LOOK, PUBLISH, PAY, ADD, HALT)
    draft = {
        "panel": "prolific",
        "title": "Which image is real?",
        "description": "Look at pairs.",
        "places": 3,
        "reward": "1.50",
        "currency": "GBP",
    }
    made = client.post(base + "postings/", draft, format="json")
    assert made.status_code == 201, made.data
    posting = POSTING.format(posting=made.data["id"])
    cost = client.get(posting + "cost/").data
    assert (cost["total"], cost["problems"]) == ("6.42", [])
    assert client.post(posting + "publish/", {"total": "6.00"}, format="json").status_code == 409
    asked = client.post(posting + "publish/", {"total": "6.42"}, format="json")
    assert asked.status_code == 202
    work_off()
    assert client.get(f"/api/v1/panel-calls/{asked.data[0]['id']}/").data["state"] == "done"
    (one,) = client.get(base).data["postings"]
    assert (one["posting"]["state"], one["is_standin"], one["totals"]["promised"]) == ("live", True, "4.50")


def test_approving_and_bonuses_take_the_total_that_was_seen(take_part, live_posting, prolific):
    submission = take_part()
    client = with_permissions(LOOK, PAY)
    posting = POSTING.format(posting=live_posting.pk)
    assert client.post(posting + "approve/", {"total": "4.28"}, format="json").status_code == 409
    assert client.post(posting + "approve/", {"total": "2.14"}, format="json").status_code == 202
    work_off()
    amounts = {str(submission.pk): "0.40"}
    sent = {"amounts": amounts, "total": "0.57", "reason": "Thanks", "confirmation": "once-and-only"}
    assert client.post(posting + "bonuses/", {**sent, "total": "0.40"}, format="json").status_code == 409
    for _ in range(2):
        assert client.post(posting + "bonuses/", sent, format="json").status_code == 202
        work_off()
    assert prolific.paid_total() == Decimal("1.90")
    base = STUDY.format(slug=live_posting.study.slug)
    ledger = client.get(base + "ledger/").data
    assert [(row["kind"], row["amount"], row["fee"]) for row in ledger] == [
        ("base", "1.50", "0.64"),
        ("bonus", "0.40", "0.17"),
    ]
    assert ledger[0]["rater"] == submission.session.rater.pseudonym
    (row,) = client.get(base + "raters/").data
    assert (row["rater"], row["paid"], row["fees"], row["owed"]) == (
        ledger[0]["rater"],
        "1.90",
        "0.81",
        "0.00",
    )
    money = client.get("/api/v1/recruitment/money/").data
    assert [(one["study"], one["totals"]["paid"]) for one in money["studies"]] == [
        (live_posting.study.slug, "1.90")
    ]
    assert [(one["currency"], one["fees"]) for one in money["totals"]] == [("GBP", "0.81")]


def test_cases_say_what_to_do(take_part, live_posting):
    submission = take_part(finish=False)
    base = STUDY.format(slug=live_posting.study.slug)
    (case,) = with_permissions(LOOK).get(base + "reconciliation/").data
    assert (case["kind"], case["submission"], case["posting"]) == (
        "submitted_unfinished",
        submission.pk,
        live_posting.pk,
    )
    assert case["action"].startswith("Look at the answers")


@pytest.mark.parametrize(
    "changes",
    [
        {"panel": "clickworker"},
        {"options": [1]},
        {"reward": "0"},
        {"places": 0},
        {"currency": "pounds"},
        {"reward": "1.505"},
    ],
)
def test_a_draft_that_makes_no_sense_is_refused(changes):
    study = open_study(trial_count=6, samples=6)
    fields = {"panel": "prolific", "title": "t", "description": "d", "places": 3, "reward": "1.50"}
    address = STUDY.format(slug=study.slug) + "postings/"
    answer = with_permissions(ADD).post(address, {**fields, **changes}, format="json")
    assert answer.status_code == 400
    assert set(answer.data) == set(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"amounts": {"x": "1.00"}},
        {"amounts": {"1": "NaN"}},
        {"confirmation": "short"},
        {"amounts": {"9" * 30: "1.00"}},
    ],
)
def test_bonuses_that_make_no_sense_are_refused(live_posting, changes):
    sent = {"amounts": {}, "total": "0.00", "confirmation": "once-and-only", **changes}
    address = POSTING.format(posting=live_posting.pk) + "bonuses/"
    assert with_permissions(PAY).post(address, sent, format="json").status_code == 400


def test_the_schema_describes_it_without_a_warning(tmp_path, capfd):
    file = tmp_path / "schema.yml"
    call_command("spectacular", "--file", str(file), "--validate")
    assert "recruitment" not in capfd.readouterr().err
    assert "/api/v1/postings/" in file.read_text()
