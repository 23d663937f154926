"""What all results share, and the README's list of names."""

from __future__ import annotations

import dataclasses
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import humaneval.stats as public
from humaneval.stats import bradley_terry, icc, krippendorff_alpha, mean_opinion_score, rate
from humaneval.stats.ordinal import cumulative_link
from humaneval.stats.psychometric import psychometric, reversals, staircase_threshold

REQUIRED_NAMES = """
rate rate_difference hype_score dprime mean_opinion_score cumulative_link bradley_terry thurstone
plackett_luce percent_agreement cohen_kappa fleiss_kappa krippendorff_alpha gwet_ac icc kendall_w
dawid_skene one_coin mace confidence_sequence power sample_size next_pairs correlation
compare_correlations pairwise_accuracy soft_pairwise_accuracy
"""
REQUIRED = REQUIRED_NAMES.split()


def test_every_public_name_is_in_the_readme_with_its_question():
    readme = (Path(public.__file__).parent / "README.md").read_text()
    listed = set(re.findall(r"`(\w+)`", readme))
    functions = {name for name in public.__all__ if name[0].islower()}
    assert functions <= listed
    assert set(REQUIRED) <= functions


def test_every_public_function_says_what_it_does():
    for name in public.__all__:
        assert getattr(public, name).__doc__, name


RESULTS = {
    "rate": lambda: rate([1, 0, 1, 1], rater=[1, 1, 2, 2]),
    "mean": lambda: mean_opinion_score([1, 3, 2, 4], rater=[1, 1, 2, 2]),
    "ranking": lambda: bradley_terry(winner=list("abc"), loser=list("bca"), rater=[1, 2, 3]),
    "alpha": lambda: krippendorff_alpha([[1, 2, 1, 2], [1, 2, 2, 2]]),
    "icc": lambda: icc([[1, 2], [4, 3], [5, 6]]),
    "ordinal": lambda: cumulative_link([1, 2, 3, 2, 1, 3], rater=[1, 1, 2, 2, 3, 3], x=[0, 1, 1, 0, 1, 0]),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_frozen_named_and_finite(name):
    found = RESULTS[name]()
    low, high = found.confidence_interval(0.9)
    wide_low, wide_high = found.confidence_interval(0.99)
    assert np.isfinite([np.ravel(low), np.ravel(high), np.ravel(found.estimate)]).all()
    assert (np.asarray(wide_low) <= np.asarray(low) + 1e-12).all()
    assert (np.asarray(high) <= np.asarray(wide_high) + 1e-12).all()
    assert found.method
    assert found.convention
    assert found.n > 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.n = 0
    again = pickle.loads(pickle.dumps(found))  # noqa: S301
    assert np.array_equal(again.confidence_interval().low, found.confidence_interval().low)


def test_a_psychometric_curve_is_rs_maximum():
    found = psychometric([11, 13, 15, 18, 20, 19], level=[1, 2, 3, 4, 5, 6], total=[20] * 6)
    assert found.estimate == pytest.approx(2.81839954555, abs=1e-5)
    assert found.slope == pytest.approx(1.06434408935, abs=1e-5)
    assert found.standard_error == pytest.approx(0.442564452928, abs=1e-4)
    assert found.log_likelihood == pytest.approx(-49.8515773056, abs=1e-8)
    assert found.probability(found.level_for(0.8)) == pytest.approx(0.8)


def test_a_threshold_bootstrapped_over_raters_holds_the_truth():
    rng = np.random.default_rng(0)
    rater = np.repeat(np.arange(12), 60)
    level = rng.uniform(0, 6, 720)
    own = 3 + 0.4 * rng.normal(size=12)[rater]
    correct = rng.random(720) < 0.5 + 0.5 / (1 + np.exp(-2 * (level - own)))
    found = psychometric(correct, level=level, rater=rater, replicates=60)
    low, high = found.confidence_interval()
    assert low < 3 < high
    with pytest.raises(public.NotEstimableError, match="does not rise"):
        psychometric(rng.random(200) < 0.5, level=rng.uniform(0, 6, 200))


def test_staircases_turn_where_they_turn():
    assert reversals(np.array([5.0, 4, 3, 4, 4, 5, 4, 3])).tolist() == [3, 5]
    level = [5, 4, 3, 4, 3, 4, 3, 4] * 2
    found = staircase_threshold(level, rater=[1] * 8 + [2] * 8)
    assert found.estimate == pytest.approx(np.mean([3, 4, 3]))
    with pytest.raises(public.NotEstimableError, match="reversals"):
        staircase_threshold([1, 2, 3], rater=[1, 1, 2])


def test_long_columns_of_text_are_coded_as_short_ones_are():
    from humaneval.stats.columns import MANY_TEXTS, encode

    names = np.array(["Biometrika", "JASA", "JRSS-B", "", "Zürich", "JAS", "ASAJ"])
    column = np.random.default_rng(0).choice(names, MANY_TEXTS + 1000)
    found = encode(column)
    labels, codes = np.unique(column, return_inverse=True)
    assert (found.labels == labels).all()
    assert (found.codes == codes).all()
