"""What the rules leave out, and the headline under each version of them, side by side."""

from __future__ import annotations

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from humaneval.rating import exclusions
from humaneval.rating.models import Assignment, RuleSet, Vote
from humaneval.reports.exclusion_tables import exclusion_section
from humaneval.reports.exclusions import STRICT
from humaneval.reports.freshness import current_basis
from humaneval.reports.pages import render_body
from humaneval.reports.report import build, report_of
from humaneval.reports.results import from_payload, to_payload
from humaneval.reports.tables import exclusions_table
from humaneval.studies.models import Study
from tests.factories import TokenFactory
from tests.reports.studies import GivenVote, add_trials, add_votes, make_sets, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(two_afc: Study) -> Study:
    """Give the study with four more votes for the poor one, two of them late and two in no time."""
    more = [
        GivenVote(10 + place, 8 + place, {"real": 1}, late=place < 2, response_ms=900 if place < 2 else 20)
        for place in range(4)
    ]
    add_votes(two_afc, more)
    # However busy the machine is that stored them: no time passed in which the answers could be given.
    Assignment.objects.update(created_at=timezone.now())
    return two_afc


def before_launch(study: Study, version: int, name: str, *rules: str) -> RuleSet:
    """Keep rules as if they had been declared in the draft."""
    filled = {rule: exclusions.RULES[rule].filled({}) for rule in rules}
    return RuleSet.objects.create(study=study, version=version, name=name, rules=filled, before_launch=True)


def counted_votes(report, condition: str) -> int:
    """Return how many votes the body's estimate of a condition rests on."""
    return next(one.votes for one in report.estimates if one.headline and one.label.startswith(condition))


def test_without_rules_nothing_is_left_out_and_every_rule_stands_beside_for_comparison(study):
    report = report_of(study)
    assert (report.votes.counted, report.votes.excluded) == (40, 0)
    none, strict = report.exclusions
    assert (none.governs, none.version, none.strict) == (True, 0, False)
    assert (strict.governs, strict.strict, strict.before_launch) == (False, True, False)
    assert none.winners == {"real": "good"}


def test_an_exact_tie_is_shared_in_every_sentence(db):
    study = make_study("two_afc", sets=make_sets(["a", "b"], "real"))
    add_trials(study, [(name, "real", index) for name in ("a", "b") for index in range(4)])
    answers = ((rater, trial, int((rater + trial) % 2)) for rater in range(4) for trial in range(8))
    add_votes(study, [GivenVote(rater, trial, {"real": value}) for rater, trial, value in answers])
    report = report_of(study)
    assert [one.rank for one in report.ranking[0].entries] == [1, 1]
    assert report.answers[0].startswith("a and b share the first place: ")
    assert report.exclusions[0].winners == {"real": "a and b"}
    (one,) = report.influence
    assert "shares the first place" in one.words
    assert (one.votes_to_change, one.raters_who_change) == (None, [])
    assert "“a” and “b” share the first place" in render_body(report)


def test_rules_that_leave_no_votes_are_not_said_to_have_a_first(study):
    report = report_of(study)
    strict = report.exclusions[-1]
    assert strict.left_out == len(Vote.objects.all())
    assert strict.winners == {}
    words = exclusion_section(report).tables[0].words
    assert words == "“good” is first under all other rules (“Every rule, strictly” leaves no estimate)."


def test_one_condition_alone_is_first_of_nothing(db):
    study = make_study("two_afc", sets=make_sets(["alone"], "real"))
    add_trials(study, [("alone", "real", index) for index in range(4)])
    asked = [(rater, trial) for rater in range(4) for trial in range(4)]
    add_votes(study, [GivenVote(rater, trial, {"real": rater % 2}) for rater, trial in asked])
    report = report_of(study)
    (table,) = exclusion_section(report).tables
    assert [label for label, _ in table.rows] == ["alone"]
    assert (table.winners, table.words) == ([], "")
    page = render_body(report)
    assert "is first" not in page
    assert "may well be in another order" not in page


def test_a_set_says_whose_votes_each_rule_leaves_out(study):
    before_launch(study, 1, "As registered", "late")
    way = report_of(study).exclusions[1]
    assert way.raters_by_rule == {"late": way.raters}
    assert sum(one.left_out for one in way.excluded) == way.left_out == 2
    assert all(one.by_rule == {"late": one.left_out} for one in way.excluded)
    assert all(one.rater.startswith("r") and one.left_out <= one.votes for one in way.excluded)


def test_the_report_follows_the_last_rules_declared_before_launch(study):
    before_launch(study, 1, "First thoughts", "late", "too_fast")
    before_launch(study, 2, "As registered", "late")
    exclusions.declare_rules(study=study, name="Afterthought", rules={"too_fast": {}})
    report = report_of(study)
    assert (report.votes.counted, report.votes.excluded) == (38, 2)
    assert [(one.version, one.governs, one.left_out) for one in report.exclusions] == [
        (0, False, 0),
        (1, False, 4),
        (2, True, 2),
        (3, False, 2),
        (STRICT, False, 40),
    ]
    assert report.exclusions[1].by_rule == {"late": 2, "too_fast": 2}
    assert counted_votes(report, "poor") == 14
    assert "“As registered” (version 2): late votes 2" in " ".join(report.methods)
    assert "1 of them declared after launch" in " ".join(report.methods)


def test_rules_declared_after_launch_stand_beside_and_change_no_headline(study):
    plain = report_of(study)
    exclusions.declare_rules(study=study, name="Afterthought", rules={"late": {}})
    report = report_of(study)
    assert report.estimates == plain.estimates
    none, later, _ = report.exclusions
    assert (none.governs, later.governs, later.before_launch) == (True, False, False)
    poor = {one.label: one for one in later.estimates}
    assert none.estimates == [one for one in plain.estimates if one.headline]
    assert {label: one.votes for label, one in poor.items()}.values() != {12}
    assert sum(one.votes for one in later.estimates) == sum(one.votes for one in none.estimates) - 2


def test_a_set_gives_what_a_study_without_those_votes_gives(two_afc):
    alone = {one.label: one.estimate for one in report_of(two_afc).estimates if one.headline}
    add_votes(two_afc, [GivenVote(10, 8, {"real": 1}, late=True)])
    exclusions.declare_rules(study=two_afc, name="No latecomers", rules={"late": {}})
    way = report_of(two_afc).exclusions[1]
    assert {one.label: one.estimate for one in way.estimates} == alone


def test_new_rules_make_an_old_report_outdated(study):
    before = current_basis(study).fingerprint
    exclusions.declare_rules(study=study, name="Afterthought", rules={"late": {}})
    assert current_basis(study).fingerprint != before


def test_it_survives_json_and_reads_reports_from_before_there_were_rules(study):
    exclusions.declare_rules(study=study, name="Afterthought", rules={"late": {}})
    report = report_of(study)
    assert from_payload(to_payload(report)) == report
    old = build(study)
    del old["exclusions"], old["votes"]["excluded"]
    assert from_payload(old).exclusions == []


def test_the_page_and_the_table_show_all_sets(study):
    before_launch(study, 1, "As registered", "late")
    exclusions.declare_rules(study=study, name="Afterthought", rules={"too_fast": {}})
    report = report_of(study)
    page = render_body(report)
    for words in ("As registered (version 1)", "declared after launch", "Leaves out 2 votes: late votes 2."):
        assert words in page
    table = exclusions_table(report)
    assert [(row[1], row[4]) for row in table.rows[:9:3]] == [
        (0, False),
        (1, True),
        (2, False),
    ]
    by_rule = {row[1]: row[-3:] for row in table.rows}
    assert by_rule[0] == [0, "", ""]
    assert by_rule[1] == [report.exclusions[1].raters, "late:2", f"late:{report.exclusions[1].raters}"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {TokenFactory().secret}")
    answer = client.get(f"/api/v1/studies/{study.slug}/exclusions.csv")
    assert len(b"".join(answer.streaming_content).splitlines()) == 1 + len(table.rows)
