"""Published values, other programs' and hand-made ones for what the other files only check by definition."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit

from humaneval.stats import (
    by_condition,
    cohen_kappa,
    correlation,
    crowd_bradley_terry,
    human_metric_correlation,
    icc,
    kendall_w,
    krippendorff_alpha,
    mace,
    mean_opinion_score,
    one_coin,
    permutation_both,
    rate,
    reliability_weighted_means,
    soft_pairwise_accuracy,
)
from humaneval.stats.clusters import mean_influence
from tests.stats.simulation import bradley_terry_votes
from tests.stats.test_agreement_forms import CONFUSION, SHROUT_FLEISS
from tests.stats.test_latent_truth import ANAESTHETISTS


def _four_anaesthetists_and_one():
    """Dawid and Skene's (1979) patients, the first rater's last reading only."""
    rows = [
        (patient, max(0, place - 2), int(digit))
        for patient, digits in enumerate(ANAESTHETISTS)
        for place, digit in enumerate(digits)
        if place >= 2
    ]
    item, rater, answer = zip(*rows, strict=True)
    return {"item": item, "rater": rater, "answer": answer}


def test_one_coin_is_crowd_kits_run_to_convergence():
    found = one_coin(**_four_anaesthetists_and_one(), tolerance=1e-15)
    assert found.accuracy == pytest.approx([0.868161, 0.723613, 0.831069, 0.854309, 0.841181], abs=1e-6)
    assert found.estimate == pytest.approx([0.404618, 0.424252, 0.148672, 0.022457], abs=1e-6)
    assert found.posterior[3] == pytest.approx([0.389655, 0.605457, 0.004795, 0.000092], abs=1e-6)


def test_mace_is_the_maximum_that_a_general_optimiser_finds():
    votes = _four_anaesthetists_and_one()
    item, rater, answer = (np.array(votes[name]) for name in ("item", "rater", "answer"))

    def loss(parameters):
        """Minus the log-likelihood, vote by vote, of logit spamming and log habits."""
        spam = expit(parameters[:5])
        habit = np.exp(parameters[5:].reshape(5, 4))
        habit /= habit.sum(axis=1, keepdims=True)
        joint = np.full((45, 4), -np.log(4))
        for i, r, a in zip(item, rater, answer - 1, strict=True):
            joint[i] += np.log(spam[r] * habit[r, a] + (1 - spam[r]) * (np.arange(4) == a))
        return -np.logaddexp.reduce(joint, axis=1).sum()

    found = mace(**votes, smoothing=0.0, tolerance=1e-15)
    start = np.concatenate([np.log(found.spamming / (1 - found.spamming)), np.zeros(20)])
    start[5:] = np.log(np.maximum(found.habit, 1e-9)).ravel()
    assert -loss(start) == pytest.approx(found.log_likelihood, abs=1e-6)
    start[:5] += 0.3
    best = optimize.minimize(loss, start, method="L-BFGS-B", options={"maxiter": 40, "ftol": 1e-14})
    assert -best.fun == pytest.approx(found.log_likelihood, abs=1e-5)
    assert expit(best.x[:5]) == pytest.approx(found.spamming, abs=2e-3)


@pytest.mark.parametrize(
    ("weights", "error"), [("linear", 0.07697890987031), ("quadratic", 0.09397969777573)]
)
def test_weighted_kappas_error_is_vcds(weights, error):
    assert cohen_kappa(CONFUSION, weights=weights).standard_error == pytest.approx(error, abs=1e-12)


def test_kendalls_w_with_ties_is_rs_friedman():
    tied = [[1, 2, 2, 4, 5, 6], [2, 2, 1, 4, 6, 5], [1, 3, 3, 3, 5, 6], [1, 1, 3, 5, 4, 6]]
    found = kendall_w(tied)
    assert found.estimate == pytest.approx(0.8477443609023, abs=1e-12)
    assert found.statistic == pytest.approx(16.95488721805, abs=1e-9)
    assert found.pvalue == pytest.approx(0.004586154043484, abs=1e-12)


def test_icc2k_by_irrs_convention_is_mcgraw_and_wongs_table_7():
    """The published limits of ICC(A,k), by hand from the mean squares of Shrout and Fleiss' table."""
    n, k = SHROUT_FLEISS.shape
    rows, columns = SHROUT_FLEISS.mean(axis=1), SHROUT_FLEISS.mean(axis=0)
    left = SHROUT_FLEISS - rows[:, None] - columns + SHROUT_FLEISS.mean()
    msr, msc = k * rows.var(ddof=1), n * columns.var(ddof=1)
    mse = (left**2).sum() / ((n - 1) * (k - 1))
    assert (msr, msc, mse) == pytest.approx((11.24, 32.49, 1.02), abs=0.006)  # their table 3
    rho = (msr - mse) / (msr + (msc - mse) / n)
    a = k * rho / (n * (1 - rho))
    b = 1 + k * rho * (n - 1) / (n * (1 - rho))
    v = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1)))
    lower, upper = stats.f.ppf(0.975, n - 1, v), stats.f.ppf(0.975, v, n - 1)
    low = n * (msr - lower * mse) / (lower * (msc - mse) + n * msr)
    high = n * (upper * msr - mse) / (msc - mse + n * upper * msr)
    found = icc(SHROUT_FLEISS, form="ICC2k", convention="irr")
    assert found.confidence_interval() == pytest.approx((low, high), abs=1e-10)


def test_soft_accuracy_of_two_systems_by_hand():
    """People: 1 of the 8 sign flips sums to 3 or more; metric: 3 of 8 sum to 2 or more."""
    human = [[1, 1, 1], [0, 0, 0]]
    metric = [[2, 1, -1], [0, 0, 0]]
    assert soft_pairwise_accuracy(human, metric).estimate == pytest.approx(1 - abs(1 / 8 - 3 / 8), abs=1e-12)


def test_perm_both_is_the_share_of_all_swaps():
    rng = np.random.default_rng(3)
    human = rng.normal(size=(4, 2)) + np.arange(4)[:, None]
    tables = [human + rng.normal(size=(4, 2)), rng.normal(size=(4, 2))]
    one, two = [(table - table.mean()) / table.std() for table in tables]
    target = human.mean(axis=1)

    def gap(first, second):
        return np.corrcoef(first.mean(axis=1), target)[0, 1] - np.corrcoef(second.mean(axis=1), target)[0, 1]

    swaps = [np.reshape(bits, (4, 2)) for bits in itertools.product([False, True], repeat=8)]
    gaps = [gap(np.where(swap, two, one), np.where(swap, one, two)) for swap in swaps]
    exact = np.mean(np.abs(gaps) >= abs(gap(one, two)) - 1e-12)
    found = permutation_both(human, *tables, permutations=8000)
    assert found.estimate == pytest.approx(gap(one, two), abs=1e-12)
    assert found.pvalue == pytest.approx(exact, abs=0.02)


def test_the_hierarchical_bootstrap_of_two_raters_has_three_values():
    """Drawn are the first twice, both, or the second twice, with chances 1/4, 1/2, 1/4."""
    answers = {1: [1.0, 2, 4, 3], 2: [2.0, 1, 5, 9]}
    metric = {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}
    found = human_metric_correlation(
        answer=answers[1] + answers[2],
        condition=[0, 1, 2, 3] * 2,
        rater=[1] * 4 + [2] * 4,
        metric=metric,
        kind="pearson",
        resample_systems=False,
    )
    means = [answers[1], np.mean([answers[1], answers[2]], axis=0), answers[2]]
    values = np.array([np.corrcoef(mean, [1, 2, 3, 4])[0, 1] for mean in means])
    assert found.estimate == pytest.approx(values[1], abs=1e-12)
    assert np.unique(found.replicates.round(9)) == pytest.approx(np.sort(values), abs=1e-8)
    exact = np.sqrt(np.average(values**2, weights=[1, 2, 1]) - np.average(values, weights=[1, 2, 1]) ** 2)
    assert found.standard_error == pytest.approx(exact, rel=0.05)


def test_crowd_bt_is_the_maximum_that_a_general_optimiser_finds():
    votes = bradley_terry_votes(6, 40, np.random.default_rng(2))
    winner, loser, rater = votes["winner"], votes["loser"], votes["rater"]
    grade = np.linspace(0, 1, 1001)

    def likelihoods(strength):
        p = expit(strength[winner] - strength[loser])[:, None]
        chance = grade * p + (1 - grade) * (1 - p)
        return np.stack([chance[rater == who].prod(axis=0) * 4 * grade**3 for who in range(6)])

    def loss(strength):
        each = np.trapezoid(likelihoods(strength), grade, axis=1)
        return -np.log(each).sum() + strength @ strength / 8

    best = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-6})
    found = crowd_bradley_terry(**votes, replicates=10)
    assert found.estimate == pytest.approx(best.x - best.x.mean(), abs=2e-3)
    each = likelihoods(best.x)
    assert found.reliability == pytest.approx((each @ grade) / each.sum(axis=1), abs=2e-3)


def test_reliability_weights_by_loops():
    answer = np.array([[1.0, 2, 4], [2, 2, 5], [3, 4, 1], [5, 4, 4]])
    item, rater = (column.ravel() for column in np.indices(answer.shape))
    found = reliability_weighted_means(
        answer=answer.ravel(), condition=item % 2, rater=rater, item=item, replicates=20
    )
    weight, offset = np.ones(3), np.zeros(3)
    for _ in range(30):
        own = answer - offset
        gap = np.empty_like(answer)
        for i, r in np.ndindex(answer.shape):
            rest = [other for other in range(3) if other != r]
            gap[i, r] = answer[i, r] - np.average(own[i, rest], weights=weight[rest])
        squares = ((gap - gap.mean(axis=0)) ** 2).sum(axis=0)
        offset = gap.mean(axis=0)
        variance = (squares + 2 * squares.sum() / 12) / (4 + 2)
        weight = (1 / variance) / (1 / variance).mean()
    assert found.rater_weight == pytest.approx(weight, rel=1e-6)
    for condition in (0, 1):
        rows = answer[condition::2]
        assert found.estimate[condition] == pytest.approx(np.average(rows.mean(axis=0), weights=weight))


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
def test_a_perfect_order_of_few_systems_is_not_certainty(kind):
    found = correlation(range(8), range(8), kind=kind)
    low, high = found.confidence_interval()
    tau = 2 * 0.025 ** (1 / 4) - 1
    bound = {
        "kendall": tau,
        "pearson": np.sin(np.pi * tau / 2),
        "spearman": 6 / np.pi * np.arcsin(np.sin(np.pi * tau / 2) / 2),
    }
    assert (low, high) == pytest.approx((bound[kind], 1.0), abs=1e-12)
    assert found.standard_error > 0.1
    assert "no proof" in found.notes[-1]
    mirrored = correlation(range(8), range(8, 0, -1), kind=kind).confidence_interval()
    assert mirrored == pytest.approx((-1.0, -low), abs=1e-12)
    assert correlation(range(60), range(60), kind=kind).confidence_interval().low > 0.7


def test_answers_that_are_equal_have_their_mean_to_the_bit():
    mean, influence = mean_influence(np.full(20, 0.1), np.ones(20))
    assert mean == 0.1
    assert (influence.contribution == 0).all()


def test_each_condition_gets_the_estimate_of_its_own_votes():
    rng = np.random.default_rng(0)
    votes = {"rater": np.repeat(np.arange(10), 12), "item": np.tile(np.arange(12), 10)}
    condition = np.array(["GAN", "diffusion"])[votes["item"] % 2]
    answer = rng.integers(0, 2, 120)
    found = by_condition(rate, condition=condition, answer=answer, **votes)
    assert list(found) == ["GAN", "diffusion"]
    rows = condition == "GAN"
    alone = rate(answer[rows], rater=votes["rater"][rows], item=votes["item"][rows])
    assert found["GAN"].confidence_interval() == alone.confidence_interval()
    scores = by_condition(mean_opinion_score, condition=condition, answer=answer, points=(0, 1), **votes)
    assert scores["diffusion"].points == (0, 1)
    assert scores["GAN"].estimate == pytest.approx(found["GAN"].estimate)


def test_perfect_agreement_is_said_to_be_no_proof():
    found = krippendorff_alpha([[1, 2, 1], [1, 2, 1]])
    assert found.estimate == 1.0
    assert "no proof" in " ".join(found.notes)
