"""Solvers that fail on a device are tried on the CPU; extremes that a score must survive."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metrics import linalg
from metrics.arrays import as_matrix
from metrics.errors import InvalidInput, NonFiniteFeatures


class FromAnotherDevice:
    """Looks like a tensor on a device whose solver fails."""

    def __init__(self, matrix: torch.Tensor) -> None:
        self.matrix, self.device = matrix, torch.device("meta")

    def cpu(self) -> torch.Tensor:
        return self.matrix


def test_a_solver_that_fails_on_a_device_is_tried_on_the_cpu():
    matrix = torch.diag(torch.tensor([1.0, 2.0]))

    def solver(given):
        if isinstance(given, FromAnotherDevice):
            raise RuntimeError("cusolver error: 7")
        return torch.linalg.eigvalsh(given)

    assert linalg.on_cpu_if_it_fails(solver, FromAnotherDevice(matrix)).tolist() == [1, 2]


def test_a_solver_that_fails_on_the_cpu_fails():
    def broken(_given):
        raise torch.linalg.LinAlgError("no convergence")

    with pytest.raises(torch.linalg.LinAlgError):
        linalg.on_cpu_if_it_fails(broken, torch.eye(2))


@pytest.mark.parametrize("rank", [6, 3, 1])
def test_a_factor_times_its_transpose_is_the_matrix(rank):
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((6, rank)))
    lower = linalg.factor(x @ x.T)
    torch.testing.assert_close(lower @ lower.T, x @ x.T, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_the_congruence_has_the_lower_triangle_of_the_full_product(block):
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal((7, 7)))
    lower, matrix = x.tril(), x @ x.T
    expected = (lower.T @ matrix @ lower).tril()
    torch.testing.assert_close(linalg.congruence(lower, matrix, block).tril(), expected)


def test_read_only_and_integer_arrays_are_taken():
    array = np.arange(6).reshape(3, 2)
    array.flags.writeable = False
    assert as_matrix(array).dtype == torch.float64
    assert as_matrix(np.ones((2, 2), np.float32), dtype=None).dtype == torch.float32
    assert as_matrix(np.ones((2, 2), np.float16), dtype=None).dtype == torch.float64


@pytest.mark.parametrize("bad", [np.zeros((0, 3)), np.zeros((2, 2, 2)), np.array([["a"]])])
def test_other_arrays_are_refused(bad):
    with pytest.raises(InvalidInput):
        as_matrix(bad)


def test_huge_but_finite_values_are_not_taken_for_infinite():
    assert as_matrix(np.full((4, 2), 1e308)).shape == (4, 2)


def test_the_first_bad_samples_are_named_and_the_others_counted():
    x = np.ones((20, 2))
    x[3:15, 1] = np.nan
    with pytest.raises(NonFiniteFeatures, match=r"sample 3, 4, 5, 6, 7 and 7 more"):
        as_matrix(x)
