"""Gold trials among a session's others: where they stand, and that they count for nothing but attention."""

from __future__ import annotations

from collections import Counter

import pytest

from humaneval.rating import exclusions
from humaneval.rating.handout import hand_out
from humaneval.rating.live import live_state, recount
from humaneval.rating.models import Assignment, Opening, Session
from humaneval.rating.sealing import seal_votes
from humaneval.rating.votes import answer_rows
from tests.factories import SessionFactory, open_study
from tests.rating.conftest import vote_for

pytestmark = pytest.mark.django_db


SESSIONS = range(1, 7)
"""Ids, chosen: places and trials are drawn by them, and now and then two sessions draw the same."""


def gold_study(**fields):
    """Return an open study with gold trials."""
    given = {"trial_count": 60, "assignments_per_session": 20, "gold_per_block": 2, "gold_drawn": 12}
    return open_study(**{**given, **fields})


def gold_handed(**which):
    """Return the assignments of gold trials."""
    return Assignment.objects.filter(trial__expected__isnull=False, **which)


def test_every_ten_trials_hold_as_many_gold_ones_as_the_study_sets(rater_of):
    rater = rater_of(gold_study())
    total = rater.session().json()["progress"]["total"]
    assert rater.answer_everything() == total
    assert Assignment.objects.filter(trial__expected__isnull=True).count() == 20
    places = list(gold_handed().values_list("position", flat=True))
    assert Counter(place // 10 for place in places if place < 20) == {0: 2, 1: 2}
    assert max(places) < total - 1
    assert rater.session().json()["progress"] == {"done": total, "total": total}


def test_no_gold_trial_comes_twice_to_a_rater_and_the_rest_are_the_studys_own(rater_of):
    study = gold_study(gold_drawn=3)
    rater_of(study).answer_everything()
    assert gold_handed().count() == 3
    assert gold_handed().values("trial").distinct().count() == 3
    assert Assignment.objects.filter(trial__expected__isnull=True).count() == 20


def test_places_and_choice_differ_by_session():
    study = gold_study(gold_drawn=12)
    for pk in SESSIONS:
        hand_out(session_id=SessionFactory(pk=pk, study=study).pk)
    places = {pk: tuple(gold_handed(session=pk).values_list("position", "trial__number")) for pk in SESSIONS}
    assert len(set(places.values())) == 6
    firsts = {place for chosen in places.values() for place, _trial in chosen}
    assert len(firsts) >= 5


def test_sides_of_gold_trials_are_not_always_the_same():
    study = gold_study(gold_per_block=5, gold_drawn=30)
    for pk in SESSIONS:
        hand_out(session_id=SessionFactory(pk=pk, study=study).pk)
    assert {tuple(order) for order in gold_handed().values_list("order", flat=True)} == {(0, 1), (1, 0)}


def test_gold_fills_no_vote_that_the_study_wants(rater_of):
    study = gold_study(trial_count=20, votes_per_trial=2)
    for _ in range(3):
        rater_of(study).answer_everything()
    assert Opening.objects.filter(free_from=None).count() == 40
    assert not Opening.objects.filter(trial__expected__isnull=False).exists()
    votes = Counter(Assignment.objects.filter(trial__expected__isnull=True).values_list("trial", flat=True))
    assert set(votes.values()) == {2}


def test_who_finds_no_work_meets_no_gold(rater_of):
    study = gold_study(trial_count=5, votes_per_trial=1)
    rater_of(study).answer_everything()
    late = rater_of(study)
    assert late.block() == []
    assert late.complete().status_code == 200


def test_gold_counts_for_no_estimate_and_is_told_apart(rater_of):
    study = gold_study()
    rater_of(study).answer_everything()
    rows = list(answer_rows(study))
    assert sum(row.counts for row in rows) == 20
    assert sum(row.is_gold for row in rows) == gold_handed().count()
    assert sum(recount(study).by_condition.values()) == 20
    assert recount(study).votes == len(rows)
    before = live_state(study).given
    seal_votes()
    assert live_state(study).given == before


def test_repeats_keep_their_number_among_gold_and_repeat_no_gold(rater_of):
    study = gold_study(repeats_per_session=4)
    rater = rater_of(study)
    total = rater.session().json()["progress"]["total"]
    assert rater.answer_everything() == total
    repeats = Assignment.objects.filter(is_repeat=True)
    assert repeats.count() == 4
    assert not repeats.filter(trial__expected__isnull=False).exists()


def test_who_fails_gold_is_left_out_by_the_rule(rater_of):
    study = gold_study()
    liar, honest = rater_of(study), rater_of(study)
    for rater, slot in ((liar, 0), (honest, 1)):
        while shown := rater.block():
            orders = {str(pk): order for pk, order in Assignment.objects.values_list("pk", "order")}
            rater.send(*(vote_for(one, answers={"real": orders[one["id"]].index(slot)}) for one in shown))
    rules = exclusions.declare_rules(study=study, name="Gold", rules={"failed_gold": {}})
    found = exclusions.excluded(study, rules)
    sessions = set(Assignment.objects.filter(vote__in=found).values_list("session", flat=True))
    assert sessions == {Session.objects.earliest("pk").pk}


def test_nothing_sent_tells_gold_from_other_trials(rater_of):
    rater = rater_of(gold_study(gold_per_block=5, gold_drawn=30))
    shown = rater.block()
    assert gold_handed().count() == 5
    assert {frozenset(one) for one in shown} == {
        frozenset({"id", "position", "prompt", "places", "parameters"})
    }


def test_a_reload_moves_no_gold(rater_of):
    rater = rater_of(gold_study())
    first = rater.block()
    assert rater.block() == first
    again = gold_handed().count()
    rater.send(*(vote_for(one) for one in first[:5]))
    rater.block()
    assert gold_handed().count() >= again


def test_gold_costs_one_query_more(rater_of, django_assert_num_queries):
    study = gold_study()
    rater_of(study).block()
    rater = rater_of(study)
    with django_assert_num_queries(11):
        assert len(rater.block()) == 10
