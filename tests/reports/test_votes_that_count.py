"""Which votes estimates rest on, and how the others are counted and told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from humaneval.rating.models import VoteOutcome
from humaneval.reports.loading import load_material
from humaneval.reports.report import build, report_of
from humaneval.reports.votes import select_votes
from tests.reports.studies import GivenVote, add_votes

LAST_RATER = 50


def fooled_by_good(study) -> float | None:
    return next(one.estimate for one in report_of(study).estimates if one.label == "good")


def test_repeats_are_counted_and_left_out(two_afc):
    before = fooled_by_good(two_afc)
    add_votes(two_afc, [GivenVote(0, 0, {"real": 1}, is_repeat=True) for _ in range(1)])
    report = report_of(two_afc)
    assert report.votes.repeats == 1
    assert (report.votes.total, report.votes.counted) == (37, 36)
    assert fooled_by_good(two_afc) == before


@pytest.mark.parametrize("outcome", [VoteOutcome.CANNOT_TELL, VoteOutcome.NOT_SHOWN])
def test_votes_without_an_answer_are_counted_and_left_out(two_afc, outcome):
    before = fooled_by_good(two_afc)
    add_votes(two_afc, [GivenVote(LAST_RATER, 0, {}, outcome=outcome)])
    report = report_of(two_afc)
    assert getattr(report.votes, outcome.value) == 1
    assert report.votes.counted == 36
    assert fooled_by_good(two_afc) == before


def test_votes_on_spoilt_exposures_are_counted_and_left_out(two_afc):
    before = fooled_by_good(two_afc)
    add_votes(two_afc, [GivenVote(LAST_RATER, 0, {"real": 0}, spoilt=True)])
    report = report_of(two_afc)
    assert report.votes.spoilt == 1
    assert (report.votes.total, report.votes.counted) == (37, 36)
    assert fooled_by_good(two_afc) == before
    assert any("1 vote (the image was not shown for as long as asked)" in text for text in report.methods)


def test_late_votes_count_and_are_told(two_afc):
    add_votes(two_afc, [GivenVote(LAST_RATER, 0, {"real": 0}, late=True)])
    report = report_of(two_afc)
    assert report.votes.late == 1
    assert fooled_by_good(two_afc) == pytest.approx(9 / 13)
    assert any("1 vote came late" in paragraph for paragraph in report.methods)


def test_a_vote_on_several_questions_is_one_vote(likert):
    report = report_of(likert)
    assert report.votes.total == report.votes.counted == 40
    assert report.raters.total == 10
    assert report.raters.median_votes == 4


def test_simulated_votes_mark_everything_that_rests_on_them(two_afc):
    assert not build(two_afc)["contains_simulated"]
    add_votes(two_afc, [GivenVote(LAST_RATER, 0, {"real": 0}, simulated=True)])
    payload = build(two_afc)
    assert payload["contains_simulated"] is True
    assert "1 of 37 votes are simulated" in payload["simulated_note"]
    marks = {one["label"]: one["simulated"] for one in payload["estimates"]}
    assert marks == {"good": True, "middling": False, "poor": False}
    assert payload["ranking"][0]["simulated"] is True
    assert payload["agreement"][0]["simulated"] is True


def test_few_raters_and_an_open_study_are_cautioned_about(two_afc):
    warnings = " ".join(report_of(two_afc).warnings)
    assert "Only 6 raters voted" in warnings
    assert "not closed" in warnings


def test_images_that_did_not_load_are_cautioned_about(two_afc):
    add_votes(two_afc, [GivenVote(LAST_RATER, 0, {}, outcome=VoteOutcome.NOT_SHOWN)])
    assert any("did not load" in warning for warning in report_of(two_afc).warnings)


def test_a_missing_time_leaves_the_median_of_the_others(two_afc):
    material = load_material(two_afc)
    times = material.votes.response_ms.copy()
    times[0] = np.nan
    votes = dataclasses.replace(material.votes, response_ms=times)
    counts = select_votes(dataclasses.replace(material, votes=votes), np.zeros(len(times), dtype=bool)).raters
    assert counts.median_response_ms == 1200
