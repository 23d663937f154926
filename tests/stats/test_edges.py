"""Degenerate votes give a finite result or an error that says why: never a NaN on a page."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import humaneval.stats as stats
from humaneval.stats import StatsError

CROWDS = {
    "none": ([], [], []),
    "one vote": ([1], [1], [1]),
    "one rater": ([1, 1, 1, 1], [1, 2, 3, 4], [0, 1, 1, 0]),
    "one item": ([1, 2, 3, 4], [1, 1, 1, 1], [0, 1, 1, 0]),
    "all alike": ([1, 1, 2, 2], [1, 2, 1, 2], [1, 1, 1, 1]),
    "two raters who disagree": ([1, 1, 2, 2], [1, 2, 1, 2], [1, 0, 0, 1]),
    "two raters who agree": ([1, 1, 2, 2], [1, 2, 1, 2], [1, 0, 1, 0]),
    "missing cells": ([1, 1, 2, 3, 3], [1, 2, 2, 3, 1], [1, 0, 0, 1, 1]),
    "no item twice": ([1, 1, 2, 2], [1, 2, 3, 4], [1, 0, 1, 1]),
    "raters all of one mind": ([1, 1, 2, 2, 3, 3], [1, 2, 1, 2, 1, 2], [1, 1, 0, 0, 1, 1]),
    "text labels": (["a", "a", "b", "b"], ["x", "y", "x", "y"], [1, 0, 1, 1]),
}
ESTIMATORS = {
    "rate": lambda r, i, a: stats.rate(a, rater=r, item=i),
    "rate, rater only": lambda r, i, a: stats.rate(a, rater=r),
    "rate, bootstrap": lambda r, i, a: stats.rate(a, rater=r, method="cluster_bootstrap", replicates=50),
    "rate, mixed logit": lambda r, i, a: stats.rate(a, rater=r, item=i, method="mixed_logit"),
    "rate, Jeffreys": lambda r, i, a: stats.rate(a, method="jeffreys"),
    "hype": lambda r, i, a: stats.hype_score(answer=a, real=np.arange(len(a)) % 2, rater=r, item=i),
    "dprime": lambda r, i, a: stats.dprime(a, signal=np.arange(len(a)) % 2, rater=r, item=i),
    "dprime, 2AFC": lambda r, i, a: stats.dprime(a, rater=r, item=i, task="two_afc"),
    "ordinal dprime": lambda r, i, a: stats.ordinal_dprime(a, signal=np.arange(len(a)) % 2, rater=r),
    "mean": lambda r, i, a: stats.mean_opinion_score(a, rater=r, item=i),
    "mean on a scale": lambda r, i, a: stats.mean_opinion_score(a, rater=r, item=i, points=(0, 1)),
    "rate difference": lambda r, i, a: stats.rate_difference(
        a, condition=np.arange(len(a)) % 2, rater=r, item=i
    ),
    "mean difference": lambda r, i, a: stats.mean_difference(
        a, condition=np.arange(len(a)) % 2, rater=r, item=i
    ),
    "cumulative link": lambda r, i, a: stats.cumulative_link(a, condition=np.arange(len(a)) % 2, rater=r),
    "percent": lambda r, i, a: stats.percent_agreement(rater=r, item=i, answer=a, replicates=50),
    "Fleiss": lambda r, i, a: stats.fleiss_kappa(rater=r, item=i, answer=a, replicates=50),
    "alpha": lambda r, i, a: stats.krippendorff_alpha(
        rater=r, item=i, answer=a, level="ordinal", replicates=50
    ),
    "Gwet": lambda r, i, a: stats.gwet_ac(rater=r, item=i, answer=a, replicates=50),
    "Cohen": lambda r, i, a: stats.cohen_kappa(rater=r, item=i, answer=a, replicates=50),
    "ICC": lambda r, i, a: stats.icc(rater=r, item=i, answer=a, replicates=50),
    "ICC3k": lambda r, i, a: stats.icc(rater=r, item=i, answer=a, form="ICC3k", replicates=50),
    "Kendall's W": lambda r, i, a: stats.kendall_w(rater=r, item=i, answer=a),
    "Dawid-Skene": lambda r, i, a: stats.dawid_skene(rater=r, item=i, answer=a),
    "one coin": lambda r, i, a: stats.one_coin(rater=r, item=i, answer=a),
    "MACE": lambda r, i, a: stats.mace(rater=r, item=i, answer=a),
    "sequence": lambda r, i, a: stats.confidence_sequence(a, rater=r, item=i),
    "sequence by betting": lambda r, i, a: stats.confidence_sequence(a, rater=r, method="betting"),
    "weighted means": lambda r, i, a: stats.reliability_weighted_means(
        answer=a, condition=np.arange(len(a)) % 2, rater=r, item=i, replicates=50
    ),
}
PAIRS = {
    "none": ([], [], []),
    "one vote": (["a"], ["b"], [False]),
    "only ties": (["a", "b", "c"], ["b", "c", "a"], [True, True, True]),
    "no ties": (["a", "b", "c", "a"], ["b", "c", "a", "c"], [False] * 4),
    "always the same winner": (["a"] * 6, ["b", "c"] * 3, [False] * 6),
    "never met": (["a", "b", "c", "d"], ["b", "a", "d", "c"], [False] * 4),
    "one clear loser": (["a", "b", "a", "b"], ["b", "a", "c", "c"], [False] * 4),
}
RANKINGS = {
    "half": lambda w, b, t, r: stats.bradley_terry(winner=w, loser=b, tie=t, rater=r),
    "Davidson": lambda w, b, t, r: stats.bradley_terry(winner=w, loser=b, tie=t, rater=r, ties="davidson"),
    "Rao-Kupper": lambda w, b, t, r: stats.bradley_terry(
        winner=w, loser=b, tie=t, rater=r, ties="rao_kupper"
    ),
    "bootstrap": lambda w, b, t, r: stats.bradley_terry(winner=w, loser=b, tie=t, rater=r, replicates=20),
    "position": lambda w, b, t, r: stats.bradley_terry(
        winner=w, loser=b, tie=t, position=np.arange(len(w)) % 2, rater=r
    ),
    "Thurstone": lambda w, b, t, r: stats.thurstone(winner=w, loser=b, tie=t, rater=r),
    "Plackett-Luce": lambda w, b, t, r: stats.plackett_luce(list(zip(w, b, strict=True)), rater=r),
    "Crowd-BT": lambda w, b, t, r: stats.crowd_bradley_terry(
        winner=w, loser=b, tie=t, rater=r, replicates=10
    ),
}


def _found(call):
    """Return a result and its interval, or None where a sentence says why there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = call()
            return found, found.confidence_interval()
        except StatsError as error:
            return None if len(str(error)) > 20 else pytest.fail(f"says too little: {error}")


def _finite_or_said(call):
    answer = _found(call)
    if answer is None:
        return
    found, (low, high) = answer
    for numbers in (found.estimate, found.standard_error, low, high):
        assert np.isfinite(np.asarray(numbers, dtype=float)).all()
    assert (np.asarray(low) <= np.asarray(found.estimate) + 1e-9).all()
    assert (np.asarray(found.estimate) <= np.asarray(high) + 1e-9).all()


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_degenerate_votes_are_finite_or_said(estimator, crowd):
    _finite_or_said(lambda: ESTIMATORS[estimator](*CROWDS[crowd]))


@pytest.mark.parametrize("pairs", PAIRS)
@pytest.mark.parametrize("model", RANKINGS)
def test_degenerate_comparisons_are_finite_or_said(model, pairs):
    winner, loser, tie = PAIRS[pairs]
    raters = np.arange(len(winner)) % 2
    _finite_or_said(lambda: RANKINGS[model](winner, loser, tie, raters))
