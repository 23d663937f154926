"""The researcher's pages: who may see and press what, and what is asked before money moves."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest
from django.urls import get_resolver, reverse

from humaneval.recruitment import ledger, payments, publishing
from humaneval.recruitment.link.invitations import invite
from humaneval.recruitment.models import Intent, IntentState, LinkSettings, Posting, Submission
from humaneval.teams.models import AuditEntry, Team
from tests.factories import UserFactory, member, open_study
from tests.recruitment.conftest import arrive, posting_of, work_off

pytestmark = pytest.mark.django_db

LOOK, PUBLISH, PAY, INVITE = "view_posting", "publish_posting", "pay_posting", "add_invitation"
IMPORT, HALT, EXCLUDE = "import_archive", "change_posting", "change_submission"
PAGES = {
    "overview": LOOK,
    "ledger-csv": LOOK,
    "look": LOOK,
    "raters-csv": LOOK,
    "money": LOOK,
    "publish": PUBLISH,
    "release": PUBLISH,
    "pause": HALT,
    "resume": PUBLISH,
    "stop": HALT,
    "remove": PUBLISH,
    "extend": PUBLISH,
    "approve": PAY,
    "approve-one": PAY,
    "top-up": PAY,
    "reject": PAY,
    "overturn": PAY,
    "block": EXCLUDE,
    "bonus": PAY,
    "resolve": PAY,
    "invitations": INVITE,
    "links-csv": INVITE,
    "mturk-archive": IMPORT,
    "again": PUBLISH,
}
OPEN = {"prolific-events", "mturk-entrance", "mturk-hand-in"}
"""Addresses for panels and raters; their own tests say what keeps others out."""


def user_with(*permissions: str):
    """Return staff with these permissions and no others."""
    return member(*permissions)


@pytest.fixture
def addresses(take_part, live_posting) -> dict[str, str]:
    """Give the address of every page, for rows that exist."""
    submission = take_part()
    by_slug = {"overview", "ledger-csv", "raters-csv", "invitations", "links-csv", "mturk-archive"}
    rows = dict.fromkeys(("approve-one", "reject", "overturn", "block", "bonus"), submission.pk)
    rows["resolve"] = rows["again"] = Intent.objects.get(kind="publish").pk
    return {
        name: reverse(
            f"recruitment:{name}",
            args=[]
            if name == "money"
            else [live_posting.study.slug if name in by_slug else rows.get(name, live_posting.pk)],
        )
        for name in PAGES
    }


def test_every_address_is_in_this_table():
    known = {p.name for p in get_resolver("humaneval.recruitment.urls").url_patterns}
    assert known == set(PAGES) | OPEN


def test_no_page_is_for_strangers_or_staff_without_its_permission(addresses, client):
    everything = {LOOK, PUBLISH, PAY, INVITE, IMPORT, HALT, EXCLUDE}
    for name, address in addresses.items():
        calls = [client.post] if name == "look" else [client.get, client.post]
        for call in calls:
            client.logout()
            assert call(address).status_code in {302, 405}, name
        client.force_login(user_with(*(everything - {PAGES[name]})))
        for call in calls:
            assert call(address).status_code in {403, 405}, name
    assert set(Intent.objects.values_list("kind", flat=True)) == {"create", "publish"}


def test_raters_accounts_that_are_no_staff_see_nothing(addresses, client):
    client.force_login(UserFactory(is_staff=False))
    for name, address in addresses.items():
        assert client.get(address).status_code in {302, 405}, name


def test_every_page_opens_for_who_may_see_it(addresses, client):
    for name, address in addresses.items():
        if name == "look":
            continue
        also = {LOOK} if name == "again" else set()
        client.force_login(user_with(PAGES[name], *also))
        assert client.get(address).status_code == 200, name


def test_a_call_that_was_given_up_can_be_tried_again(prolific, client, payer):
    posting = posting_of()
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=payer)
    for _ in range(12):
        prolific.faults.add("create_study", acts_first=False, status=429)
        (job,) = work_off()
    assert job.state == "failed"
    client.force_login(payer)
    overview = reverse("recruitment:overview", args=[posting.study.slug])
    again = reverse("recruitment:again", args=[Intent.objects.get().pk])
    assert again in client.get(overview).content.decode()
    assert client.post(again).status_code == 302
    work_off()
    posting.refresh_from_db()
    assert posting.state == "live"
    assert again not in client.get(overview).content.decode()


def test_a_call_about_money_is_tried_again_by_those_who_may_pay(take_part, live_posting, client):
    payments.approve(take_part(), UserFactory())
    again = reverse("recruitment:again", args=[Intent.objects.get(kind="approve").pk])
    client.force_login(user_with(LOOK, PUBLISH))
    assert client.get(again).status_code == 403
    client.force_login(user_with(LOOK, PAY))
    assert client.get(again).status_code == 200


def test_somebody_who_found_nothing_left_is_approved_by_hand_only(take_part, live_posting, client, payer):
    submission = take_part(finish=False)
    type(submission.session).objects.update(state="completed")
    client.force_login(payer)
    approve = client.get(reverse("recruitment:approve", args=[live_posting.pk])).content.decode()
    assert "Nobody who finished waits" in approve
    one = reverse("recruitment:approve-one", args=[submission.pk])
    assert "Approve and pay 2.14 GBP" in client.get(one).content.decode()
    assert client.post(one).status_code == 302
    work_off()
    assert live_posting.payments.count() == 1


def test_a_stand_in_is_said_to_be_one(live_posting, client, payer):
    client.force_login(payer)
    page = client.get(reverse("recruitment:overview", args=[live_posting.study.slug])).content.decode()
    assert "its people are programs" in page


def test_buttons_are_shown_to_who_may_press_them(addresses, client):
    client.force_login(user_with(LOOK))
    plain = client.get(addresses["overview"]).content.decode()
    assert "Approve and pay" not in plain
    assert "/stop/" not in plain
    client.force_login(user_with(LOOK, PAY, PUBLISH, HALT))
    full = client.get(addresses["overview"]).content.decode()
    assert "Approve and pay" in full
    assert "/stop/" in full


def test_publishing_shows_the_cost_and_takes_no_other(prolific, client, payer):
    posting = posting_of()
    client.force_login(payer)
    address = reverse("recruitment:publish", args=[posting.pk])
    page = client.get(address).content.decode()
    assert "Publish for 6.42 GBP" in page
    assert "9.00 GBP" in page, "10 minutes at 1.50"
    assert "less than the target of 12.00 GBP" in page
    assert client.post(address, {"total": "6.00"}).status_code == 409
    assert not Intent.objects.exists()
    assert client.post(address, {"total": "6.42"}).status_code == 302
    assert Intent.objects.get().requested_by == payer


def test_a_posting_that_pays_by_itself_is_published_by_those_who_may_pay(prolific, client):
    posting = posting_of(approves_itself=True)
    client.force_login(user_with(PUBLISH))
    response = client.post(reverse("recruitment:publish", args=[posting.pk]), {"total": "6.42"})
    assert response.status_code == 409
    assert "only who may pay" in response.content.decode()


def test_approving_shows_the_sum_and_pays_those_who_finished(take_part, live_posting, client, payer):
    take_part()
    take_part(finish=False)
    client.force_login(payer)
    address = reverse("recruitment:approve", args=[live_posting.pk])
    assert "Approve 1 and pay 2.14 GBP" in client.get(address).content.decode()
    assert client.post(address, {"total": "2.14"}).status_code == 302
    work_off()
    assert live_posting.payments.count() == 1


def test_topping_up_twice_by_a_double_click_pays_once(take_part, live_posting, client, payer, prolific):
    take_part()
    Posting.objects.update(target_wage=Decimal("20.00"))
    client.force_login(payer)
    address = reverse("recruitment:top-up", args=[live_posting.pk])
    page = client.get(address)
    assert "Top up to 20.00 GBP an hour?" in page.content.decode()
    sent = {name: page.context["form"].initial[name] for name in ("total", "confirmation")}
    client.post(address, sent)
    client.post(address, sent)
    work_off()
    client.post(address, sent)
    work_off()
    assert prolific.paid_total() == Decimal(
        "0.50"
    )  # 6 minutes at 20 an hour are 2.00, of which 1.50 is the reward


def test_more_places_show_their_cost_first(live_posting, client, payer, prolific):
    client.force_login(payer)
    address = reverse("recruitment:extend", args=[live_posting.pk])
    assert "Add places for 4.28 GBP" in client.get(address, {"places": 5}).content.decode()
    assert client.post(address, {"places": 5, "total": "4.28"}).status_code == 302
    work_off()
    assert prolific.studies[live_posting.external_id]["total_available_places"] == 5
    assert client.get(address, {"places": "²"}).status_code == 200


def test_the_budget_stops_publishing_and_warns_before(prolific, client, payer):
    study = open_study(trial_count=6, samples=6)
    posting = posting_of(study, budget=Decimal("6.41"))
    client.force_login(payer)
    address = reverse("recruitment:publish", args=[posting.pk])
    assert "the budget leaves 6.41" in client.get(address).content.decode()
    assert client.post(address, {"total": "6.42"}).status_code == 409
    Posting.objects.update(budget=Decimal("6.50"))
    assert client.post(address, {"total": "6.42"}).status_code == 302
    work_off()
    assert "0.08 are left" in client.get(reverse("recruitment:overview", args=[study.slug])).content.decode()


def test_an_unclear_call_is_settled_by_a_persons_word(take_part, live_posting, client, payer):
    take_part()
    intent = Intent.objects.get(kind="publish")
    Intent.objects.filter(pk=intent.pk).update(state=IntentState.UNCLEAR)
    client.force_login(payer)
    page = client.get(reverse("recruitment:overview", args=[live_posting.study.slug])).content.decode()
    assert "Nobody knows" in page
    client.post(reverse("recruitment:resolve", args=[intent.pk]), {"was_done": "yes"})
    intent.refresh_from_db()
    assert intent.state == "done"
    assert AuditEntry.objects.filter(action="done: publish", user=payer).exists()


def test_the_ledger_leaves_as_csv_under_pseudonyms(take_part, live_posting, client, payer, prolific):
    submission = take_part(person="5f0000000000000000000abc")
    prolific.people[submission.external_id]["status"] = "APPROVED"
    publishing.estimate(live_posting)
    from humaneval.recruitment.polling import poll_posting

    poll_posting(live_posting)
    client.force_login(payer)
    response = client.get(reverse("recruitment:ledger-csv", args=[live_posting.study.slug]))
    text = b"".join(response.streaming_content).decode()
    (row,) = csv.DictReader(text.splitlines())
    assert (row["kind"], row["amount"], row["fee"], row["currency"]) == ("base", "1.50", "0.64", "GBP")
    assert row["rater"] == submission.session.rater.pseudonym
    assert "5f0000000000000000000abc" not in text


def test_what_each_rater_is_owed_and_was_paid_leaves_as_csv_and_adds_up(
    take_part, live_posting, client, payer
):
    first, second = take_part(), take_part()
    payments.approve(first, payer)
    work_off()
    amounts = {first.pk: Decimal("0.40")}
    payments.pay_bonuses(posting=live_posting, amounts=amounts, reason="", confirmation="c1", user=payer)
    work_off()
    amounts = {second.pk: Decimal("0.25")}
    payments.pay_bonuses(posting=live_posting, amounts=amounts, reason="", confirmation="c2", user=payer)
    client.force_login(payer)
    response = client.get(reverse("recruitment:raters-csv", args=[live_posting.study.slug]))
    rows = list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))
    found = [tuple(row[name] for name in ("owed", "base", "bonus", "paid", "hourly")) for row in rows]
    assert found == [("0.00", "1.50", "0.40", "1.90", "19.00"), ("1.75", "0.00", "0.00", "0.00", "15.00")]
    assert rows[0]["rater"] == first.session.rater.pseudonym
    totals = ledger.totals_of(live_posting)
    for name in ("owed", "paid", "fees"):
        assert sum(Decimal(row[name]) for row in rows) == getattr(totals, name)


def test_the_money_of_all_studies_is_added_up_by_currency_and_other_teams_stay_out(
    live_posting, client, payer
):
    twin = posting_of(places=1, state="live")
    posting_of(panel="mturk", currency="USD", places=1, state="live")
    other = posting_of(places=1, state="live")
    type(other.study).objects.filter(pk=other.study_id).update(team=Team.objects.create(name="B", slug="b"))
    client.force_login(payer)
    response = client.get(reverse("recruitment:money"))
    assert {study for study, _sums in response.context["lines"]} >= {live_posting.study, twin.study}
    assert other.study not in {study for study, _sums in response.context["lines"]}
    assert [(sums.currency, sums.committed) for sums in response.context["totals"]] == [
        ("GBP", Decimal("8.56")),
        ("USD", Decimal("1.80")),
    ]
    assert "8.56" in response.content.decode()


def test_a_posting_is_written_in_the_admin_and_locked_once_the_panel_has_it(live_posting, client):
    client.force_login(UserFactory())
    page = client.get(f"/admin/recruitment/posting/{live_posting.pk}/change/").content.decode()
    assert 'name="reward"' not in page
    assert 'name="budget"' in page
    new = client.get("/admin/recruitment/posting/add/").content.decode()
    assert "Amazon Mechanical Turk closed for good on 30 September 2026" in new
    for name in ("posting", "submission", "intent", "ledgerentry", "linksettings"):
        assert client.get(f"/admin/recruitment/{name}/").status_code == 200


def test_the_overview_asks_the_database_the_same_few_questions_however_many_people_there_are(
    take_part, live_posting, client, payer, django_assert_max_num_queries
):
    client.force_login(payer)
    address = reverse("recruitment:overview", args=[live_posting.study.slug])
    for _ in range(3):
        take_part(finish=False)
    client.get(address)
    with django_assert_max_num_queries(45):
        client.get(address)


def test_deleted_drafts_and_link_settings_are_in_the_audit_log(client):
    posting = posting_of()
    LinkSettings.objects.create(study=posting.study)
    client.force_login(UserFactory())
    for row in (posting, posting.study.link_settings):
        name = f"admin:recruitment_{row._meta.model_name}"
        assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 302
    LinkSettings.objects.create(study=posting.study)
    chosen = {"action": "delete_selected", "_selected_action": LinkSettings.objects.get().pk, "post": "yes"}
    client.post(reverse("admin:recruitment_linksettings_changelist"), chosen)
    assert not Posting.objects.exists()
    assert not LinkSettings.objects.exists()
    lines = AuditEntry.objects.order_by("id")
    assert [line.action for line in lines] == ["delete posting", *["delete link settings"] * 2]
    assert (lines[0].team_id, lines[0].detail["reward"]) == (posting.study.team_id, "1.50")


FORMULAS = ("=HYPERLINK(1)", " =1+1", "\n@SUM(A1)", "＝1+1")


def test_what_stood_in_a_raters_address_is_no_formula_in_a_spreadsheet(
    take_part, live_posting, client, payer
):
    for number, text in enumerate(FORMULAS):
        words = {"PROLIFIC_PID": f"p{number}", "STUDY_ID": live_posting.external_id, "SESSION_ID": text}
        arrive(live_posting.study, words)
    assert not Submission.objects.exists(), "such ids are nobody's"
    submission = take_part()
    Submission.objects.filter(pk=submission.pk).update(external_id=FORMULAS[0])  # by former versions
    client.force_login(payer)
    response = client.get(reverse("recruitment:raters-csv", args=[live_posting.study.slug]))
    (row,) = csv.DictReader(b"".join(response.streaming_content).decode().splitlines())
    assert row["submission"] == f"'{FORMULAS[0]}"


def test_names_of_people_are_no_formulas_in_the_ledger_and_the_list_of_links(take_part, live_posting, client):
    payer = member(PAY, LOOK, INVITE, username="@SUM(A1)")
    payments.approve(take_part(), payer)
    work_off()
    client.force_login(payer)
    slug = live_posting.study.slug
    ledger_text = b"".join(client.get(reverse("recruitment:ledger-csv", args=[slug])).streaming_content)
    (row,) = csv.DictReader(ledger_text.decode().splitlines())
    assert (row["asked_by"], row["amount"]) == ("'@SUM(A1)", "1.50")
    invite(study=live_posting.study, names=["＝1+1", "Ada"], user=payer)
    links = client.get(reverse("recruitment:links-csv", args=[slug])).content.decode()
    assert [one["name"] for one in csv.DictReader(links.splitlines())] == ["'＝1+1", "Ada"]
