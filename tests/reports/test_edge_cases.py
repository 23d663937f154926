"""Studies at the edge: a report that says in words what it cannot say in numbers."""

from __future__ import annotations

import json

import pytest

from humaneval.reports.pages import render_standalone
from humaneval.reports.report import build, report_of
from humaneval.reports.results import from_payload, to_payload
from tests.reports.studies import GivenVote, add_scores, add_trials, add_votes, make_sets, make_study

PROTOCOLS = ["two_afc", "real_or_fake", "likert", "pairwise"]


def study_of(protocol: str, generated: list[str]):
    real = None if protocol == "pairwise" else "real"
    study = make_study(protocol, sets=make_sets(generated, real))
    other = {"two_afc": "real", "pairwise": generated[-1]}.get(protocol)
    conditions = generated[:-1] if protocol == "pairwise" else generated
    trials = add_trials(study, [(name, other, index) for name in conditions for index in range(4)])
    return study, trials


def answer(study, value: int) -> dict[str, int]:
    return {question.key: value for question in study.questions.all()}


def assert_fit_to_be_shown(study) -> str:
    """Check that neither JSON nor page has a NaN, and return the page."""
    payload = build(study)
    json.dumps(payload, allow_nan=False)
    page = render_standalone(from_payload(payload))
    words = page.replace("nanmean", "").lower()
    for bad in (">nan<", " nan", "nan%", "[nan", "inf]", ">none<", ">inf<", "none ["):
        assert bad not in words
    return page


@pytest.mark.django_db
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_study_without_votes_says_so(protocol):
    study, _ = study_of(protocol, ["a", "b"])
    add_scores(study, "recall", {"a": 0.2, "b": 0.3}, higher_is_better=True)
    page = assert_fit_to_be_shown(study)
    assert "There are no votes to estimate from yet." in page
    report = report_of(study)
    assert all(one.estimate is None for one in report.estimates)
    assert report.correlations == []
    assert report.votes.total == 0


@pytest.mark.django_db
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_rater_gives_numbers_that_say_whom_they_speak_of(protocol):
    study, trials = study_of(protocol, ["a", "b"])
    add_votes(
        study,
        [
            GivenVote(1, trial.number, answer(study, trial.number % 2))
            for trial in trials
            if protocol != "likert"
        ],
    )
    add_votes(
        study,
        [
            GivenVote(1, trial.number, answer(study, 1 + trial.number % 3))
            for trial in trials
            if protocol == "likert"
        ],
    )
    page = assert_fit_to_be_shown(study)
    assert "Only 1 rater voted" in page
    assert "one rater" in page
    assert all(one.estimate is not None for one in report_of(study).estimates if one.headline and one.votes)


@pytest.mark.django_db
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", [0, 1])
def test_all_the_same_answer_gives_intervals_that_are_not_points(protocol, value):
    study, trials = study_of(protocol, ["a", "b"])
    value = value * 4 + 1 if protocol == "likert" else value
    add_votes(
        study,
        [GivenVote(rater, trial.number, answer(study, value)) for rater in range(5) for trial in trials],
    )
    assert_fit_to_be_shown(study)
    for one in report_of(study).estimates:
        if one.headline and one.votes:
            assert one.estimate is not None
            assert one.interval.low is not None
            assert one.interval.low < one.interval.high


@pytest.mark.django_db
@pytest.mark.parametrize("protocol", ["two_afc", "real_or_fake", "likert"])
def test_one_condition_has_an_estimate_and_nothing_to_rank_against(protocol):
    study, trials = study_of(protocol, ["only"])
    add_scores(study, "recall", {"only": 0.2}, higher_is_better=True)
    add_votes(
        study,
        [GivenVote(rater, one.number, answer(study, 1)) for rater in range(4) for one in trials],
    )
    page = assert_fit_to_be_shown(study)
    assert "With one generated condition there is nothing to rank" in page
    assert "Only 1 system with both numbers" in page


@pytest.mark.django_db
def test_a_single_vote_does_not_break_any_part():
    study, _ = study_of("two_afc", ["a", "b"])
    add_votes(study, [GivenVote(0, 0, {"real": 0})])
    assert_fit_to_be_shown(study)
    (a, b) = report_of(study).estimates
    assert (a.estimate, a.votes) == (1.0, 1)
    assert b.estimate is None
    assert b.note
    assert "No counted votes yet for b." in report_of(study).warnings


def test_only_ties_put_all_on_one_place(make_pairwise):
    study = make_pairwise([("a", "b", 0, 6, 0), ("b", "c", 0, 6, 0)])
    assert_fit_to_be_shown(study)
    assert [entry.rank for entry in report_of(study).ranking[0].entries] == [1, 1, 1]


def test_groups_that_were_never_compared_are_named(make_pairwise):
    study = make_pairwise([("a", "b", 4, 0, 2), ("c", "d", 3, 0, 3)], names=("a", "b", "c", "d"))
    page = assert_fit_to_be_shown(study)
    assert "never compared with each other: {a, b}; {c, d}" in page
    assert all(one.estimate is None for one in report_of(study).estimates if one.measure == "strength")


def test_a_condition_that_never_lost_is_said_to_have_no_finite_strength(make_pairwise):
    study = make_pairwise([("a", "b", 6, 0, 0), ("b", "c", 3, 0, 3), ("a", "c", 6, 0, 0)])
    page = assert_fit_to_be_shown(study)
    assert "Never beaten by the rest: a" in page


def test_a_condition_without_comparisons_is_told_from_the_others(make_pairwise):
    study = make_pairwise([("a", "b", 4, 0, 2)], names=("a", "b", "late"))
    assert_fit_to_be_shown(study)
    left_out = next(one for one in report_of(study).estimates if one.label == "late" and one.headline)
    assert left_out.estimate is None
    assert left_out.note == "No comparison shows this condition."


@pytest.mark.django_db
def test_equal_labels_are_kept_apart():
    study, trials = study_of("pairwise", ["a", "b"])
    study.conditions.update(label="same")
    add_votes(
        study,
        [GivenVote(rater, one.number, {"preference": rater % 2}) for rater in range(3) for one in trials],
    )
    labels = {one.label for one in report_of(study).estimates}
    assert labels == {"same (a)", "same (b)"}


def test_a_report_comes_back_from_json_the_same(scored):
    report = report_of(scored)
    assert from_payload(json.loads(json.dumps(to_payload(report)))) == report
