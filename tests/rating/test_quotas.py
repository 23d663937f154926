"""Quotas: groups of raters, raters a study, sessions a rater, and how it ends for whom there is no work."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from humaneval.rating.models import Assignment, Opening, Session
from tests.factories import open_study
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db

PHONE = {"user_agent": "Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile Safari/537.36"}
DESKTOP = {"user_agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537.36"}
BY_DEVICE = {"by": "device", "groups": {"phone": {"votes": 2}, "desktop": {"votes": 1}}}
BY_COUNTRY = {
    "by": "parameter:country",
    "groups": {"de": {"votes": 1}, "rest": {"votes": 1, "values": ["at", "ch"]}},
}


def arrived(study, device=DESKTOP, **arrival) -> ApiRater:
    """Return a rater who came with a device."""
    rater = ApiRater(study, **arrival)
    rater.client.credentials(HTTP_USER_AGENT=device["user_agent"])
    assert rater.arrive(device=device).status_code == 201
    return rater


def votes_by_group() -> dict[str, set[int]]:
    """Return for each group how many votes it gave to the trials."""
    found: dict[str, Counter[int]] = {}
    rows = Assignment.objects.filter(vote__isnull=False).values_list("session__stratum", "trial")
    for group, trial in rows:
        found.setdefault(group, Counter())[trial] += 1
    return {group: set(counts.values()) for group, counts in found.items()}


def test_each_trial_gets_its_votes_from_each_group():
    study = open_study(trial_count=8, votes_per_trial=3, strata=BY_DEVICE)
    given = [arrived(study, device).answer_everything() for device in (PHONE, DESKTOP, PHONE, DESKTOP, PHONE)]
    assert given == [8, 8, 8, 0, 0]
    assert votes_by_group() == {"phone": {2}, "desktop": {1}}


def test_sides_balance_over_the_votes_of_all_groups():
    study = open_study(
        trial_count=8,
        votes_per_trial=2,
        strata={"by": "device", "groups": {"phone": {"votes": 1}, "desktop": {"votes": 1}}},
    )
    for device in (PHONE, DESKTOP):
        arrived(study, device).answer_everything()
    orders = Assignment.objects.values_list("trial", "order")
    assert len({(trial, tuple(order)) for trial, order in orders}) == 16


def test_a_panels_parameter_tells_the_group():
    study = open_study(trial_count=5, votes_per_trial=2, strata=BY_COUNTRY)
    assert arrived(study, country="ch").answer_everything() == 5
    assert arrived(study, country="at").answer_everything() == 0
    assert arrived(study, country="de").answer_everything() == 5
    assert votes_by_group() == {"rest": {1}, "de": {1}}


@pytest.mark.parametrize("country", ["fr", ""])
def test_who_is_in_no_group_is_told_so_and_gets_their_code(country: str):
    study = open_study(trial_count=5, votes_per_trial=2, strata=BY_COUNTRY)
    rater = arrived(study, country=country)
    assert rater.session().json()["progress"] == {"done": 0, "total": 0}
    assert rater.block() == []
    assert rater.complete().json()["completion"]["code"] == study.completion_code


def test_openings_of_one_group_are_made_only_as_it_needs_them():
    study = open_study(trial_count=300, votes_per_trial=3, strata=BY_DEVICE, samples=30)
    arrived(study, PHONE).block()
    assert set(Opening.objects.values_list("lane", flat=True)) == {"phone"}


def test_a_study_takes_only_so_many_raters():
    study = open_study(trial_count=30, votes_per_trial=5, assignments_per_session=10, raters_at_most=2)
    given = [arrived(study).answer_everything() for _ in range(4)]
    assert given == [10, 10, 0, 0]
    late = arrived(study)
    assert late.session().json()["progress"]["total"] == 0
    assert late.complete().status_code == 200


def test_who_leaves_without_a_vote_keeps_nobody_out():
    study = open_study(trial_count=30, votes_per_trial=5, assignments_per_session=10, raters_at_most=1)
    assert len(arrived(study).block()) == 10
    waiting = arrived(study)
    assert waiting.block() == []
    gone = timezone.now() - timedelta(minutes=1)
    Session.objects.update(seat_until=gone)
    assert len(waiting.block()) == 10


def test_who_left_after_a_vote_keeps_their_seat():
    study = open_study(trial_count=30, votes_per_trial=5, assignments_per_session=10, raters_at_most=1)
    first = arrived(study)
    first.send(*(vote_for(one) for one in first.block()[:2]))
    Session.objects.update(seat_until=timezone.now() - timedelta(minutes=1))
    assert arrived(study).block() == []
    assert len(first.block()) == 8
    assert first.answer_everything() == 8


def test_the_number_of_raters_may_be_raised_while_the_study_runs():
    study = open_study(trial_count=30, votes_per_trial=5, assignments_per_session=10, raters_at_most=1)
    arrived(study).answer_everything()
    late = arrived(study)
    assert late.block() == []
    study.raters_at_most = 2
    study.save()
    assert len(late.block()) == 10


def test_a_rater_comes_again_for_other_trials_only():
    study = open_study(trial_count=30, votes_per_trial=2, assignments_per_session=10, sessions_per_rater=2)
    rater = arrived(study)
    rater.answer_everything()
    assert rater.complete().json()["again"] == 1
    rater.arrival = {"again": "1"}
    first = rater.token
    assert rater.arrive().status_code == 201
    assert rater.token != first
    assert rater.answer_everything() == 10
    trials = Assignment.objects.values_list("trial", flat=True)
    assert len(set(trials)) == len(trials) == 20
    assert rater.complete().json()["again"] is None
    rater.arrival = {"again": "2"}
    assert rater.arrive().status_code == 200
    assert Session.objects.count() == 2


def test_nobody_begins_again_before_they_have_completed_or_without_asking():
    study = open_study(trial_count=30, assignments_per_session=10, sessions_per_rater=3)
    rater = arrived(study, again="1")
    assert rater.arrive().status_code == 200
    rater.answer_everything()
    rater.complete()
    rater.arrival = {}
    assert rater.arrive().json()["session"]["state"] == "completed"
    rater.arrival = {"again": "2"}
    assert rater.arrive().status_code == 200
    assert Session.objects.count() == 1


def test_who_found_nothing_to_do_is_not_asked_to_come_again():
    study = open_study(trial_count=5, votes_per_trial=1, sessions_per_rater=3)
    arrived(study).answer_everything()
    late = arrived(study)
    assert late.complete().json()["again"] is None


def test_two_sessions_of_one_rater_are_one_rater():
    study = open_study(
        trial_count=30, votes_per_trial=3, assignments_per_session=10, sessions_per_rater=2, raters_at_most=1
    )
    rater = arrived(study)
    rater.answer_everything()
    rater.complete()
    rater.arrival = {"again": "1"}
    rater.arrive()
    assert rater.answer_everything() == 10
    assert arrived(study).block() == []


def test_groups_and_a_limit_cost_a_fixed_few_queries(django_assert_num_queries):
    study = open_study(trial_count=60, votes_per_trial=3, strata=BY_DEVICE, raters_at_most=9, samples=30)
    for _ in range(3):
        arrived(study).block()
    rater = arrived(study)
    with django_assert_num_queries(13):  # the study's lock, the seats, the session's own
        assert len(rater.block()) == 10
