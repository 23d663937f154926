"""Rules are declared in versions, locked at launch, and applied as a view that gives its reasons."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from humaneval.rating import exclusions
from humaneval.rating.models import RuleSet, Session, Vote
from tests.factories import TokenFactory, draft_study, open_study, opened
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db


def test_what_was_declared_in_a_draft_is_the_study_s_own():
    study = draft_study(trial_count=3)
    exclusions.declare_rules(study=study, name="First thoughts", rules={"late": {}})
    own = exclusions.declare_rules(study=study, name="As registered", rules=exclusions.default_rules())
    study = opened(study)
    later = exclusions.declare_rules(study=study, name="An afterthought", rules={})
    assert [rule_set.version for rule_set in study.rule_sets.all()] == [1, 2, 3]
    assert exclusions.declared_before_launch(study) == own
    assert (own.before_launch, later.before_launch) == (True, False)


def test_a_study_may_have_no_rules_of_its_own():
    study = open_study(trial_count=3)
    assert exclusions.declared_before_launch(study) is None
    assert exclusions.excluded(study, None) == {}


def test_declared_rules_keep_all_their_settings_and_never_change():
    study = draft_study(trial_count=3)
    declared = exclusions.declare_rules(study=study, name="Mine", rules={"too_fast": {"fewest": 5}})
    assert declared.rules == {"too_fast": {"percent_of_median": 30, "fewest": 5}}
    declared.rules = {}
    with pytest.raises(ValidationError, match="never change"):
        declared.save()


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"moody": {}}, "There is no rule “moody”; there are simulated"),
        ({"too_fast": {"fewest": 0}}, "must be a number from 1"),
        ({"too_fast": {"seconds": 1}}, "has no setting"),
        ({"late": 3}, "each rule's settings by its name"),
    ],
)
def test_unknown_rules_and_settings_are_refused_with_what_there_is(rules, reason: str):
    with pytest.raises(ValidationError, match=reason):
        exclusions.declare_rules(study=draft_study(trial_count=3), name="Mine", rules=rules)


def test_each_vote_left_out_has_all_its_reasons():
    study = open_study(trial_count=6)
    key = TokenFactory().secret
    program = ApiRater(study)
    program.arrive(key=key, simulated=True)
    rater = ApiRater(study)
    rater.arrive()
    for one in (program, rater):
        one.send(*(vote_for(shown, response_ms=10 if one is program else 900) for shown in one.block()))
    rules = {"simulated": {}, "too_fast": {"fewest": 2}}
    found = exclusions.excluded(study, exclusions.declare_rules(study=study, name="Mine", rules=rules))
    programs = Vote.objects.filter(assignment__session__rater__simulated=True)
    assert set(found) == set(programs.values_list("pk", flat=True))
    assert {reason.rule for reason in next(iter(found.values()))} == {"simulated", "too_fast"}
    assert exclusions.counts_by_rule(found) == {"simulated": 6, "too_fast": 6}


def test_votes_are_judged_by_the_rules_of_their_own_study_only():
    study, other = open_study(trial_count=3), open_study(trial_count=3)
    rules = exclusions.declare_rules(study=other, name="Theirs", rules={})
    with pytest.raises(ValueError, match="of another study"):
        exclusions.excluded(study, rules)


def test_gold_trials_and_places_on_screen_reach_the_rules(rater_of):
    study = open_study(trial_count=4)
    study.trials.update(expected={"real": 1})
    liar, honest = rater_of(study), rater_of(study)
    for rater, slot in ((liar, 0), (honest, 1)):
        shown = rater.block()
        orders = dict(Session.objects.get(pk=_session(shown)).assignments.values_list("pk", "order"))
        rater.send(*(vote_for(one, answers={"real": _order(orders, one).index(slot)}) for one in shown))
    rules = exclusions.declare_rules(study=study, name="Gold", rules={"failed_gold": {}})
    found = exclusions.excluded(study, rules)
    assert set(found) == set(Vote.objects.filter(answers__value=0).values_list("pk", flat=True))
    assert len(found) == 4


def _session(shown) -> int:
    return Session.objects.get(assignments=shown[0]["id"]).pk


def _order(orders, shown) -> list[int]:
    return next(order for key, order in orders.items() if str(key) == shown["id"])


def test_the_cost_does_not_grow_with_votes_or_rules(rater_of, django_assert_num_queries):
    study = open_study(trial_count=20)
    rater_of(study).answer_everything()
    rules = exclusions.declare_rules(study=study, name="All", rules=exclusions.default_rules())
    with django_assert_num_queries(5):
        exclusions.excluded(study, rules)


@pytest.fixture
def researcher() -> APIClient:
    """Give a client with a researcher's key."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {TokenFactory().secret}")
    return client


def test_researchers_declare_and_read_rules(researcher):
    study = draft_study(trial_count=3)
    url = f"/api/v1/studies/{study.slug}/rule-sets/"
    made = researcher.post(url, {"name": "Mine", "rules": {"late": {}}}, format="json")
    assert made.status_code == 201
    assert (made.json()["version"], made.json()["before_launch"]) == (1, True)
    assert researcher.get(url).json() == [made.json()]
    refused = researcher.post(url, {"name": "Mine", "rules": {"moody": {}}}, format="json")
    assert refused.status_code == 400
    assert "There is no rule “moody”" in refused.json()["rules"][0]
    assert RuleSet.objects.count() == 1


def test_researchers_read_what_a_version_leaves_out(researcher, rater_of):
    study = open_study(trial_count=3)
    rater_of(study).answer_everything()
    exclusions.declare_rules(study=study, name="Mine", rules={"straight_lining": {"run": 3}})
    answer = researcher.get(f"/api/v1/studies/{study.slug}/rule-sets/1/exclusions/").json()
    assert answer["counts"] == {"straight_lining": 3}
    assert answer["votes"][0]["reasons"]["straight_lining"].startswith("The same answer on screen 3 times")


def test_raters_do_not_learn_the_rules():
    study = open_study(trial_count=3)
    for path in ("rule-sets/", "rule-sets/1/exclusions/"):
        assert APIClient().get(f"/api/v1/studies/{study.slug}/{path}").status_code == 401
