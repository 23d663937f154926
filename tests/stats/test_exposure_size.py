"""Timed studies of the planned size reach what was promised, analysed as a report analyses them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit

from humaneval.stats import NotEstimableError, psychometric
from humaneval.stats.errors import InputError
from humaneval.stats.exposure_size import (
    MOST_DRAWN,
    ExpectedExposures,
    ExpectedThreshold,
    log_deviation,
    rise_of,
    slope_of,
    spread_of,
)
from humaneval.stats.intervals import Percentile
from humaneval.stats.pilot_exposures import exposures_of_pilot
from humaneval.stats.study_size import Size, Supply, plan_size

LEVELS = (100, 147, 215, 316, 464, 681, 1000)
PLANNED = [
    {"effect": 330.0, "reference": 241.0, "rater": 0.45, "rise": 1.6},
    {"effect": 250.0, "reference": 200.0, "rater": 0.0, "rise": 2.5},
]


def votes(rng, expected, size):
    """Return answers (1 right), log exposures and raters; every level as often for each rater."""
    who = np.repeat(np.arange(size.raters), size.votes_each)
    level = np.tile(np.resize(np.log(expected.levels), size.votes_each), size.raters)
    own = math.log(expected.effect) + log_deviation(expected.rater) * rng.normal(size=size.raters)
    seen = expit(slope_of(expected.rise) * (level - own[who]))
    return (rng.random(size.votes) < 0.5 + 0.5 * seen).astype(int), level, who


def studies(expected, size, number, seed):
    """Return the intervals of so many studies, in ms."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(number):
        right, level, who = votes(rng, expected, size)
        found.append(np.exp(psychometric(right, level=level, rater=who).confidence_interval(0.95)))
    return np.array(found)


@pytest.mark.parametrize("values", PLANNED)
def test_thresholds_planned_for_a_width_have_it_on_average(values):
    expected = ExpectedThreshold(levels=LEVELS, **values)
    supply = Supply(votes_each=70, images=1000)
    planned = plan_size(expected, supply, aim="width", target=110)
    assert planned.achieved <= 110 < expected.width(supply.size(planned.size.raters - 1))
    found = studies(expected, planned.size, 60, seed=1)
    assert np.mean(found[:, 1] - found[:, 0]) == pytest.approx(planned.achieved, rel=0.07)
    assert np.exp(np.log(found).mean()) == pytest.approx(expected.effect, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("values", PLANNED)
def test_thresholds_planned_for_power_leave_the_reference_out_that_often(values):
    expected = ExpectedThreshold(levels=LEVELS, **values)
    planned = plan_size(expected, Supply(votes_each=70, images=1000), aim="power", target=0.8)
    found = studies(expected, planned.size, 400, seed=2)
    missed = (found[:, 0] <= expected.reference) & (expected.reference <= found[:, 1])
    assert planned.achieved >= 0.8
    assert 1 - missed.mean() == pytest.approx(planned.achieved, abs=3 * math.sqrt(0.16 / 400) + 0.02)
    held = (found[:, 0] <= expected.effect) & (expected.effect <= found[:, 1])
    assert held.mean() > 0.95 - 3 * math.sqrt(0.95 * 0.05 / 400) - 0.01


@pytest.mark.parametrize("reference", [280, 480])
def test_the_mean_of_skewed_exposures_has_the_interval_and_the_power_of_a_bootstrap(reference):
    """Low means come with low errors, so that what lies above is harder to tell than what lies below."""
    rng = np.random.default_rng(3)
    scores = 330 * np.exp(0.5 * rng.normal(size=4000))
    expected = ExpectedExposures(effect=370, reference=reference, scores=scores)
    planned = plan_size(expected, Supply(votes_each=450, images=1000), aim="power", target=0.8)
    size, found = planned.size, []
    for _ in range(600):
        drawn = rng.choice(scores, size.raters)
        draws = drawn[rng.integers(size.raters, size=(600, size.raters))].mean(axis=1)
        found.append(Percentile(draws)(drawn.mean(), 0.0, 0.95))
    low, high = np.array(found).T
    assert np.mean(high - low) == pytest.approx(expected.width(size), rel=0.03)
    assert np.mean((low > reference) | (high < reference)) == pytest.approx(planned.achieved, abs=0.05)


@pytest.mark.parametrize("reference", [350, 390])
def test_very_many_raters_are_not_drawn_one_by_one(reference):
    scores = 330 * np.exp(0.5 * np.random.default_rng(4).normal(size=4000))
    expected = ExpectedExposures(effect=370, reference=reference, scores=scores)
    few, more = (Size(raters=raters, votes_each=450, items=900) for raters in (MOST_DRAWN, MOST_DRAWN + 1))
    assert expected.width(few) == pytest.approx(expected.width(more), rel=0.01)
    assert expected.power(few) == pytest.approx(expected.power(more), abs=0.025)


def test_a_rise_is_how_much_longer_ninety_percent_takes_and_a_spread_the_log_normals():
    assert slope_of(1.6) * math.log(1.6) == pytest.approx(math.log(4))
    assert 0.5 + 0.5 * expit(slope_of(1.6) * math.log(1.6)) == pytest.approx(0.9)
    assert rise_of(slope_of(2.2)) == pytest.approx(2.2)
    drawn = np.exp(log_deviation(0.5) * np.random.default_rng(4).normal(size=400_000))
    assert drawn.std() / drawn.mean() == pytest.approx(0.5, rel=0.02)
    assert spread_of(log_deviation(0.7)) == pytest.approx(0.7)
    with pytest.raises(InputError, match="the rise is above 1"):
        slope_of(1.0)


def test_more_raters_more_trials_and_steeper_curves_narrow_a_threshold():
    def width(raters=20, each=70, **changes):
        of = {"effect": 300.0, "reference": 241.0, "rater": 0.4, "rise": 1.6, "levels": LEVELS}
        size = Size(raters=raters, votes_each=each, items=500)
        return ExpectedThreshold(**{**of, **changes}).width(size)

    assert width(raters=40) < width()
    assert width(each=140) < width()
    assert width(rise=1.3) < width() < width(rater=0.8)
    many, more = width(each=10_000), width(each=100_000)
    assert many > 0.99 * more > 0.5 * width()  # what raters differ is left


def test_exposures_that_cannot_be_planned_for_are_said():
    supply = Supply(votes_each=70, images=500)
    of = {"rater": 0.4, "rise": 1.6, "levels": LEVELS}
    with pytest.raises(InputError, match=r"shortest \(100 ms\) and the longest \(1000 ms\)"):
        plan_size(ExpectedThreshold(effect=80, reference=241, **of), supply, aim="width", target=50)
    with pytest.raises(InputError, match="no effect"):
        plan_size(ExpectedThreshold(effect=241, reference=241, **of), supply, aim="power", target=0.8)
    alike = ExpectedExposures(effect=241, reference=241, scores=np.array([150.0, 350.0]))
    with pytest.raises(InputError, match="no effect"):
        plan_size(alike, supply, aim="power", target=0.8)


def test_a_pilots_timed_votes_give_back_what_they_were_drawn_from():
    true = ExpectedThreshold(effect=320, reference=200, rater=0.5, rise=1.7, levels=LEVELS)
    right, level, who = votes(np.random.default_rng(5), true, Size(raters=120, votes_each=140, items=200))
    found = exposures_of_pilot(right, level=level, rater=who)
    assert math.exp(found.threshold) == pytest.approx(320, rel=0.1)
    assert spread_of(found.deviation) == pytest.approx(0.5, abs=0.1)
    assert rise_of(found.slope) == pytest.approx(1.7, abs=0.15)
    chance = np.random.default_rng(6).integers(0, 2, len(level))
    with pytest.raises(NotEstimableError, match="not right more often"):
        exposures_of_pilot(chance, level=level, rater=who)
    with pytest.raises(NotEstimableError, match="fewer than two raters"):
        exposures_of_pilot(right[:140], level=level[:140], rater=who[:140])
