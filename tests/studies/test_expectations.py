"""What a launch is expected to take of raters: time, and money where a posting says what a session pays."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.exclusions import declare_rules
from humaneval.recruitment.models import Posting
from humaneval.studies import expectations
from humaneval.studies.checklist import checklist_of
from humaneval.studies.models import Question, Study
from humaneval.workspace.planning.starts import values_of
from tests.factories import draft_study, member, set_state

pytestmark = pytest.mark.django_db


def posting(study: Study, **fields) -> Posting:
    """Return a draft of a posting: 20 places at 1.20 pounds, of which Prolific takes a third besides."""
    given = {"panel": "prolific", "places": 20, "reward": Decimal("1.20"), "currency": "GBP", "minutes": 9}
    return Posting.objects.create(study=study, title="Look", description="At images.", **{**given, **fields})


def confirmation(client: Client, study: Study) -> str:
    """Return the words of the page that asks before a launch."""
    page = client.get(reverse("admin:studies_study_launch", args=[study.pk]))
    return " ".join(page.content.decode().split())


def test_time_follows_from_trials_and_sessions():
    study = draft_study(trial_count=120, votes_per_trial=3, assignments_per_session=30, samples=20)
    expected = checklist_of(study).expected
    assert (expected.sessions, expected.trials, expected.pays) == (12, 30, [])
    assert expected.minutes == pytest.approx(2 + 30 * 2 / 60)
    assert expected.hours == pytest.approx(12 * 3 / 60)


@pytest.mark.parametrize(
    ("fields", "trials"),
    [
        ({"trial_count": 12}, 12),
        ({"repeats_per_session": 5}, 35),
        ({"gold_per_block": 2, "gold_drawn": 100}, 37),
        ({"gold_per_block": 2, "gold_drawn": 4}, 34),
        ({"gold_per_block": 5, "gold_drawn": 100, "repeats_per_session": 5}, 70),
    ],
)
def test_repeats_and_gold_trials_take_time_too(fields: dict, trials: int):
    given = {"trial_count": 120, "votes_per_trial": 3, "assignments_per_session": 30, **fields}
    assert checklist_of(draft_study(samples=20, **given)).expected.trials == trials


GROUPS = {"by": "device", "groups": {"phone": {"votes": 2}, "desktop": {"votes": 1}}}


@pytest.mark.parametrize(
    ("fields", "raters"),
    [
        ({}, 4),
        ({"strata": GROUPS}, 5),
        ({"assignments_per_session": 100}, 3),
        ({"assignments_per_session": 100, "strata": GROUPS}, 3),
    ],
)
def test_each_group_needs_its_own_raters(fields: dict, raters: int):
    given = {"trial_count": 10, "votes_per_trial": 3, "assignments_per_session": 8, **fields}
    assert checklist_of(draft_study(**given)).raters == raters


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"raters_at_most": 2}, "takes 2 raters, and nobody votes on a trial twice"),
        ({"raters_at_most": 1}, "takes 1 rater, and nobody"),
        ({"raters_at_most": 3}, "takes 3 raters and can never be filled: it needs 4 at least"),
        ({"raters_at_most": 3, "sessions_per_rater": 2}, ""),
        ({"raters_at_most": 4}, ""),
        ({"raters_at_most": 4, "strata": GROUPS}, "it needs 5 at least"),
        ({}, ""),
    ],
)
def test_a_study_that_takes_too_few_raters_to_be_filled_is_told_so(fields: dict, said: str):
    given = {"trial_count": 10, "votes_per_trial": 3, "assignments_per_session": 8, **fields}
    found = [
        sentence for sentence in checklist_of(draft_study(**given)).advice if "The study takes" in sentence
    ]
    assert (said in found[0]) if said else found == []


def test_postings_say_what_it_costs_with_the_panels_fees():
    study = draft_study(trial_count=6)
    posting(study)
    posting(study, places=10)
    posting(study, currency="USD", reward=Decimal("2.00"))
    set_closed = posting(study)
    Posting.objects.filter(pk=set_closed.pk).update(state="closed")
    expected = checklist_of(study).expected
    first = expected.pays[0]
    assert (first.panel, first.places, first.minutes, first.rewards) == ("Prolific", 20, 9, Decimal("24.00"))
    assert first.fees > 0
    assert first.total == first.rewards + first.fees
    pounds = first.total + expected.pays[1].total
    assert expected.totals == [("GBP", pounds), ("USD", expected.pays[2].total)]
    assert expected.places == 50


def test_the_page_tells_time_and_cost(admin_client: Client):
    study = draft_study(trial_count=120, votes_per_trial=3, assignments_per_session=10, samples=20)
    page = confirmation(admin_client, study)
    assert "A session takes about 2.3 minutes: 10 trials of 2 seconds, and 2 minutes besides." in page
    assert "about 1.4 hours of raters&#x27; time in 36 sessions" in page or "raters' time in 36" in page
    assert "What raters are paid is not known: no posting says it." in page
    posting(study)
    page = confirmation(admin_client, study)
    assert "Prolific: 20 places at 1.20 GBP for 9 minutes, together " in page
    assert "At the 2.3 minutes that are expected, an hour pays 30.86 GBP." in page
    assert "promises" not in page
    assert "of which 24.00 go to people" in page
    assert "Postings have 20 places where 36 sessions are needed" in page
    assert "not known" not in page


def test_every_question_takes_time_and_it_is_said_what_that_rests_on(admin_client: Client):
    one = checklist_of(draft_study(protocol="likert", trial_count=10)).expected
    study = draft_study(protocol="likert", trial_count=10)
    for number in range(3):
        Question.objects.create(study=study, key=f"more-{number}", text="And?", position=9)
    several = checklist_of(study).expected
    assert several.minutes - 2 == pytest.approx(4 * (one.minutes - 2))
    assert values_of(study)["seconds"] == several.pace.seconds == 16
    page = confirmation(admin_client, study)
    assert "trials of 16 seconds with 4 questions each" in page
    assert "each is taken to need as long as the first" in page


def test_a_posting_that_promises_less_time_than_expected_is_told(admin_client: Client):
    study = draft_study(trial_count=6)
    posting(study, minutes=1, reward=Decimal("0.10"), places=1)
    page = confirmation(admin_client, study)
    assert "1 place at 0.10 GBP for 1 minute, together" in page
    assert "The posting promises 1 minute, less than is expected." in page


def test_places_far_beyond_need_are_told(admin_client: Client):
    study = draft_study(trial_count=120, votes_per_trial=3, assignments_per_session=10, samples=20)
    first = posting(study, places=50)
    assert "far more than make up" not in confirmation(admin_client, study)
    Posting.objects.filter(pk=first.pk).update(places=103)
    assert "Postings have 103 places where 36 sessions are needed, far more" in confirmation(
        admin_client, study
    )


def test_one_of_each_is_told_as_one(admin_client: Client):
    study = draft_study(trial_count=1, votes_per_trial=1)
    page = confirmation(admin_client, study)
    assert "1 trial with 1 vote each: 1 vote in all." in page
    assert "At least 1 rater is needed, who answers 1 trial." in page
    assert "about 2 minutes of raters&#x27; time in 1 session," in page.replace("raters' ", "raters&#x27; ")


def test_pay_is_for_those_who_may_see_recruitment(client: Client):
    study = draft_study(trial_count=6)
    posting(study)
    user = member()
    user.user_permissions.add(Permission.objects.get(codename="change_study"))
    client.force_login(user)
    page = confirmation(client, study)
    assert "A session takes about" in page
    assert "Prolific" not in page
    assert "paid" not in page


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_something_is_known_of_every_protocol(protocol: str):
    expected = expectations.expect(draft_study(protocol=protocol, generated=3), sessions=5)
    assert expected.minutes > 2


def test_where_nobody_knows_it_is_said(monkeypatch: pytest.MonkeyPatch, admin_client: Client):
    monkeypatch.setattr(expectations, "_pace", [])
    study = draft_study(trial_count=6)
    assert checklist_of(study).expected.hours is None
    assert "How long a session takes is not known" in confirmation(admin_client, study)


def test_rules_are_advised_until_some_are_declared(admin_client: Client):
    study = draft_study(trial_count=6)
    assert "No exclusion rules are declared." in confirmation(admin_client, study)
    declare_rules(study=study, name="All votes", rules={})
    assert not any("exclusion rules" in sentence for sentence in checklist_of(study).advice)
    late = draft_study(trial_count=6)
    set_state(late, "open")
    declare_rules(study=late, name="Late", rules={})
    set_state(late, "draft")
    assert any("exclusion rules" in sentence for sentence in checklist_of(late).advice)
