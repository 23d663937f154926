"""Means of several conditions together, changes within raters, and what holds a winner up: known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import statsmodels.api

from humaneval.stats import (
    NotEstimableError,
    condition_means,
    correlation,
    mean_influence_on_winner,
    mean_opinion_score,
    ranking,
    uncertain_correlation,
    within_contrast,
    within_slope,
)


def shared_raters(seed: int = 1, raters: int = 40, deviation: float = 1.0):
    """Return votes of raters who judge three conditions ten times each and differ in how high they aim."""
    rng = np.random.default_rng(seed)
    rater = np.repeat(np.arange(raters), 30)
    condition = np.tile(np.repeat([0, 1, 2], 10), raters)
    answer = condition * 0.3 + rng.normal(0, deviation, raters)[rater] + rng.normal(0, 1, len(rater))
    return answer, condition, rater


def test_each_mean_has_the_error_of_its_own_clustered_interval():
    answer, condition, rater = shared_raters()
    found = condition_means(answer, condition=condition, rater=rater)
    for place in range(3):
        mine = condition == place
        alone = mean_opinion_score(answer[mine], rater=rater[mine])
        assert found.estimate[place] == pytest.approx(alone.estimate)
        assert found.standard_error[place] == pytest.approx(alone.standard_error)


def test_raters_who_judge_all_conditions_make_their_means_move_together():
    answer, condition, rater = shared_raters(deviation=2.0)
    found = condition_means(answer, condition=condition, rater=rater)
    spread = np.sqrt(np.diag(found.covariance))
    assert (found.covariance / np.outer(spread, spread)).min() > 0.9
    assert ranking(found).tier.tolist() == [3, 2, 1]  # so that differences are far surer than the means


def test_items_that_repeat_add_to_the_covariance_and_never_take_from_the_raters():
    rng = np.random.default_rng(3)
    rater, item = np.divmod(np.arange(1200), 30)
    answer = rng.normal(0, 1, 30)[item] + rng.normal(0, 1, 1200)
    condition = item % 2
    both = condition_means(answer, condition=condition, rater=rater, item=item)
    alone = condition_means(answer, condition=condition, rater=rater)
    assert (np.diag(both.covariance) > 3 * np.diag(alone.covariance)).all()


def test_a_change_within_raters_is_found_and_its_absence_is_not():
    rng = np.random.default_rng(4)
    rater = np.repeat(np.arange(50), 20)
    later = np.tile(np.arange(20) >= 10, 50)
    plain = rng.normal(0, 1, 50)[rater] * 3 + rng.normal(0, 1, 1000)
    risen = within_contrast(plain + 0.5 * later, second=later, rater=rater)
    assert risen.estimate == pytest.approx(0.5, abs=3 * risen.standard_error)
    assert risen.pvalue < 0.001
    assert within_contrast(plain, second=later, rater=rater).pvalue > 0.05


def test_within_raters_the_test_holds_its_level():
    rng = np.random.default_rng(5)
    rater, later = np.repeat(np.arange(20), 12), np.tile(np.arange(12) >= 6, 20)
    found = [
        within_contrast(
            (rng.normal(0, 1, 20)[rater] * later) + rng.normal(0, 1, 240), second=later, rater=rater
        ).pvalue
        < 0.05
        for _ in range(300)
    ]
    assert 0.02 <= np.mean(found) <= 0.085


def test_what_was_shown_when_plays_no_part_in_a_change():
    rater = np.repeat(np.arange(30), 20)
    later = np.tile(np.arange(20) >= 10, 30)
    stratum = np.where(np.arange(600) % 20 < 14, 0, 1)  # the second condition is shown late only
    answer = stratum * 5.0 + np.random.default_rng(6).normal(0, 1, 600)
    assert within_contrast(answer, second=later, rater=rater, stratum=stratum).pvalue > 0.05
    assert within_contrast(answer, second=later, rater=rater).pvalue < 1e-6


def test_a_slope_within_raters_is_that_of_their_own_votes():
    rng = np.random.default_rng(7)
    rater = np.repeat(np.arange(40), 25)
    slow = rng.normal(0, 1, 40)[rater]
    steps = slow + rng.normal(0, 1, 1000)
    answer = -2 * slow + 0.4 * steps + rng.normal(0, 1, 1000)  # slow raters are worse, slow answers better
    found = within_slope(answer, on=steps, rater=rater)
    assert found.estimate == pytest.approx(0.4, abs=3 * found.standard_error)
    assert found.pvalue < 0.001


def test_two_raters_are_too_few_for_a_change_within_raters():
    with pytest.raises(NotEstimableError, match="at least 3"):
        within_contrast([1, 2, 3, 4], second=[0, 1, 0, 1], rater=[1, 1, 2, 2])


def test_the_votes_said_to_change_the_highest_mean_do():
    rng = np.random.default_rng(8)
    condition = np.repeat([0, 1, 2], 100)
    answer = (rng.random(300) < np.array([0.6, 0.52, 0.3])[condition]).astype(float)
    found = mean_influence_on_winner(answer, condition=condition, rater=np.tile(np.arange(30), 10))
    keep = np.setdiff1d(np.arange(300), found.votes)
    means = [answer[keep][condition[keep] == one].mean() for one in range(3)]
    assert len(found.votes) == found.votes_to_change
    assert int(np.argmax(means)) != found.winner
    with_one_more = np.append(keep, found.votes[-1])
    again = [answer[with_one_more][condition[with_one_more] == one].mean() for one in range(3)]
    assert again[found.winner] >= max(again) - 1e-9


def test_one_rater_who_alone_holds_a_winner_up_is_named():
    condition = np.tile([0, 1], 20)
    rater = np.repeat(np.arange(10), 4)
    answer = np.where(rater == 3, 1 - condition, 0.5 + 0.01 * condition)
    found = mean_influence_on_winner(answer, condition=condition, rater=rater)
    assert (found.winner, found.raters) == (0, (3,))


def test_noise_widens_a_correlation_and_its_absence_leaves_the_sampling_of_systems():
    human, score = np.array([1.0, 2, 3, 4, 5.2, 6, 7]), np.array([1.2, 1.9, 3.5, 3.4, 5, 6.4, 6.8])
    rng = np.random.default_rng(9)
    still = np.tile(human, (500, 1))
    shaken = still + rng.normal(0, 1.5, still.shape)
    firm = uncertain_correlation(human, score, human_draws=still, kind="pearson")
    noisy = uncertain_correlation(
        human, score, human_draws=shaken, score_error=np.full(7, 0.5), kind="pearson"
    )
    plain = correlation(human, score).confidence_interval()
    assert firm.like_these == pytest.approx(tuple(plain))
    assert firm.these == pytest.approx((firm.estimate, firm.estimate))
    assert noisy.like_these.low < firm.like_these.low
    assert noisy.these.low < firm.these.low


def test_three_systems_say_nothing_of_systems_like_them():
    found = uncertain_correlation([1, 2, 3], [1, 2, 3], human_draws=np.tile([1.0, 2, 3], (100, 1)))
    assert found.like_these == (-1.0, 1.0)


def test_the_interval_for_systems_like_these_holds_the_truth():
    rng = np.random.default_rng(10)
    held = 0
    for _ in range(120):
        pairs = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 8)
        human, score = (pairs + rng.normal(0, [0.3, 0.2], (8, 2))).T
        draws = human + rng.normal(0, 0.3, (400, 8))
        found = uncertain_correlation(
            human, score, human_draws=draws, score_error=np.full(8, 0.2), kind="pearson"
        )
        held += found.like_these.low <= 0.6 <= found.like_these.high
    assert held >= 108


@pytest.mark.parametrize(("systems", "truth", "noise"), [(8, 0.9, 0.5), (12, 0.9, 0.3), (20, 0.9, 0.7)])
def test_noise_in_people_does_not_hide_how_strong_a_correlation_is(systems, truth, noise):
    """Without what is done about attenuation these very systems' is held 48, 62 and 1 times of 100."""
    rng, these, like, times = np.random.default_rng(3), 0, 0, 100
    for _ in range(times):
        pairs = rng.multivariate_normal([0, 0], [[1, truth], [truth, 1]], systems)
        human, score = (pairs + rng.normal(0, 1, (systems, 2)) * [noise, noise / 3]).T
        draws = human + rng.normal(0, noise, (300, systems))
        found = uncertain_correlation(
            human, score, human_draws=draws, score_error=np.full(systems, noise / 3), kind="pearson"
        )
        of_these = np.corrcoef(pairs.T)[0, 1]
        these += found.these.low <= of_these <= found.these.high
        like += found.like_these.low <= truth <= found.like_these.high
    assert like >= 0.93 * times
    assert these >= 0.8 * times


@pytest.mark.parametrize("freedom", [2, 3, 9, np.inf])
def test_few_raters_widen_an_interval_by_their_tails_and_not_by_noise_that_is_not_there(freedom):
    """A tenth of the variance is noise (a ceiling of 0.95); what moves all systems alike is none."""
    rng, systems = np.random.default_rng(5), 8
    human = scipy.stats.norm.ppf((np.arange(systems) + 0.5) / systems)
    human /= human.std(ddof=1)
    noise = math.sqrt(0.1) * rng.standard_normal((4000, systems)) + 3 * rng.standard_normal((4000, 1))
    stretch = 1 if np.isinf(freedom) else np.sqrt(freedom / rng.chisquare(freedom, (4000, 1)))
    found = uncertain_correlation(
        human,
        human + np.resize([1.0, -1.0, -1.0, 1.0], systems),
        human_draws=human + noise * stretch,
        score_error=np.zeros(systems),
        kind="pearson",
    )
    high = np.quantile(found.draws, 0.975)
    assert found.these.high < 1
    assert high / found.these.high == pytest.approx(math.sqrt(0.9), abs=0.03)


def test_a_change_within_equal_raters_is_the_paired_t_test():
    rng = np.random.default_rng(11)
    rater, place = np.divmod(np.arange(240), 12)
    answer = rng.normal(0, 1, 20)[rater] + 0.3 * (place > 5) + rng.normal(0, 1, 240)
    found = within_contrast(answer, second=place > 5, rater=rater)
    halves = answer.reshape(20, 2, 6).mean(axis=2)
    paired = scipy.stats.ttest_rel(halves[:, 1], halves[:, 0])
    assert found.estimate == pytest.approx((halves[:, 1] - halves[:, 0]).mean(), rel=1e-12)
    assert found.pvalue == pytest.approx(paired.pvalue, rel=1e-9)


def test_a_slope_within_raters_is_the_regression_with_an_intercept_for_each():
    rng = np.random.default_rng(12)
    rater = np.repeat(np.arange(15), [5, 9, 12] * 5)
    steps = rng.normal(0, 1, len(rater)) + rater
    answer = 0.4 * steps - rater + rng.normal(0, 1, len(rater))
    design = np.column_stack([steps, rater[:, None] == np.arange(15)])
    fitted = statsmodels.api.OLS(answer, design).fit()
    assert within_slope(answer, on=steps, rater=rater).estimate == pytest.approx(fitted.params[0], rel=1e-9)
