"""Solvers that fall back to the CPU: a GPU's may fail or not exist for a matrix that LAPACK solves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

Result = TypeVar("Result")


def on_cpu_if_it_fails(solver: Callable[[torch.Tensor], Result], matrix: torch.Tensor) -> Result:
    """Return ``solver(matrix)``, tried once more on the CPU when the device's own solver raises."""
    try:
        return solver(matrix)
    except RuntimeError:  # LinAlgError and NotImplementedError are kinds of it
        if matrix.device.type == "cpu":
            raise
        return solver(matrix.cpu())


def symmetric_eigenvalues(matrix: torch.Tensor) -> torch.Tensor:
    """Return the eigenvalues of a symmetric matrix in ascending order. Only its lower triangle is read."""
    return on_cpu_if_it_fails(torch.linalg.eigvalsh, matrix).to(matrix.device)


def symmetric_eigen(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix."""
    values, vectors = on_cpu_if_it_fails(torch.linalg.eigh, matrix)
    return values.to(matrix.device), vectors.to(matrix.device)


def singular_values(matrix: torch.Tensor) -> torch.Tensor:
    """Return the singular values of a matrix in descending order."""
    return on_cpu_if_it_fails(torch.linalg.svdvals, matrix).to(matrix.device)


def asymmetry(matrix: torch.Tensor, block: int = 256) -> float:
    """Return the largest difference between an entry of a square matrix and its mirror image.

    In blocks, which stay in the cache where whole rows against whole columns would not.
    """
    starts = range(0, len(matrix), block)
    pairs = [(slice(i, i + block), slice(j, j + block)) for i in starts for j in starts if j <= i]
    return float(torch.stack([(matrix[i, j] - matrix[j, i].T).abs().max() for i, j in pairs]).max())


def congruence(lower: torch.Tensor, matrix: torch.Tensor, block: int = 256) -> torch.Tensor:
    """Return the lower triangle of L^T M L for a lower triangular L and a symmetric M.

    In blocks, without multiplying the zeros above L's diagonal: a third of two full products. What
    stands above the result's blocks on the diagonal is undefined.
    """
    result = torch.zeros_like(matrix)
    for start in range(0, len(matrix), block):
        columns = slice(start, start + block)
        product = matrix[start:, start:] @ lower[start:, columns]
        for below in range(start, len(matrix), block):
            rows = slice(below, below + block)
            result[rows, columns] = lower[below:, rows].T @ product[below - start :]
    return result


def factor(covariance: torch.Tensor) -> torch.Tensor:
    """Return L with L L^T = covariance: Cholesky's, or from eigenvectors when it is singular."""
    lower = cholesky_or_none(covariance)
    return lower if lower is not None else _factor_by_eigenvectors(covariance)


def cholesky_or_none(covariance: torch.Tensor) -> torch.Tensor | None:
    """Return Cholesky's lower triangular factor, None for a matrix that is singular to rounding."""
    lower, failed = torch.linalg.cholesky_ex(covariance)
    return lower if int(failed) == 0 and bool(torch.isfinite(lower).all()) else None


def _factor_by_eigenvectors(covariance: torch.Tensor) -> torch.Tensor:
    values, vectors = symmetric_eigen(covariance)
    return vectors * values.clamp(min=0).sqrt()
