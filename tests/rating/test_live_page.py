"""The page that shows how a study fills, and the line on its page in the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from humaneval.rating.models import Course
from humaneval.rating.sealing import seal_votes
from humaneval.rating.steering import steer
from tests.factories import TokenFactory, UserFactory, open_study
from tests.rating.conftest import ApiRater

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
    assert f"[{look['low']:.3f}, {look['high']:.3f}]" in page
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
    ApiRater(study).arrive(simulated=True, key=TokenFactory().key)
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


def test_its_cost_is_fixed(staff, rater_of, django_assert_max_num_queries):
    study = open_study(trial_count=30)
    rater_of(study).answer_everything()
    seal_votes(batch=3)
    with django_assert_max_num_queries(18):
        staff.get(reverse("rating:live", args=[study.slug]))
