"""Errors that are computed in a fast or indirect way, against their definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit, logsumexp

from humaneval.stats import bradley_terry, cohen_kappa, dawid_skene, gwet_ac, icc, one_coin, psychometric
from humaneval.stats.latent_errors import Accuracies, Confusions, Information
from humaneval.stats.latent_truth import _read


def _scores(seed=0):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(12, 1)) + 0.5 * rng.normal(size=(1, 6)) + rng.normal(size=(12, 6))
    table[rng.random(table.shape) < 0.4] = np.nan
    table[:, 0] = rng.normal(size=12)
    table[0, 1:] = np.nan  # an item of one answer: without its rater it is gone
    return table


def _left_out(table, form):
    return np.array([icc(rest, form=form, replicates=2).estimate for rest in table])


def test_icc_with_missing_cells_has_the_errors_of_a_jackknife_by_loops():
    table = _scores()
    by_item = [np.delete(table, item, axis=0) for item in range(12)]
    by_rater = [np.delete(table, rater, axis=1) for rater in range(6)]
    by_rater = [rest[~np.isnan(rest).all(axis=1)] for rest in by_rater]
    errors = []
    for parts in (by_item, by_rater):
        values = _left_out(parts, "ICC2")
        spread = [((one - one.mean()) ** 2).sum() for one in (np.arctanh(values), values)]
        errors.append(np.sqrt((len(values) - 1) / len(values) * np.array(spread)))
    assert icc(table, form="ICC2").standard_error == pytest.approx(
        max(errors, key=lambda e: e[0])[1], abs=1e-10
    )
    values = _left_out(by_item, "ICC3")
    expected = np.sqrt(11 / 12 * ((values - values.mean()) ** 2).sum())
    assert icc(table, form="ICC3").standard_error == pytest.approx(expected, abs=1e-10)


def _votes():
    rng = np.random.default_rng(1)
    item, rater = (column.ravel() for column in np.indices((150, 4)))
    truth = rng.choice(3, 150, p=[0.5, 0.3, 0.2])
    right = rng.random(len(item)) < np.array([0.8, 0.7, 0.75, 0.65])[rater]
    return {
        "rater": rater,
        "item": item,
        "answer": np.where(right, truth[item], rng.integers(0, 3, len(item))),
    }


def _log_chances(model, flat, k=3, raters=4):
    """log P(said | true) as (raters, said, true) by the free parameters."""
    if model is one_coin:
        right = expit(flat)[:, None, None]
        return np.log(np.where(np.eye(k) > 0, right, (1 - right) / (k - 1)))
    table = flat.reshape(raters, k, k)
    return table - logsumexp(table, axis=1, keepdims=True)


@pytest.mark.parametrize("model", [dawid_skene, one_coin])
def test_the_information_of_a_prevalence_is_the_likelihoods_curvature(model):
    votes = _votes()
    found, read = model(**votes, tolerance=1e-15), _read(**votes)
    chances = np.swapaxes(found.confusion, 1, 2)
    accuracy = np.diagonal(chances, axis1=1, axis2=2)[:, 0]
    learned = Accuracies(accuracy, 3) if model is one_coin else Confusions(chances)
    flat = np.log(accuracy / (1 - accuracy)) if model is one_coin else np.log(chances).ravel()
    counts = np.asarray(read.transposed @ found.posterior).reshape(4, 3, 3)
    matrices = read.matrix, read.transposed
    information = Information(*matrices, found.posterior, found.estimate, counts, learned)

    def likelihood(parameters):
        share = np.append(parameters[:2], 0.0)
        logs = _log_chances(model, parameters[2:]).reshape(-1, 3)
        return logsumexp(read.matrix @ logs + share - logsumexp(share), axis=1).sum()

    at = np.concatenate([np.log(found.estimate[:2] / found.estimate[2]), flat])
    assert likelihood(at) == pytest.approx(found.log_likelihood, abs=1e-8)
    rng, step = np.random.default_rng(3), 1e-3
    for _ in range(5):
        way = rng.normal(size=len(at))
        curve = (likelihood(at + step * way) - 2 * likelihood(at) + likelihood(at - step * way)) / step**2
        assert way @ information.times(way) == pytest.approx(-curve, rel=1e-4)


def test_a_threshold_clustered_by_rater_is_that_of_a_clustered_logistic_regression():
    rng = np.random.default_rng(2)
    rater, level = np.repeat(range(8), 30), np.tile(np.linspace(0, 6, 30), 8)
    said = (rng.random(240) < expit(1.5 * (level - 3 - 0.5 * rng.normal(size=8)[rater]))).astype(float)
    found = psychometric(said, level=level, rater=rater, guess=0.0)
    model = sm.GLM(said, sm.add_constant(level), family=sm.families.Binomial())
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": rater, "use_correction": False})
    a, b = fit.params
    slope = np.array([-1 / b, a / b**2])
    assert found.estimate == pytest.approx(-a / b, abs=1e-6)
    assert found.standard_error == pytest.approx(np.sqrt(slope @ fit.cov_params() @ slope * 8 / 7), rel=1e-4)
    assert found.design_effect > 1


@pytest.mark.parametrize("measure", [cohen_kappa, icc])
def test_a_missing_answer_of_long_votes_is_not_given(measure):
    rater, item = np.tile([1, 2], 6), np.repeat(range(6), 2)
    answer = np.array([1, 2, np.nan, 1, 2, 2, 1, 1, 2, 1, 1, 2])
    kept = ~np.isnan(answer)
    rest = measure(rater=rater[kept], item=item[kept], answer=answer[kept])
    assert measure(rater=rater, item=item, answer=answer).estimate == rest.estimate


def test_forms_and_weights_may_be_spelt_as_elsewhere():
    table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    for ours, theirs in [
        ("ICC2", "ICC(2,1)"),
        ("ICC2k", "ICC(2,k)"),
        ("ICC1", "icc1"),
        ("ICC3k", "ICC(3, k)"),
    ]:
        assert icc(table, form=theirs).estimate == icc(table, form=ours).estimate  # type: ignore[arg-type]
    confusion = [[11, 3, 1], [1, 8, 4], [0, 2, 10]]
    for ours, theirs in [("identity", None), ("linear", "equal"), ("quadratic", "squared")]:
        assert (
            cohen_kappa(confusion, weights=theirs).estimate == cohen_kappa(confusion, weights=ours).estimate
        )
        assert gwet_ac(table, weights=theirs).estimate == gwet_ac(table, weights=ours).estimate
    wins = pd.DataFrame([[0, 7, 9], [3, 0, 6], [1, 4, 0]], index=list("abc"), columns=list("abc"))
    assert list(bradley_terry(wins).labels) == ["a", "b", "c"]
