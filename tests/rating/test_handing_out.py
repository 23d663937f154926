"""Hand-out: which trials a rater gets, in what order, and when there are no more."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from prometheus_client import REGISTRY

from humaneval.rating.models import Assignment, Opening, Session
from humaneval.rating.openings import AHEAD
from humaneval.studies.models import StudyState, Trial
from tests.factories import open_study, set_state
from tests.rating.conftest import vote_for

pytestmark = pytest.mark.django_db


def numbers(assignments: list[dict]) -> list[int]:
    """Return the trial numbers of assignments, in order."""
    found = dict(Assignment.objects.values_list("id", "trial__number"))
    return [{str(key): number for key, number in found.items()}[a["id"]] for a in assignments]


def expire(**which) -> None:
    """Let leases run out, a minute ago."""
    gone = timezone.now() - timedelta(minutes=1)
    handed = Assignment.objects.filter(**which)
    Opening.objects.filter(assignments__in=handed, free_from__isnull=False).update(free_from=gone)
    handed.update(lease_until=gone)


def test_it_hands_out_ten_at_a_time_and_the_unanswered_first(rater_of):
    rater = rater_of(open_study(trial_count=30, assignments_per_session=25))
    first = rater.block()
    assert len(first) == 10
    assert rater.block() == first
    rater.send(*(vote_for(assignment) for assignment in first[:4]))
    second = rater.block()
    assert second[:6] == first[4:]
    assert len(second) == 10
    assert [assignment["position"] for assignment in second] == list(range(4, 14))


def test_it_stops_at_the_sessions_length(rater_of):
    rater = rater_of(open_study(trial_count=30, assignments_per_session=12))
    assert rater.answer_everything() == 12
    assert rater.fetch().json()["progress"] == {"done": 12, "total": 12}


def test_no_rater_gets_a_trial_twice_and_every_trial_gets_its_votes(rater_of):
    study = open_study(trial_count=12, votes_per_trial=4, assignments_per_session=9)
    given = [rater_of(study).answer_everything() for _ in range(8)]
    assert sum(given) == 48
    assert all(
        Assignment.objects.filter(session=session).values("trial").distinct().count()
        == Assignment.objects.filter(session=session).count()
        for session in Session.objects.all()
    )
    assert set(Counter(Assignment.objects.values_list("trial", flat=True)).values()) == {4}


def test_it_fills_every_trial_once_before_any_twice(rater_of):
    study = open_study(trial_count=25, votes_per_trial=3, assignments_per_session=10)
    for _ in range(5):
        rater_of(study).block()
    handed = Counter(Assignment.objects.values_list("trial__number", flat=True))
    assert set(handed.values()) == {2}
    assert len(handed) == 25


def test_trials_in_other_raters_hands_count_as_filled(rater_of):
    study = open_study(trial_count=20, votes_per_trial=1)
    one, other = rater_of(study), rater_of(study)
    assert set(numbers(one.block())).isdisjoint(numbers(other.block()))


def test_nobody_gets_more_than_the_study_wants(rater_of):
    study = open_study(trial_count=8, votes_per_trial=1)
    first, second = rater_of(study), rater_of(study)
    assert len(first.block()) == 8
    assert second.fetch().json()["assignments"] == []
    assert second.fetch().json()["progress"] == {"done": 0, "total": 0}


def test_a_session_that_finds_less_than_its_length_says_so(rater_of):
    study = open_study(trial_count=20, votes_per_trial=1, assignments_per_session=12)
    rater_of(study).answer_everything()
    late = rater_of(study)
    assert late.session().json()["progress"] == {"done": 0, "total": 12}
    assert len(late.block()) == 8
    assert late.session().json()["progress"] == {"done": 0, "total": 8}


def test_an_expired_lease_goes_to_somebody_else_at_its_old_turn(rater_of):
    study = open_study(trial_count=20, votes_per_trial=2, assignments_per_session=10)
    gone = rater_of(study)
    abandoned = numbers(gone.block())
    rater_of(study).block()
    expire()
    before = REGISTRY.get_sample_value("humaneval_lease_expiries_total") or 0
    assert numbers(rater_of(study).block()) == abandoned
    assert Assignment.objects.filter(lapsed=True).count() == 10
    assert REGISTRY.get_sample_value("humaneval_lease_expiries_total") == before + 10


def test_what_lapsed_is_not_shown_again_and_is_made_up_for(rater_of):
    study = open_study(trial_count=30, votes_per_trial=1, assignments_per_session=10)
    slow = rater_of(study)
    lost = slow.block()
    expire()
    rater_of(study).block()
    regained = slow.block()
    assert len(regained) == 10
    assert set(numbers(regained)).isdisjoint(numbers(lost))
    assert slow.session().json()["progress"] == {"done": 0, "total": 10}


def test_who_comes_back_in_time_keeps_what_nobody_else_has_been_given(rater_of):
    study = open_study(trial_count=30, votes_per_trial=1, assignments_per_session=10)
    slow = rater_of(study)
    mine = slow.block()
    expire()
    assert slow.block() == mine
    assert not Assignment.objects.filter(lease_until__lt=timezone.now()).exists()
    assert not Opening.objects.filter(assignments__isnull=False, free_from__lt=timezone.now()).exists()
    assert set(numbers(rater_of(study).block())).isdisjoint(numbers(mine))


def test_a_lease_with_most_of_its_time_left_is_left_alone(rater_of):
    rater = rater_of(open_study())
    rater.block()
    before = set(Assignment.objects.values_list("lease_until", flat=True))
    rater.block()
    assert set(Assignment.objects.values_list("lease_until", flat=True)) == before


def test_sides_balance_over_the_votes_of_each_trial(rater_of):
    study = open_study(trial_count=10, votes_per_trial=4)
    for _ in range(4):
        rater_of(study).answer_everything()
    for trial in Trial.objects.all():
        first = [order[0] for order in trial.assignments.values_list("order", flat=True)]
        assert sorted(first) == [0, 0, 1, 1]
    firsts = Assignment.objects.filter(opening__turn=F("trial__number"))
    assert all(handed.order == [1, 0][:: 1 if handed.trial.turn else -1] for handed in firsts)


def test_a_vote_handed_out_again_keeps_its_side(rater_of):
    study = open_study(trial_count=5, votes_per_trial=1)
    rater_of(study).block()
    expire()
    rater_of(study).block()
    sides = Assignment.objects.values_list("trial", "order")
    assert len({(trial, tuple(order)) for trial, order in sides}) == 5


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_study_that_is_not_open_hands_out_nothing_new(rater_of, state: str):
    rater = rater_of(open_study(trial_count=30, assignments_per_session=25))
    out = rater.block()
    rater.send(*(vote_for(assignment) for assignment in out[:3]))
    set_state(rater.study, StudyState(state))
    body = rater.fetch().json()
    assert body["assignments"] == out[3:]
    assert body["study_state"] == state


def test_openings_are_made_a_few_at_a_time_however_large_the_study(rater_of):
    study = open_study(trial_count=400, votes_per_trial=3, samples=30)
    rater_of(study).block()
    assert Opening.objects.count() == AHEAD


def test_more_votes_may_be_asked_for_while_the_study_runs(rater_of):
    study = open_study(trial_count=6, votes_per_trial=1)
    rater_of(study).answer_everything()
    assert rater_of(study).block() == []
    study.votes_per_trial = 2
    study.save()
    assert len(rater_of(study).block()) == 6


def test_fewer_votes_may_be_asked_for_while_the_study_runs(rater_of):
    study = open_study(trial_count=6, votes_per_trial=5)
    rater_of(study).answer_everything()
    study.votes_per_trial = 1
    study.save()
    assert rater_of(study).block() == []


def test_a_grid_is_shuffled_and_its_order_is_stored(rater_of):
    study = open_study(protocol="likert", settings={"grid_size": 9}, trial_count=12, samples=30)
    block = rater_of(study).block()
    stored = Assignment.objects.select_related("trial").order_by("position")
    assert all(len(shown["places"]) == 1 and len(shown["places"][0]) == 9 for shown in block)
    assert all(sorted(handed.cells[0]) == list(range(9)) for handed in stored)
    assert len({tuple(handed.cells[0]) for handed in stored}) > 5


def test_images_come_in_the_order_that_is_stored(rater_of):
    from humaneval.samples.models import Stimulus

    study = open_study(protocol="likert", settings={"grid_size": 4}, trial_count=5, samples=30)
    sample_of = {f"/i/{row.token}.webp": row.sample_id for row in Stimulus.objects.all()}
    for shown in rater_of(study).block():
        handed = Assignment.objects.select_related("trial").get(pk=shown["id"])
        expected = [handed.trial.slots[0][cell] for cell in handed.cells[0]]
        assert [sample_of[image["url"]] for image in shown["places"][0]] == expected


def test_what_is_sent_tells_nothing_of_real_and_generated(rater_of):
    study = open_study(trial_count=20, repeats_per_session=3, assignments_per_session=15)
    for shown in rater_of(study).block():
        assert set(shown) == {"id", "position", "prompt", "places", "parameters"}
        assert shown["parameters"] == {}
        assert all(set(image) == {"url", "width", "height"} for place in shown["places"] for image in place)


def test_a_prompt_is_sent_only_where_the_study_shows_it(rater_of):
    hidden = open_study(protocol="pairwise", prompts=5, settings={"show_prompt": False}, trial_count=5)
    shown = open_study(protocol="pairwise", prompts=5, settings={"show_prompt": True}, trial_count=5)
    assert {assignment["prompt"] for assignment in rater_of(hidden).block()} == {None}
    assert all(assignment["prompt"].startswith("a hand") for assignment in rater_of(shown).block())
