"""A study of duplicates in a report: the set with the fewest comes first, and what that rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from humaneval.reports.figures import draw_figures
from humaneval.reports.loading import load_material
from humaneval.reports.report import build_report, report_of
from humaneval.reports.tables import influence_table
from humaneval.studies.models import DuplicatePair, Study
from tests.factories import draft_study, opened
from tests.reports.studies import GivenVote, add_scores, add_votes

pytestmark = pytest.mark.django_db
RATERS, BATCHES = 5, 6
SAME = (0.7, 0.15, 0.4)
"""How often two near images of each set are called the same: the second set has the fewest duplicates."""


@pytest.fixture
def judged() -> Study:
    """Give a study of three sets, two pairs a batch, each pair judged by all raters."""
    study = draft_study(protocol="duplicates", generated=3, samples=4 * BATCHES, trial_count=2 * 3 * BATCHES)
    for number, condition in enumerate(study.conditions.all()):
        study.conditions.filter(pk=condition.pk).update(label=f"Model {number}")
        ids = list(condition.sample_set.samples.values_list("id", flat=True))
        DuplicatePair.objects.bulk_create(
            DuplicatePair(study=study, condition=condition, batch=place // 2, first_id=one, second_id=other)
            for place, (one, other) in enumerate(zip(ids[::2], ids[1::2], strict=True))
        )
    study = opened(study)
    random = np.random.default_rng(5)
    often = dict(zip(study.conditions.values_list("pk", flat=True), SAME, strict=True))
    add_votes(
        study,
        [
            GivenVote(rater, number, {"same": int(random.random() < often[condition])})
            for rater in range(RATERS)
            for number, condition in study.trials.order_by("number").values_list("number", "condition")
        ],
    )
    return study


def labels(study: Study) -> list[str]:
    return list(study.conditions.order_by("position").values_list("label", flat=True))


def test_the_fewest_come_first_everywhere(judged):
    most, fewest, middle = labels(judged)
    report = report_of(judged)
    (ranking,) = report.ranking
    assert [(one.rank, one.label) for one in ranking.entries] == [(1, fewest), (2, middle), (3, most)]
    assert ranking.entries[0].rank_low == 1
    chances = [one.best for one in ranking.entries]
    assert chances[0] > 0.9
    assert chances == sorted(chances, reverse=True)
    assert f"{fewest} comes first: the lowest share of pairs judged the same" in report.answers[0]
    assert report.exclusions[0].winners == {"same": fewest}


def test_what_the_first_place_rests_on_is_told_by_pairs_and_by_batches(judged):
    most, fewest, middle = labels(judged)
    by_pairs, by_batches = report_of(judged).influence
    assert (by_pairs.measure, by_batches.measure) == ("share", "batches_with_duplicate")
    for one in (by_pairs, by_batches):
        assert (one.winner, one.runner_up, one.minimal) == (fewest, middle, True)
        assert (one.votes, one.raters) == (RATERS * 6 * BATCHES, RATERS)
        assert 0 < one.votes_to_change < one.votes / 4
        assert f"it would take the loss of {one.votes_to_change} vote" in one.words
    assert by_pairs.words.startswith("Fewest pairs judged the same: ")
    assert by_batches.words.startswith("Fewest batches with a duplicate, and so most different images: ")
    assert most not in by_pairs.words + by_batches.words


def test_the_lead_is_that_of_the_published_estimates(judged):
    report = report_of(judged)
    for one in report.influence:
        values = sorted(each.estimate for each in report.estimates if each.measure == one.measure)
        assert one.lead == pytest.approx(values[1] - values[0])


def test_it_goes_into_the_page_and_the_table(judged, client, admin_user):
    report = report_of(judged)
    client.force_login(admin_user)
    page = client.get(f"/studies/{judged.slug}/report/").content.decode()
    table = influence_table(report)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["measure"] for row in rows] == ["share", "batches_with_duplicate"]
    for one, row in zip(report.influence, rows, strict=True):
        assert one.words in page
        assert (row["votes_to_change"], row["minimal"]) == (one.votes_to_change, True)
    assert "The numbers, ranked" in page


def test_a_score_that_is_lower_for_fewer_duplicates_goes_with_people(judged):
    most, fewest, middle = labels(judged)
    add_scores(judged, "frechet_distance", {most: 9.0, middle: 5.0, fewest: 1.0})
    add_scores(judged, "recall", {most: 0.9, middle: 0.5, fewest: 0.1}, higher_is_better=True)
    found = {one.metric: one for one in report_of(judged).correlations}
    assert (found["frechet_distance"].expected_sign, found["frechet_distance"].as_expected) == (1, True)
    assert (found["recall"].expected_sign, found["recall"].as_expected) == (-1, False)
    assert "of people's estimate lower and of this score lower is better" in found["frechet_distance"].words
    assert f"“{fewest}”: place 1 of 3 by people, place 3 by the score" in found["recall"].words


def test_the_axis_of_a_score_says_which_way_the_score_is_better_and_not_people(judged):
    most, fewest, middle = labels(judged)
    add_scores(judged, "frechet_distance", {most: 9.0, middle: 5.0, fewest: 1.0})
    add_scores(judged, "recall", {most: 0.9, middle: 0.5, fewest: 0.1}, higher_is_better=True)
    report = report_of(judged)
    drawn = draw_figures(report).scatters
    texts = {one.metric: drawn[place].wide for place, one in enumerate(report.correlations)}
    assert "(lower is better)" in texts["frechet_distance"]
    assert "(higher is better)" in texts["recall"]


def test_real_sets_do_not_compete(judged):
    fewest, material = labels(judged)[1], load_material(judged)
    kinds = {fewest: "generated"}
    conditions = [replace(one, kind=kinds.get(one.label, "real")) for one in material.study.conditions]
    report = build_report(replace(material, study=replace(material.study, conditions=conditions)))
    assert report.influence == []
    assert {one.label: one.best for one in report.ranking[0].entries}[fewest] is None
