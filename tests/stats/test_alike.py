"""Raters who agree exactly prove little: no interval of theirs is a point, and the result says so."""

from __future__ import annotations

import numpy as np
import pytest

import humaneval.stats as stats
from humaneval.stats.alike import UnitsAlike, raised_covariance
from tests.stats.simulation import bradley_terry_votes

ANSWERS = np.array([1, 0, 1, 1, 0, 0, 1, 0, 1, 0] * 2)
SCORES = np.array([1, 2, 3, 2, 5, 4, 3, 3, 1, 2] * 2)
PAIRS = ("ab", "ba", "bc", "ca", "ac", "cb", "ab", "cb", "ac", "ba")
ROWS = [["a", "b", "c"], ["b", "a", "c"], ["a", "c", "b"], ["c", "a", "b"]]
SYSTEM = np.tile(np.repeat(np.arange(5), 4), 1)


def _copies(raters, column):
    return np.tile(column, raters), np.repeat(np.arange(raters), len(column))


def _votes(raters, column, **columns):
    answer, rater = _copies(raters, column)
    return answer, {"rater": rater} | {name: np.tile(values, raters) for name, values in columns.items()}


def _answers(estimator, **options):
    """Return a function of the number of raters, all of whom give ANSWERS."""

    def call(raters):
        answer, columns = _votes(raters, ANSWERS)
        return estimator(answer, **columns, **options)

    return call


def _conditions(estimator):
    def call(raters):
        answer, columns = _votes(raters, SCORES % 2, condition=np.arange(20) % 2)
        return estimator(answer, **columns)

    return call


def _preferences(estimator, **options):
    def call(raters):
        pairs, rater = _copies(raters, np.array(PAIRS))
        return estimator(
            winner=[pair[0] for pair in pairs], loser=[pair[1] for pair in pairs], rater=rater, **options
        )

    return call


def _psychometric(raters):
    right = [np.arange(10) < count for count in (5, 6, 8, 10, 9)]
    answer, columns = _votes(raters, np.concatenate(right), level=np.repeat([1.0, 2, 3, 4, 5], 10))
    return stats.psychometric(answer, **columns, replicates=20)


def _two_way(raters):
    pairs, rater = _copies(raters, np.array(PAIRS))
    votes = {"winner": [pair[0] for pair in pairs], "loser": [pair[1] for pair in pairs]}
    return stats.bradley_terry(**votes, rater=rater, item=np.zeros(len(pairs)), cluster="two_way")


def _ordinal(raters):
    answer, columns = _votes(raters, SCORES, condition=np.arange(20) // 3 % 2)
    return stats.cumulative_link(answer, **columns)


def _weighted(raters):
    answer, columns = _votes(raters, SCORES, condition=np.arange(20) % 2, item=np.arange(20))
    return stats.reliability_weighted_means(answer=answer, **columns, replicates=30)


def _metric(raters):
    answer, columns = _votes(raters, SCORES, condition=SYSTEM)
    means = {system: SCORES[system == SYSTEM].mean() for system in range(5)}
    return stats.human_metric_correlation(answer=answer, **columns, metric=means, replicates=100)


CLUSTERED = {
    "rate": _answers(stats.rate),
    "rate, bootstrap": _answers(stats.rate, method="cluster_bootstrap", replicates=50),
    "rate, mixed logit": _answers(stats.rate, method="mixed_logit"),
    "hype": lambda raters: stats.hype_score(
        answer=np.tile(ANSWERS, raters),
        real=np.tile(np.arange(20) % 2, raters),
        rater=np.repeat(np.arange(raters), 20),
    ),
    "mean opinion score": _answers(stats.mean_opinion_score),
    "rate difference": _conditions(stats.rate_difference),
    "mean difference": _conditions(stats.mean_difference),
    "d'": _answers(stats.dprime, task="two_afc"),
    "d', yes/no": lambda raters: stats.dprime(
        np.tile(ANSWERS, raters),
        signal=np.tile(np.arange(20) // 3 % 2, raters),
        rater=np.repeat(np.arange(raters), 20),
    ),
    "cumulative link": _ordinal,
    "psychometric": _psychometric,
    "Bradley-Terry": _preferences(stats.bradley_terry),
    "Bradley-Terry, bootstrap": _preferences(stats.bradley_terry, replicates=30),
    "Bradley-Terry, raters and items": _two_way,
    "Thurstone": _preferences(stats.thurstone),
    "Plackett-Luce": lambda raters: stats.plackett_luce(ROWS * raters, rater=np.repeat(np.arange(raters), 4)),
    "Crowd-BT": _preferences(stats.crowd_bradley_terry, replicates=20),
    "weighted means": _weighted,
    "people and metric": _metric,
    "confidence sequence": _answers(stats.confidence_sequence),
}  # fmt: skip


@pytest.mark.parametrize("raters", [1, 2, 3, 12])
@pytest.mark.parametrize("estimator", CLUSTERED)
def test_raters_of_one_mind_leave_an_interval_with_a_width(estimator, raters):
    if raters == 1 and estimator in ("rate, bootstrap", "rate, mixed logit", "Crowd-BT", "weighted means"):
        with pytest.raises(stats.StatsError, match="at least two"):
            CLUSTERED[estimator](raters)
        return
    found = CLUSTERED[estimator](raters)
    low, high = found.confidence_interval()
    assert (np.asarray(found.standard_error) > 1e-3).all()
    assert (np.asarray(high) - np.asarray(low) > 0.01).all()
    assert found.notes or estimator in ("rate, mixed logit", "confidence sequence")


TABLES = {
    "percent": lambda table: stats.percent_agreement(table, replicates=50),
    "Fleiss": lambda table: stats.fleiss_kappa(
        item=np.tile(range(10), len(table)), answer=table.ravel(), replicates=50
    ),
    "alpha": lambda table: stats.krippendorff_alpha(table, replicates=50),
    "alpha, ordinal": lambda table: stats.krippendorff_alpha(table, level="ordinal", replicates=50),
    "Gwet": lambda table: stats.gwet_ac(table, replicates=50),
    "Cohen": lambda table: stats.cohen_kappa(np.diag([3, 3, 2, 1, 1]), replicates=50),
    "ICC1": lambda table: stats.icc(table.T, form="ICC1", replicates=50),
    "ICC2": lambda table: stats.icc(table.T, replicates=50),
    "ICC3k": lambda table: stats.icc(table.T, form="ICC3k", replicates=50),
    "ICC2, missing": lambda table: stats.icc(
        np.where(np.arange(table.size).reshape(10, -1) % 7 == 3, np.nan, table.T), replicates=50
    ),
    "Kendall's W": stats.kendall_w,
}  # fmt: skip


@pytest.mark.parametrize("raters", [2, 3, 8])
@pytest.mark.parametrize("coefficient", TABLES)
def test_perfect_agreement_on_ten_items_is_not_certainty(coefficient, raters):
    found = TABLES[coefficient](np.tile([1.0, 2, 3, 1, 2, 2, 4, 1, 5, 3], (raters, 1)))
    low, high = found.confidence_interval()
    assert found.estimate == pytest.approx(1.0)
    assert high == 1.0
    assert low < 0.75
    assert found.standard_error > 0.05
    assert "no proof" in " ".join(found.notes)


def test_the_bound_of_perfect_agreement_is_clopper_and_pearsons():
    table = np.tile([1, 2] * 15, (4, 1))
    low, _ = stats.percent_agreement(table).confidence_interval()
    clopper = stats.rate(successes=30, trials=30, method="clopper_pearson").confidence_interval().low
    assert low == pytest.approx(clopper, abs=1e-12)
    kappa = stats.fleiss_kappa(item=np.tile(range(30), 4), answer=table.ravel())
    assert kappa.confidence_interval().low == pytest.approx(1 - (1 - clopper) / 0.5, abs=1e-12)
    assert UnitsAlike(30)(1.0, 0.0, 0.95).low == pytest.approx(clopper, abs=1e-12)


def test_two_alike_raters_get_the_models_errors_with_students_quantile():
    clustered = _preferences(stats.bradley_terry)(2)
    model = _preferences(stats.bradley_terry, cluster="none")(2)
    assert clustered.standard_error == pytest.approx(model.standard_error, rel=1e-9)
    assert clustered.degrees_of_freedom == 1
    assert "raised to the model's" in clustered.method
    assert "too alike" in clustered.notes[-1]


def test_no_contrast_of_a_raised_covariance_is_below_the_models():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    model, thin = root @ root.T, np.outer(root[0], root[0]) * 30
    raised, changed = raised_covariance(thin, model)
    assert changed
    for contrast in rng.normal(size=(200, 4)):
        assert (
            contrast @ raised @ contrast
            >= max(contrast @ model @ contrast, contrast @ thin @ contrast) - 1e-9
        )
    full = thin + 0.5 * model
    assert raised_covariance(full, model) == (full, False)


def test_raters_who_differ_keep_their_own_sandwich():
    found = stats.bradley_terry(**bradley_terry_votes(12, 20, np.random.default_rng(0)))
    assert "raised" not in found.method
    assert found.notes == ()


def test_a_pairwise_accuracy_of_one_is_no_proof_either():
    human = np.arange(10.0)
    for replicates in (0, 100):
        found = stats.pairwise_accuracy(human, 3 * human, replicates=replicates)
        assert found.confidence_interval() == pytest.approx((0.025 ** (1 / 5), 1.0))
        assert "no proof" in found.notes[-1]
    soft = stats.soft_pairwise_accuracy(np.eye(4), np.eye(4))
    assert soft.confidence_interval().low == pytest.approx(np.sqrt(0.025))


def test_staircases_that_end_alike_show_their_own_spread():
    track = [5, 4, 3, 4, 3, 2, 3, 2, 3, 4, 3, 2, 3]
    found = stats.staircase_threshold(track * 2, rater=[1] * 13 + [2] * 13)
    assert found.standard_error > 0.1
    with pytest.raises(stats.NotEstimableError, match="two raters"):
        stats.staircase_threshold(track, rater=[1] * 13)
    level = [3, 2, 3, 2, 3, 2, 3, 2]
    assert stats.staircase_threshold(level * 2, rater=[1] * 8 + [2] * 8).standard_error > 0.05
