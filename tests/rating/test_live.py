"""How a study stands, from votes alone: the same whether they are sealed yet or not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from humaneval.rating.live import NOTHING, Tally, live_state, recount
from humaneval.rating.models import Assignment, Opening, Seal, Session
from humaneval.rating.sealing import seal_votes
from humaneval.rating.withdrawal import withdraw_votes
from humaneval.workspace.standing import standing_of
from tests.factories import open_study
from tests.rating.conftest import vote_for

pytestmark = pytest.mark.django_db


def test_nothing_has_happened_yet():
    state = live_state(open_study(trial_count=5, votes_per_trial=2))
    assert (state.wanted, state.given, state.median_response_ms) == (10, NOTHING, None)


def test_votes_are_counted_alike_before_and_after_they_are_sealed(rater_of):
    study, other = open_study(trial_count=30, repeats_per_session=2), open_study(trial_count=3)
    rater_of(study).answer_everything()
    rater_of(other).answer_everything()
    unsealed = live_state(study)
    seal_votes(batch=7)
    assert live_state(study).given == unsealed.given == recount(study)
    rater_of(study).answer_everything()
    assert live_state(study).given == recount(study)
    assert (recount(study).votes, recount(study).repeats) == (64, 4)
    assert sum(recount(study).by_condition.values()) == 60
    assert Seal.objects.count() > 4


def test_sessions_are_here_or_gone_or_done(rater_of):
    study = open_study(trial_count=30, assignments_per_session=10, votes_per_trial=5)
    done, here, gone = rater_of(study), rater_of(study), rater_of(study)
    done.answer_everything()
    done.complete()
    here.block()
    gone.block()
    past = timezone.now() - timedelta(minutes=1)
    left = Assignment.objects.filter(session=Session.objects.latest("pk"))
    Opening.objects.filter(assignments__in=left).update(free_from=past)
    left.update(lease_until=past)
    state = live_state(study)
    assert (state.active, state.abandoned, state.completed) == (1, 1, 1)


def test_who_comes_when_no_trial_is_left_is_not_among_those_who_are_done(rater_of):
    study = open_study(trial_count=3, votes_per_trial=1)
    for _ in range(2):
        rater = rater_of(study)
        rater.answer_everything()
        rater.complete()
    state = live_state(study)
    assert (state.completed, state.unasked) == (1, 1)
    standing = standing_of(study)
    assert (standing["raters_done"], standing["raters_unasked"]) == (1, 1)


@pytest.mark.parametrize("sealed", [False, True])
def test_the_median_is_over_the_latest_votes(rater_of, monkeypatch, sealed: bool):
    monkeypatch.setattr("humaneval.rating.latest.LATEST", 3)
    rater = rater_of(open_study(trial_count=6))
    for shown, time in zip(rater.block(), (9000, 9000, 9000, 100, 200, 300), strict=True):
        rater.send(vote_for(shown, response_ms=time))
    if sealed:
        seal_votes(batch=2)
    assert live_state(rater.study).median_response_ms == 200


def test_withdrawn_votes_are_told(rater_of):
    rater = rater_of(open_study(trial_count=6))
    rater.answer_everything()
    seal_votes()
    withdraw_votes(session=Session.objects.get(), reason="asked for it")
    state = live_state(rater.study)
    assert (state.given.votes, state.withdrawn, recount(rater.study).votes) == (6, 6, 0)


def test_a_summary_can_be_read_back():
    tally = Tally(5, 1, 2, {7: 2, 8: 1})
    assert Tally.from_summary(tally.as_summary()) == tally
    assert tally + NOTHING == tally


def test_the_number_of_queries_is_fixed(rater_of, django_assert_num_queries):
    study = open_study(trial_count=30)
    rater_of(study).answer_everything()
    seal_votes(batch=3)
    with django_assert_num_queries(10):
        live_state(study)
