"""The page that shows how a study fills, and the line on its page in the admin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from humaneval.rating.latest import latest_of
from humaneval.rating.live_page import Outlook, outlook_of
from humaneval.rating.models import Answer, Assignment, Course, Vote
from humaneval.rating.sealing import seal_votes
from humaneval.rating.steering import steer
from humaneval.recruitment.models import LedgerEntry, Posting, Submission
from humaneval.studies.models import StudyState
from humaneval.studies.pairs import import_pairs
from humaneval.teams.roles import Role
from tests.factories import TokenFactory, UserFactory, draft_study, member, open_study, opened, set_state
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    """Give a signed-in researcher's browser."""
    client = Client()
    client.force_login(UserFactory())
    return client


def test_only_staff_see_it():
    answer = Client().get(reverse("rating:live", args=[open_study().slug]))
    assert answer.status_code == 302
    assert "login" in answer["Location"]


def test_an_empty_study_has_a_page(staff):
    study = open_study(trial_count=5, votes_per_trial=2)
    page = staff.get(reverse("rating:live", args=[study.slug])).content.decode()
    assert "<strong>0</strong> votes that count, 10 wanted" in page
    assert "no interval yet" in page
    assert "“So far” is the share fooled: generated taken for real." in page


def test_it_shows_votes_by_condition_sessions_and_live_intervals(staff, rater_of):
    study = open_study(trial_count=12, votes_per_trial=3)
    done, other, _gone = rater_of(study), rater_of(study), rater_of(study)
    for rater in (done, other):
        rater.answer_everything()
    done.complete()
    other.complete()
    seal_votes(batch=5)
    steer(study)
    answer = staff.get(reverse("rating:live", args=[study.slug]))
    page = answer.content.decode()
    assert "<strong>24</strong> votes that count, 36 wanted" in page
    look = Course.objects.get().looks[0]
    assert f"{100 * look['estimate']:.1f}%</td>" in page
    assert f"[{100 * look['low']:.1f}, {100 * look['high']:.1f}]" in page, "as the report writes shares"
    assert "Intervals rest on 24 votes" in page
    assert answer.context["state"].completed == 2
    assert answer.context["state"].abandoned == 1
    assert "33%" in page
    assert sum(line.votes for line in answer.context["lines"]) == 24
    assert answer["Cache-Control"] == "no-store"


def test_it_says_that_programs_are_among_the_raters(staff, rater_of):
    study = open_study(trial_count=3)
    rater_of(study)
    url = reverse("rating:live", args=[study.slug])
    assert "Simulated votes." not in staff.get(url).content.decode()
    ApiRater(study).arrive(simulated=True, key=TokenFactory().secret)
    assert "Simulated votes." in staff.get(url).content.decode()


def test_the_study_s_page_in_the_admin_says_how_many_votes_it_has(staff, rater_of):
    study = open_study(trial_count=6, votes_per_trial=2)
    rater_of(study).answer_everything()
    page = staff.get(reverse("admin:studies_study_change", args=[study.pk])).content.decode()
    assert "6 of 12 votes" in page
    assert reverse("rating:live", args=[study.slug]) in page


def test_repeats_bring_a_study_no_nearer_to_its_votes(staff, rater_of):
    study = open_study(trial_count=20, votes_per_trial=2, repeats_per_session=2)
    rater_of(study).answer_everything()
    page = staff.get(reverse("admin:studies_study_change", args=[study.pk])).content.decode()
    assert "20 of 40 votes" in page
    page = staff.get(reverse("rating:live", args=[study.slug])).content.decode()
    assert "<strong>20</strong> votes that count, 40 wanted" in page
    assert "<dd>22</dd>" in page


def test_it_renews_itself_while_the_study_is_open_unless_asked_to_hold_still(staff):
    study = open_study(trial_count=3)
    url = reverse("rating:live", args=[study.slug])
    assert staff.get(url)["Refresh"] == "20"
    assert "Refresh" not in staff.get(url + "?still=1").headers
    set_state(study, StudyState.CLOSED)
    assert "Refresh" not in staff.get(url).headers


def test_it_says_how_fast_votes_come_and_when_the_study_is_full(staff, rater_of):
    study = open_study(trial_count=12, votes_per_trial=3)
    rater_of(study).answer_everything()
    answer = staff.get(reverse("rating:live", args=[study.slug]))
    outlook = answer.context["outlook"]
    assert outlook.an_hour == 12
    hours = (outlook.finish - timezone.now()).total_seconds() / 3600
    assert hours == pytest.approx(2, abs=0.05)
    assert "Full at this pace" in answer.content.decode()
    later = timezone.now() + timedelta(hours=2)
    state = replace(answer.context["state"], latest=latest_of(study, Vote.objects.all(), later))
    assert outlook_of(state, later) == Outlook(0, None)


def test_it_tells_of_quick_and_unanswered_votes_and_of_gold_answered_wrongly(staff, rater_of):
    study = open_study(trial_count=20, assignments_per_session=20, gold_per_block=4, gold_drawn=10)
    rater, asked = rater_of(study), []
    while block := rater.block():
        for shown in block:
            first, last = not asked, len(asked) == 1
            outcome = "cannot_tell" if last else "answered"
            rater.send(vote_for(shown, response_ms=100 if first else 900, outcome=outcome))
            asked.append(shown)
    latest = staff.get(reverse("rating:live", args=[study.slug])).context["state"].latest
    gold = Vote.objects.filter(assignment__trial__expected__isnull=False)
    answers = Answer.objects.filter(vote__in=gold).select_related("vote__assignment__trial")
    right = sum(one.value == one.vote.assignment.trial.expected["real"] for one in answers)
    assert (latest.votes, latest.raters, latest.quick, latest.unanswered) == (len(asked), 1, 1, 1)
    assert (latest.gold, latest.gold_right) == (gold.count(), right)
    assert latest.gold >= 3
    assert latest.doubtful == (right < latest.gold / 2)


def test_what_it_costs_is_shown_to_those_who_see_recruitment(staff, rater_of):
    study = open_study(trial_count=12, votes_per_trial=2)
    rater_of(study).answer_everything()
    posting = Posting.objects.create(
        study=study, panel="prolific", title="t", description="d", places=2, reward="1.50"
    )
    person = Submission.objects.create(posting=posting, external_id="x")
    LedgerEntry.objects.create(
        posting=posting, submission=person, kind="base", amount="1.50", fee="0.50", currency=posting.currency
    )
    url = reverse("rating:live", args=[study.slug])
    bill = staff.get(url).context["bills"][0]
    assert (bill.cost.spent, bill.projected) == (Decimal("2.00"), Decimal("4.00"))
    viewer = Client()
    viewer.force_login(member(role=Role.VIEWER))
    assert viewer.get(url).context["bills"] == []


def test_its_cost_is_fixed(staff, rater_of, django_assert_max_num_queries):
    study = open_study(trial_count=30)
    rater_of(study).answer_everything()
    seal_votes(batch=3)
    with django_assert_max_num_queries(18):
        staff.get(reverse("rating:live", args=[study.slug]))


def test_pairs_that_may_be_duplicates_have_live_intervals_of_how_many_are_called_the_same(staff, rater_of):
    study = draft_study(protocol="duplicates", generated=1, samples=16, votes_per_trial=4)
    model = study.conditions.get().sample_set
    names = list(model.samples.order_by("pk").values_list("name", flat=True))
    rows = [
        {"sample_set": model.slug, "batch": place, "first": names[2 * place], "second": names[2 * place + 1]}
        for place in range(8)
    ]
    import_pairs(study=study, rows=rows)
    opened(study)
    for _ in range(4):
        rater = rater_of(study)
        while block := rater.block():
            same = [Assignment.objects.get(pk=one["id"]).trial.number < 2 for one in block]
            rater.results(
                *(
                    vote_for(shown, answers={"same": "same" if one else "different"})
                    for shown, one in zip(block, same, strict=True)
                )
            )
    (look,) = steer(study).looks
    assert (look["estimate"], look["votes"], look["raters"]) == (0.25, 32, 4)
    assert look["low"] < 0.25 < look["high"]
    page = staff.get(reverse("rating:live", args=[study.slug])).content.decode()
    assert "no interval yet" not in page
    assert "“So far” is the share of pairs judged the same." in page
