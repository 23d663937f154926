"""No sample and no prompt twice for a rater, where the study asks for it: exactly, and starving nobody."""

from __future__ import annotations

from collections import Counter

import pytest

from humaneval.rating.models import Assignment, Opening, Session
from tests.factories import open_study
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db


def samples_of(session: Session) -> Counter[int]:
    """Return how often each sample was handed to a session, repeats aside."""
    handed = session.assignments.filter(is_repeat=False).values_list("trial__slots", flat=True)
    return Counter(sample for slots in handed for slot in slots for sample in slot)


def prompts_of(session: Session) -> Counter[int]:
    """Return how often each prompt was handed to a session, repeats aside."""
    return Counter(session.assignments.filter(is_repeat=False).values_list("trial__prompt", flat=True))


def finish(study, rater_of, most: int = 60) -> None:
    """Let raters come until the study wants no more votes."""
    wanted = study.trial_count * study.votes_per_trial
    for _ in range(most):
        if Opening.objects.filter(free_from=None).count() == wanted:
            return
        rater_of(study).answer_everything()
    raise AssertionError("the study does not finish")


def test_no_sample_comes_twice_and_every_trial_gets_its_votes(rater_of):
    study = open_study(
        trial_count=40, samples=12, votes_per_trial=2, assignments_per_session=10, unique_samples=True
    )
    finish(study, rater_of)
    assert all(max(samples_of(session).values()) == 1 for session in Session.objects.all())
    assert set(Counter(Assignment.objects.values_list("trial", flat=True)).values()) == {2}


def test_no_prompt_comes_twice_and_every_trial_gets_its_votes(rater_of):
    study = open_study(
        protocol="pairwise", prompts=6, trial_count=30, votes_per_trial=2, assignments_per_session=5,
        unique_prompts=True,
    )  # fmt: skip
    for _ in range(60):
        rater = rater_of(study)
        while block := rater.block():
            rater.send(*(vote_for(one, answers={"preference": 0}) for one in block))
    assert Opening.objects.filter(free_from=None).count() == 60
    assert all(max(prompts_of(session).values(), default=1) == 1 for session in Session.objects.all())


def test_a_session_longer_than_its_samples_last_ends_early_and_is_complete(rater_of):
    study = open_study(trial_count=60, samples=6, assignments_per_session=40, unique_samples=True)
    rater = rater_of(study)
    given = rater.answer_everything()
    assert 3 <= given <= 6
    assert rater.session().json()["progress"] == {"done": given, "total": given}
    assert rater.complete().status_code == 200


def test_gold_trials_share_no_sample_with_the_others(rater_of):
    study = open_study(
        trial_count=40,
        samples=60,
        assignments_per_session=16,
        unique_samples=True,
        gold_per_block=2,
        gold_drawn=30,
    )
    rater_of(study).answer_everything()
    gold = Assignment.objects.filter(trial__expected__isnull=False).count()
    assert 2 <= gold <= 4  # of two among every ten those are left out that would come last
    assert max(samples_of(Session.objects.get()).values()) == 1


def test_a_rater_who_comes_again_meets_no_sample_again():
    study = open_study(
        trial_count=60, samples=60, assignments_per_session=10, unique_samples=True, sessions_per_rater=2
    )
    rater = ApiRater(study)
    rater.arrive()
    rater.answer_everything()
    rater.complete()
    rater.arrival = {"again": "1"}
    rater.arrive()
    assert rater.answer_everything() == 10
    first, second = Session.objects.order_by("number")
    assert samples_of(first).keys().isdisjoint(samples_of(second))


def test_a_sample_wanted_far_ahead_is_found_and_only_so_much_is_made(rater_of):
    study = open_study(trial_count=400, samples=20, assignments_per_session=10, unique_samples=True)
    assert rater_of(study).answer_everything() == 10
    assert Opening.objects.count() < 400


def test_choosing_costs_a_fixed_few_queries_more(rater_of, django_assert_num_queries):
    study = open_study(trial_count=90, samples=90, assignments_per_session=30, unique_samples=True)
    rater_of(study).block()
    rater = rater_of(study)
    with django_assert_num_queries(11):
        assert len(rater.block()) == 10
