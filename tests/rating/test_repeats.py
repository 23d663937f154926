"""Repeats: a rater sees some trials a second time, unmarked, and they count for nothing but consistency."""

from __future__ import annotations

import pytest

from humaneval.rating.models import Assignment, Opening, Session
from humaneval.rating.repeats import OTHERS_BETWEEN, repeat_positions
from humaneval.rating.votes import answer_rows
from tests.factories import open_study

pytestmark = pytest.mark.django_db


def test_a_session_has_its_trials_and_its_repeats(rater_of):
    rater = rater_of(open_study(trial_count=60, assignments_per_session=20, repeats_per_session=4))
    assert rater.session().json()["progress"]["total"] == 24
    assert rater.answer_everything() == 24
    repeats = Assignment.objects.filter(is_repeat=True)
    assert repeats.count() == 4
    assert repeats.values("trial").distinct().count() == 4


def test_a_repeat_comes_after_at_least_a_few_others_and_with_sides_turned_round(rater_of):
    study = open_study(trial_count=60, assignments_per_session=12, repeats_per_session=6)
    for _ in range(6):
        rater_of(study).answer_everything()
    repeats = Assignment.objects.filter(is_repeat=True)
    assert repeats.count() > 24
    for repeat in repeats:
        first = Assignment.objects.get(session=repeat.session, trial=repeat.trial, is_repeat=False)
        assert repeat.position - first.position > OTHERS_BETWEEN
        assert repeat.order == first.order[::-1]


def test_a_repeat_fills_no_opening_and_counts_for_no_estimate(rater_of):
    study = open_study(trial_count=10, votes_per_trial=2, assignments_per_session=10, repeats_per_session=2)
    for _ in range(2):
        rater_of(study).answer_everything()
    assert Opening.objects.filter(free_from=None).count() == 20
    rows = list(answer_rows(study))
    assert sum(row.is_repeat for row in rows) > 2
    assert sum(row.counts for row in rows) == 20


def test_places_of_repeats_differ_by_session_and_do_not_move():
    study = open_study(trial_count=60, assignments_per_session=30, repeats_per_session=3)
    one, other = (Session(pk=pk, study=study) for pk in (1, 2))
    assert repeat_positions(study, one) == repeat_positions(study, one)
    assert repeat_positions(study, one) != repeat_positions(study, other)


def test_a_session_too_short_for_repeats_has_none(rater_of):
    rater = rater_of(open_study(trial_count=4, repeats_per_session=2))
    assert rater.session().json()["progress"]["total"] == 4
    assert rater.answer_everything() == 4
