"""Scores of single images beside people: raters cluster, and many rows are many tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from humaneval.reports.analysis.judged_samples import Judged
from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.analysis.samples import correlate_samples
from humaneval.reports.findings.together import SampleLevel
from humaneval.reports.material import SampleScore, ScoreFacts
from humaneval.reports.votes import VoteTable
from humaneval.stats.items import named_items
from tests.reports.test_together import QUESTION, scores

EACH, BATCHES, RATERS = 12, 14, 3
"""Images of a batch, batches, and raters of each batch."""


def score(metric: str, condition: np.ndarray, value: np.ndarray, sample: np.ndarray) -> list[ScoreFacts]:
    """Return a metric's values by sample, condition by condition."""
    row = scores(metric, [1])[0]
    return [
        ScoreFacts(
            replace(row, condition=int(one), value=float(value[condition == one].mean())),
            samples=(
                SampleScore(int(one), metric, metric, 1, sample[condition == one], value[condition == one]),
            ),
        )
        for one in np.unique(condition)
    ]


def judged_in_batches(rng: np.random.Generator, leniency: float, effect: float = 0.0):
    """Return outcomes with their samples, and a value that varies by batch, as by prompt or by class."""
    size = EACH * BATCHES
    batch, sample = np.repeat(np.arange(BATCHES), EACH), np.arange(1, size + 1)
    value = 0.8 * rng.normal(size=BATCHES)[batch] + 0.6 * rng.normal(size=size)
    rows = np.tile(np.arange(size), RATERS)
    rater = batch[rows] * RATERS + np.repeat(np.arange(RATERS), size)
    answer = effect * value[rows] + rng.normal(size=size)[rows]
    answer = answer + leniency * rng.normal(size=BATCHES * RATERS)[rater] + rng.normal(size=len(rows))
    condition = np.ones(size, dtype=np.int64)
    outcomes = Outcomes(np.arange(len(rows)), condition[rows], rater, sample[rows], answer)
    return outcomes, sample[rows], condition, value, sample


def levels(rng: np.random.Generator, leniency: float, noise_rows: int = 0, effect: float = 0.0):
    """Return the rows of a table: the value itself, and so many that are noise."""
    outcomes, samples, condition, value, sample = judged_in_batches(rng, leniency, effect)
    facts = score("density", condition, value, sample)
    for number in range(noise_rows):
        facts += score(f"noise{number}", condition, rng.normal(size=len(sample)), sample)
    return correlate_samples(QUESTION, facts, Judged.of(outcomes, samples), None, False)


def rho_of(level: SampleLevel):
    return next(one for one in level.coefficients if one.name == "spearman")


def test_raters_leniency_is_in_the_interval():
    drawn = [levels(np.random.default_rng(seed), leniency=1.5)[0] for seed in range(6)]
    assert {one.raters for one in drawn} == {BATCHES * RATERS}
    assert "two-way jackknife by rater (42 one by one) and sample (168 in 50 groups)" in drawn[0].method
    widths = [(one.within_high or 0) - (one.within_low or 0) for one in map(rho_of, drawn)]
    alone = 2 * 1.96 / np.sqrt(EACH * BATCHES - 3)
    assert np.mean(widths) > 1.4 * alone


def test_a_value_that_goes_with_people_is_found():
    (found,) = levels(np.random.default_rng(1), leniency=0.5, effect=0.8)
    assert "it goes with people's answers" in found.words
    (against,) = levels(np.random.default_rng(1), leniency=0.5, effect=-0.8)
    assert "it goes against people's answers" in against.words


def test_of_many_rows_a_small_p_value_is_not_enough():
    def made(noise_rows: int) -> list[SampleLevel]:
        return levels(np.random.default_rng(17), leniency=0.0, effect=0.25, noise_rows=noise_rows)

    (alone,) = made(0)
    assert 0.05 / 12 < (alone.pvalue or 0) < 0.05
    assert "it goes with" in alone.words
    same = next(one for one in made(11) if one.metric == "density")
    assert same.pvalue == pytest.approx(alone.pvalue)
    assert (same.adjusted or 0) > 0.05
    assert "do not tell" in same.words
    assert "after Holm over 12 rows" in same.words


def test_preferences_are_tested_and_adjusted_too():
    rng = np.random.default_rng(4)
    value = rng.normal(size=40)
    first, second = rng.integers(0, 20, 300), rng.integers(20, 40, 300)
    chose_first = rng.random(300) < np.where(value[first] > value[second], 0.75, 0.25)
    columns = np.zeros(300, dtype=np.int64)
    table = VoteTable(
        vote=np.arange(300), question=columns, condition=columns + 1, other=columns + 2,
        rater=np.arange(300) % 15, item=first, unit=first * 100 + second,
        shared=named_items(np.column_stack([first, second]), "image"),
        value=np.where(chose_first, 0, 1), simulated=columns.astype(bool),
    )  # fmt: skip
    condition = np.repeat([1, 2], 20)
    sample = np.arange(40) + 1
    facts = score("density", condition, value, sample)
    facts += score("noise", condition, rng.normal(size=40), sample)
    found = correlate_samples(QUESTION, facts, None, (table, first + 1, second + 1), False)
    assert [one.metric for one in found] == ["density", "noise"]
    assert found[0].words.endswith("% of the time (p < 0.001 after Holm over 2 rows).")
    assert "not told from a coin" in found[1].words
    assert "clustered" in found[0].method
