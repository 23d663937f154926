"""Standard errors against the plain jackknife, and against how much scores scatter over fresh sets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from metrics import class_entropy, unique_fraction, vendi_score
from metrics.uncertainty import error_of_distinct_share, error_of_kinds, error_of_median


def jackknife(score, n: int) -> float:
    """Return Efron's standard error from ``score(rows)`` with each row left out in turn."""
    without = [score(np.delete(np.arange(n), row)) for row in range(n)]
    return math.sqrt((n - 1) / n * float(((without - np.mean(without)) ** 2).sum()))


def test_the_error_of_the_unique_share_is_the_jackknifes():
    kinds = np.random.default_rng(0).integers(0, 30, 40)
    found = unique_fraction(kinds)
    once = len(kinds) - sum(len(group) for group in found.groups)
    expected = jackknife(lambda rows: unique_fraction(kinds[rows]).value, len(kinds))
    assert error_of_distinct_share(once, found.n) == pytest.approx(expected, rel=1e-12)


def test_the_error_of_the_number_of_kinds_is_the_jackknifes():
    kinds = np.random.default_rng(1).integers(0, 30, 40)
    expected = jackknife(lambda rows: len(np.unique(kinds[rows])), len(kinds))
    assert error_of_kinds(np.bincount(kinds), len(kinds)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("q", [0.5, 1.0, 2.0, math.inf])
@pytest.mark.parametrize("dimension", [4, 400])
def test_the_error_of_the_vendi_score_is_the_jackknifes(q, dimension):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((300, dimension)) * np.linspace(2, 0.5, dimension) + 0.3
    expected = jackknife(lambda rows: vendi_score(x[rows], q).value, len(x)) if dimension < 10 else None
    found = vendi_score(x, q)
    if expected is not None:
        assert found.standard_error == pytest.approx(expected, rel=0.05)
    else:
        padded = np.concatenate([x, x])  # more samples than dimensions: the other way to the same spectrum
        twice = vendi_score(padded, q)
        assert twice.value == pytest.approx(found.value, rel=1e-9)
        assert twice.standard_error == pytest.approx(found.standard_error / math.sqrt(2), rel=0.01)


def test_a_vendi_score_of_order_zero_has_no_error():
    assert vendi_score(np.eye(5), 0).standard_error is None


def test_the_error_of_the_class_entropy_is_the_jackknifes():
    logits = np.random.default_rng(3).standard_normal((300, 7)) * 3
    logits[:, 0] += 2
    expected = jackknife(lambda rows: class_entropy(logits[rows]).marginal, len(logits))
    assert class_entropy(logits).standard_error == pytest.approx(expected, rel=0.02)


def test_the_error_of_a_median_is_how_far_medians_scatter():
    draws = np.random.default_rng(4).standard_exponential((2000, 201))
    scatter = np.median(draws, axis=1).std()
    mean = np.mean([error_of_median(draw) for draw in draws[:500]])
    assert mean == pytest.approx(scatter, rel=0.1)


def test_few_values_or_infinite_ones_give_no_error_of_a_median():
    assert error_of_median([1, 2, 3]) is None
    assert error_of_median(np.full(50, math.inf)) is None
