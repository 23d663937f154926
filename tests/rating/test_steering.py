"""Steering: votes decide which pairs come next and when there are enough, and intervals may be looked at."""

from __future__ import annotations

from collections import Counter
from random import Random
from uuid import uuid4

import pytest

from humaneval.rating.handout import hand_out
from humaneval.rating.intake import store_votes
from humaneval.rating.judging import Submission
from humaneval.rating.models import Assignment, Course, Opening, VoteOutcome
from humaneval.rating.steering import steer, steer_open_studies
from humaneval.stats import confidence_sequence
from humaneval.studies.design import design_of, problems_of
from humaneval.studies.models import Study
from tests.factories import SessionFactory, draft_study, open_study
from tests.rating.conftest import ApiRater

pytestmark = pytest.mark.django_db


def pair_study(**fields):
    """Return an open study of four models, the first two alike and far better than the others."""
    given = {"trial_count": 120, "votes_per_trial": 2, "assignments_per_session": 20, "adaptive": True}
    return open_study(protocol="pairwise", generated=4, samples=30, **{**given, **fields})


def vote_by_strength(study, raters: int, seed: int = 0, strengths=(2.0, 2.0, -2.0, -2.0)) -> None:
    """Let raters prefer by given log-strengths, a study's conditions in order."""
    random = Random(seed)
    strength = dict(zip(study.conditions.values_list("pk", flat=True), strengths, strict=True))
    for _ in range(raters):
        session = SessionFactory(study=study)
        while rows := hand_out(session_id=session.pk).assignments:
            chances = {
                trial: 1 / (1 + 2.718 ** (strength[other] - strength[first]))
                for trial, first, other in study.trials.values_list("pk", "condition", "other")
            }
            votes = []
            for row in rows:
                slot = int(random.random() > chances[row.trial_id])
                answers = {"preference": row.order.index(slot)}
                votes.append(Submission(row.id, uuid4(), VoteOutcome.ANSWERED, 900.0, answers))
            store_votes(session=session, submissions=votes)


def pairs_handed(after: int = 0) -> Counter[tuple[int, int]]:
    """Return how often each pair of conditions was handed out, from a session on."""
    handed = Assignment.objects.filter(session__gt=after)
    return Counter(handed.values_list("trial__condition", "trial__other"))


def test_before_there_are_votes_every_pair_comes():
    study = pair_study()
    vote_by_strength(study, 3)
    assert len(pairs_handed()) == 6


def test_pairs_that_would_tell_most_come_most_often():
    study = pair_study(trial_count=600)
    vote_by_strength(study, 8)
    steer(study)
    last = Assignment.objects.latest("session").session_id
    vote_by_strength(study, 10, seed=1)
    a, b, c, d = study.conditions.values_list("pk", flat=True)
    handed = pairs_handed(after=last)
    assert handed.total() == 200
    assert handed[a, b] + handed[c, d] > 90  # an even design shows these two pairs 67 times


def test_every_trial_gets_its_votes_in_the_end_and_none_more():
    study = pair_study(trial_count=30, assignments_per_session=10)
    for _ in range(8):
        vote_by_strength(study, 1)
        steer(study)
    assert Opening.objects.filter(free_from=None).count() == 60
    assert set(Counter(Assignment.objects.values_list("trial", flat=True)).values()) == {2}
    late = SessionFactory(study=study)
    assert hand_out(session_id=late.pk).assignments == ()


def test_pairs_and_groups_of_raters_go_together():
    study = pair_study(trial_count=12, strata={"by": "device", "groups": {"desktop": {"votes": 2}}})
    rater = ApiRater(study)
    rater.arrive()
    assert len(rater.block()) == 10
    assert all(lane.startswith("desktop|") for lane in Opening.objects.values_list("lane", flat=True))


def test_a_study_stops_once_its_best_set_is_known():
    study = pair_study(trial_count=600, stop_rule="best")
    vote_by_strength(study, 12, strengths=(3.0, 0.0, 0.0, 0.0))
    assert "better than every other" in steer(study).enough
    late = ApiRater(study)
    late.arrive()
    assert late.session().json()["progress"]["total"] == 0
    assert late.block() == []
    assert late.complete().status_code == 200


def test_a_stopped_study_goes_on_when_its_rule_is_taken_back():
    study = pair_study(stop_rule="best")
    Course.objects.create(study=study, enough="One is better than every other condition.")
    session = SessionFactory(study=study)
    assert hand_out(session_id=session.pk).assignments == ()
    study.stop_rule = ""
    study.save()
    assert len(hand_out(session_id=session.pk).assignments) == 10


def test_a_stopped_study_still_takes_votes_on_what_is_out():
    study = pair_study(stop_rule="best")
    session = SessionFactory(study=study)
    row = hand_out(session_id=session.pk).assignments[0]
    Course.objects.create(study=study, enough="Enough.")
    vote = Submission(row.id, uuid4(), VoteOutcome.CANNOT_TELL, 900.0)
    assert store_votes(session=session, submissions=[vote]).verdicts[0].status == "stored"
    assert len(hand_out(session_id=session.pk).assignments) == 9


def two_afc_votes(study, raters: int, right: float) -> None:
    """Let raters find the real image with a probability."""
    random = Random(1)
    for _ in range(raters):
        session = SessionFactory(study=study)
        while rows := hand_out(session_id=session.pk).assignments:
            votes = [
                Submission(
                    row.id,
                    uuid4(),
                    VoteOutcome.ANSWERED,
                    900.0,
                    {"real": row.order.index(int(random.random() < right))},
                )
                for row in rows
            ]
            store_votes(session=session, submissions=votes)


def test_live_intervals_are_confidence_sequences():
    study = open_study(trial_count=60, votes_per_trial=10, assignments_per_session=20)
    two_afc_votes(study, 12, right=0.8)
    looks = {look["condition"]: look for look in steer(study).looks}
    assert set(looks) == set(
        study.conditions.filter(sample_set__kind="generated").values_list("pk", flat=True)
    )
    condition, look = next(iter(looks.items()))
    rows = Assignment.objects.filter(trial__condition=condition).values_list(
        "session__rater", "trial", "vote__answers__value"
    )
    raters, trials, values = zip(*rows, strict=True)
    expected = confidence_sequence([value != 1 for value in values], rater=raters, item=trials)
    low, high = expected.confidence_interval(0.95)
    assert (look["estimate"], look["low"], look["high"]) == pytest.approx((expected.estimate, low, high))
    assert (look["raters"], look["votes"]) == (12, len(values))


@pytest.mark.parametrize(
    ("rule", "goal", "right", "stops"),
    [
        ("width", 0.9, 0.8, True),
        ("width", 0.01, 0.8, False),
        ("chance", 0, 1.0, True),
        ("chance", 0, 0.5, False),
    ],
)
def test_rates_stop_by_their_rule(rule: str, goal: float, right: float, stops: bool):
    study = open_study(
        trial_count=60, votes_per_trial=10, assignments_per_session=20, stop_rule=rule, stop_goal=goal
    )
    two_afc_votes(study, 15, right)
    assert bool(steer(study).enough) is stops


def test_a_rule_is_reached_once_however_often_it_is_looked_at():
    study = open_study(
        trial_count=60, votes_per_trial=10, assignments_per_session=20, stop_rule="width", stop_goal=0.9
    )
    assert steer(study).enough_since is None
    two_afc_votes(study, 15, 0.5)
    reached = steer(study).enough_since
    assert reached is not None
    assert steer(study).enough_since == reached
    Study.objects.filter(pk=study.pk).update(stop_goal=0.0001)
    study.refresh_from_db()
    assert steer(study).enough_since is None


def test_nothing_is_concluded_without_votes():
    for fields in ({"stop_rule": "chance"}, {"stop_rule": "width", "stop_goal": 0.2}):
        course = steer(open_study(trial_count=10, **fields))
        assert (course.enough, course.looks, course.votes) == ("", [], 0)
    assert steer(pair_study(stop_rule="best")).enough == ""


def test_a_course_is_computed_again_only_for_enough_new_votes():
    study = open_study(trial_count=60, votes_per_trial=10, assignments_per_session=20)
    assert steer_open_studies() == 1
    assert steer_open_studies() == 0
    two_afc_votes(study, 1, 0.8)
    assert steer_open_studies() == 1
    assert Course.objects.get().votes == 20
    assert steer_open_studies() == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"adaptive": True}, "has no pairs of sets"),
        ({"stop_rule": "best"}, "choose another rule"),
        ({"stop_rule": "width"}, "the goal is 0"),
        ({"protocol": "real_or_fake", "stop_rule": "chance", "settings": {"share_real": 30}}, "no chance"),
    ],
)
def test_settings_that_fit_no_protocol_are_told_before_launch(fields: dict, reason: str):
    study = draft_study(trial_count=10, **fields)
    assert reason in " ".join(problems_of(study, design_of(study)))


def test_a_steered_draw_costs_at_most_one_query_more_than_its_lanes(django_assert_max_num_queries):
    study = pair_study(trial_count=600)
    steer(study)
    for _ in range(3):
        hand_out(session_id=SessionFactory(study=study).pk)
    Course.objects.update(pairs=[list(study.conditions.values_list("pk", flat=True)[:2])])
    hand_out(session_id=SessionFactory(study=study).pk)
    session = SessionFactory(study=study)
    with django_assert_max_num_queries(14):  # one lane, ten openings made ahead under the study's lock
        hand_out(session_id=session.pk)
