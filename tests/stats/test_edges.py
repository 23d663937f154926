"""Degenerate votes give a finite result or an error that says why: never a NaN on a page."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pytest

import humaneval.stats as stats
from humaneval.stats import Result, StatsError

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
    "orders": lambda r, i, a: stats.order_agreement(
        np.reshape([[one, 1 - one, 0.5] for one in a], (-1, 3)), rater=r, item=i
    ),
    "Dawid-Skene": lambda r, i, a: stats.dawid_skene(rater=r, item=i, answer=a),
    "one coin": lambda r, i, a: stats.one_coin(rater=r, item=i, answer=a),
    "MACE": lambda r, i, a: stats.mace(rater=r, item=i, answer=a),
    "sequence": lambda r, i, a: stats.confidence_sequence(a, rater=r, item=i),
    "sequence by betting": lambda r, i, a: stats.confidence_sequence(a, rater=r, method="betting"),
    "weighted means": lambda r, i, a: stats.reliability_weighted_means(
        answer=a, condition=np.arange(len(a)) % 2, rater=r, item=i, replicates=50
    ),
}
OTHERS = {
    "by item": lambda r, i, a: stats.item_correlations(
        a, rater=r, item=i, scores=np.arange(len(np.unique(i)), dtype=float)[None, :] % 3
    ),
    "in line-ups": lambda r, i, a: stats.lineup_correlations(
        a, rater=r, item=i, lineup=np.unique(i, return_inverse=True)[1] // 2,
        scores=np.arange(len(np.unique(i)), dtype=float)[None, :] % 3,
        stratum=np.arange(len(np.unique(i))) % 2,
    ),
    "distribution": lambda r, i, a: stats.answer_distribution(a),
    "by condition": lambda r, i, a: stats.by_condition(
        stats.rate, condition=np.arange(len(a)) % 2, answer=a, rater=r, item=i
    ),
    "overview": lambda r, i, a: stats.agreement_overview(rater=r, item=i, answer=a, replicates=50),
    "rater quality": lambda r, i, a: stats.rater_quality(
        rater=r, item=i, answer=a, gold=a, first=a, response_ms=[900.0] * len(a), repeat=[False] * len(a)
    ),
    "gold": lambda r, i, a: stats.gold_accuracy(rater=r, answer=a, gold=[1] * len(a)),
    "repeats": lambda r, i, a: stats.repeat_consistency(
        rater=r, item=i, answer=a, repeat=np.arange(len(a)) > len(a) / 2
    ),
    "psychometric": lambda r, i, a: stats.psychometric(a, level=np.arange(len(a)) % 3, rater=r, replicates=9),
    "staircase": lambda r, i, a: stats.staircase_threshold(a, rater=r, skip=0),
    "correlation": lambda r, i, a: stats.correlation(a, np.arange(len(a)) % 3),
    "Spearman": lambda r, i, a: stats.correlation(a, np.arange(len(a)) % 3, kind="spearman"),
    "Kendall": lambda r, i, a: stats.correlation(a, np.arange(len(a)), kind="kendall"),
    "permutation": lambda r, i, a: stats.permutation_test(a, np.arange(len(a)) % 3),
    "compare": lambda r, i, a: stats.compare_correlations(a, np.arange(len(a)) % 3, np.arange(len(a)) % 2),
    "Steiger": lambda r, i, a: stats.compare_correlations(a, a, np.arange(len(a)) % 2, test="steiger"),
    "PERM-BOTH": lambda r, i, a: stats.permutation_both(
        np.reshape(a, (-1, 1)), np.arange(len(a))[:, None], np.arange(len(a))[:, None] % 2, permutations=20
    ),
    "people and metric": lambda r, i, a: stats.human_metric_correlation(
        answer=a, condition=i, rater=r, metric={name: k for k, name in enumerate(i)}, replicates=50
    ),
    "pairwise accuracy": lambda r, i, a: stats.pairwise_accuracy(a, np.arange(len(a)), replicates=20),
    "soft accuracy": lambda r, i, a: stats.soft_pairwise_accuracy(
        np.reshape(a, (-1, 1)), np.reshape(a, (-1, 1)), permutations=20
    ),
    "ceiling": lambda r, i, a: stats.noise_ceiling(a, [0.1] * len(a)),
    "adjusted": lambda r, i, a: stats.adjust_pvalues(a),
    "means together": lambda r, i, a: stats.condition_means(
        a, condition=np.arange(len(a)) % 2, rater=r, item=i
    ),
    "contrast": lambda r, i, a: stats.within_contrast(a, second=np.arange(len(a)) % 2 == 0, rater=r),
    "slope": lambda r, i, a: stats.within_slope(a, on=np.arange(len(a)), rater=r),
    "influence": lambda r, i, a: stats.mean_influence_on_winner(
        a, condition=np.arange(len(a)) % 2, rater=r
    ),
    "batches": lambda r, i, a: stats.batch_influence_on_winner(
        a, pair=i, batch=np.arange(len(a)) // 4, condition=np.arange(len(a)) % 2, rater=r
    ),
    "uncertain": lambda r, i, a: stats.uncertain_correlation(
        a, np.arange(len(a)) % 3, human_draws=np.tile(np.asarray(a, dtype=float), (20, 1))
    ),
    "stop for width": lambda r, i, a: stats.stop_for_width(stats.confidence_sequence(a, rater=r), width=0.1),
    "stop for winner": lambda r, i, a: stats.stop_for_winner(stats.confidence_sequence(a, rater=r)),
}  # fmt: skip
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

AFTER_RANKING = {
    "ranking": lambda found: stats.ranking(found),
    "expected ranks": lambda found: stats.expected_ranks(found),
    "win rate": lambda found: stats.win_rate(found),
    "difference": lambda found: found.difference(found.labels[0], found.labels[-1]),
    "sequence": lambda found: stats.sequential_difference(found, found.labels[0], found.labels[-1]),
    "stop": lambda found: stats.stop_for_best(found),
}
NOT_OF_VOTES = {
    "InputError", "NotEstimableError", "DisconnectedError", "StatsError", "Interval", "Result", "Tested",
    "StopDecision", "anytime_multiplier", "power", "sample_size", "design_effect", "allocation",
}  # fmt: skip
"""Types, errors, and plans that are made before there is a vote."""


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


def _numbers_in(found):
    """Yield every number of a result, through dataclasses, dicts and tuples; intervals of results too."""
    if dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            if field.name not in ("rule", "degrees_of_freedom", "mean_ranks"):
                yield from _numbers_in(getattr(found, field.name))
        if isinstance(found, Result):
            yield from _numbers_in(tuple(found.confidence_interval()))
    elif isinstance(found, dict):
        yield from _numbers_in(tuple(found.values()))
    elif isinstance(found, (tuple, list)):
        for part in found:
            yield from _numbers_in(part)
    elif isinstance(found, (int, float, np.number)) or getattr(
        getattr(found, "dtype", None), "kind", "no"
    ) in ("f", "i"):
        yield from np.ravel(found).astype(float)


def _says_enough(error):
    assert len(str(error)) > 20


def _all_finite_or_said(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = call()
        except StatsError as error:
            _says_enough(error)
            return
        numbers = np.array(list(_numbers_in(found)), dtype=float)
        endless = "the interval has no ends" in " ".join(getattr(found, "notes", ()))
        assert np.isfinite(numbers[~np.isinf(numbers)] if endless else numbers).all()


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("name", OTHERS)
def test_everything_else_is_finite_or_said(name, crowd):
    _all_finite_or_said(lambda: OTHERS[name](*CROWDS[crowd]))


@pytest.mark.parametrize("pairs", PAIRS)
@pytest.mark.parametrize("name", AFTER_RANKING)
@pytest.mark.parametrize("model", ["half", "bootstrap"])
def test_what_follows_a_ranking_is_finite_or_said(model, name, pairs):
    winner, loser, tie = PAIRS[pairs]
    raters = np.arange(len(winner)) % 2
    _all_finite_or_said(lambda: AFTER_RANKING[name](RANKINGS[model](winner, loser, tie, raters)))


@pytest.mark.parametrize("pairs", PAIRS)
def test_influence_and_next_pairs_are_finite_or_said(pairs):
    winner, loser, tie = PAIRS[pairs]
    raters = np.arange(len(winner)) % 2
    _all_finite_or_said(lambda: stats.winner_influence(winner=winner, loser=loser, tie=tie, rater=raters))
    ballots = list(zip(winner, loser, strict=True))
    _all_finite_or_said(lambda: stats.ranking_influence(ballots, rater=raters))
    _all_finite_or_said(
        lambda: stats.next_pairs(conditions=sorted({*winner, *loser}), winner=winner, loser=loser, tie=tie)
    )


def test_every_public_estimator_is_among_these():
    """A name that is exported but never tried on degenerate votes fails here."""
    text = Path(__file__).read_text(encoding="utf-8")
    missing = [name for name in stats.__all__ if name not in NOT_OF_VOTES and f"stats.{name}" not in text]
    assert missing == []


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
