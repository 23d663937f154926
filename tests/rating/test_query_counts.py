"""What the hot paths cost: the same number of queries in small and large studies, early and late.

Two of each count are the savepoint that stands for the request's own transaction in a test.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from humaneval.rating.lanes import Lane
from humaneval.rating.models import Session
from humaneval.rating.openings import free_openings
from tests.factories import open_study
from tests.rating.conftest import vote_for

pytestmark = pytest.mark.django_db

HAND_OUT = 10
"""Token, transaction (2), session's lock, history, openings, their leases, assignments, trials, stimuli."""

REDELIVERY = 7
"""The same without drawing anything."""

INTAKE = 5 if connection.vendor == "postgresql" else 10
"""Token, transaction (2), session's lock, study, what the batch touches, answered so far, votes, answers,
openings. PostgreSQL gets the four that read in one trip, and the three that write in another."""

TOKEN = 1
"""The first time in each process."""

STUDY = 2
"""Once in each process for each study: itself, and its questions."""

MAKING_OPENINGS = 4
"""Once in a hundred openings: the last turn, the trials of the next ones, the rows, drawing again."""


@pytest.mark.parametrize("trials", [50, 500])
def test_handing_out_a_block_costs_the_same_in_any_study(rater_of, django_assert_num_queries, trials: int):
    study = open_study(trial_count=trials, samples=50, assignments_per_session=50)
    for _ in range(3):
        rater_of(study).block()
    rater = rater_of(study)
    with django_assert_num_queries(HAND_OUT):
        assert len(rater.block()) == 10


def test_handing_out_the_last_block_costs_what_the_first_did(rater_of, django_assert_num_queries):
    rater = rater_of(open_study(trial_count=60, assignments_per_session=40))
    for _ in range(3):
        rater.send(*map(vote_for, rater.block()))
    with django_assert_num_queries(HAND_OUT):
        assert len(rater.block()) == 10


def test_making_openings_costs_a_fixed_number_more(rater_of, django_assert_num_queries):
    rater = rater_of(open_study(trial_count=500, samples=50))
    with django_assert_num_queries(HAND_OUT + MAKING_OPENINGS):
        assert len(rater.block()) == 10


def test_handing_out_the_same_block_again_draws_nothing(rater_of, django_assert_num_queries):
    rater = rater_of(open_study(trial_count=30))
    rater.block()
    with django_assert_num_queries(REDELIVERY):
        rater.block()


@pytest.mark.parametrize("votes", [1, 9])
def test_storing_a_batch_costs_the_same_however_many_votes(rater_of, django_assert_num_queries, votes: int):
    rater = rater_of(open_study(trial_count=30))
    first, *block = rater.block()[: votes + 1]
    with django_assert_num_queries(INTAKE + STUDY):
        rater.results(vote_for(first))
    with django_assert_num_queries(INTAKE - TOKEN):
        assert len(rater.results(*map(vote_for, block))) == votes


def test_what_steers_an_open_study_may_change_between_votes(rater_of):
    study = open_study(trial_count=30, assignments_per_session=10)
    rater = rater_of(study)
    first, second = rater.block()[:2]
    assert rater.send(vote_for(first)).json()["progress"] == {"done": 1, "total": 10}
    study.assignments_per_session = 20
    study.save()
    assert rater.send(vote_for(second)).json()["progress"] == {"done": 2, "total": 20}


def test_storing_costs_the_same_late_in_a_session(rater_of, django_assert_num_queries):
    rater = rater_of(open_study(trial_count=60, assignments_per_session=40))
    for _ in range(3):
        rater.send(*map(vote_for, rater.block()))
    block = rater.block()
    with django_assert_num_queries(INTAKE - TOKEN):
        rater.send(*map(vote_for, block))
    assert Session.objects.count() == 1


def test_free_openings_are_found_by_their_own_index_whatever_the_database_knows_of_its_tables():
    """The index over all turns would read every opening that was ever filled: as many as there are votes."""
    study = open_study(trial_count=50)
    plan = free_openings(study, Lane("", 3), timezone.now()).select_related("trial")[:10].explain()
    assert "opening_unfilled_in_lane" in plan
