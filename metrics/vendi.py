"""Vendi score: the effective number of different samples (Friedman and Dieng 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from metrics.arrays import Array, as_matrix
from metrics.errors import InvalidInput
from metrics.linalg import symmetric_eigen, symmetric_eigenvalues


@dataclass(frozen=True)
class VendiScore:
    """exp of the Rényi entropy of order q of the similarity matrix's spectrum, between 1 and n.

    ``standard_error`` is the infinitesimal jackknife's over samples (None: for one sample, for order 0,
    which is a rank and has no derivative, and for similarities alone).
    """

    value: float
    q: float
    n: int
    standard_error: float | None = None


def vendi_score(features: Array, q: float = 1.0) -> VendiScore:
    """Return the Vendi score of order ``q`` (0 to infinity) under cosine similarity of features (n, d).

    The eigenvalues of the n x n similarity matrix divided by n equal those of the d x d one: the smaller is
    used. Raises InvalidInput for a zero vector, which has no direction.
    """
    x = as_matrix(features)
    norms = x.norm(dim=1, keepdim=True)
    if bool((norms == 0).any()):
        raise InvalidInput("a feature vector of zeros has no direction: the cosine similarity is undefined")
    x = x / norms
    wide = len(x) <= x.shape[1]
    values, vectors = symmetric_eigen((x @ x.T if wide else x.T @ x) / len(x))
    value = _from_spectrum(values, q)
    squares = vectors.square() * values * len(x) if wide else (x @ vectors).square()
    return VendiScore(value, q, len(x), _standard_error(values, squares, value, q))


def _standard_error(values: torch.Tensor, squares: torch.Tensor, score: float, q: float) -> float | None:
    """Return the error from the entropy's derivative by each sample's weight.

    With S = sum w_i x_i x_i^T, the spectrum's matrix, dH_q/dw_i = q/(1-q) x_i^T S^(q-1) x_i / tr S^q,
    -x_i^T log(S) x_i at q = 1, and -(v x_i)^2 / max at infinity; ``squares`` are (v_k x_i)^2.
    """
    if q == 0 or len(squares) < 2:
        return None
    keep = values > len(values) * 2.2e-16
    kept, parts = values[keep], squares[:, keep]
    if math.isinf(q):
        influence = -parts[:, -1] / kept[-1]
    elif q == 1:
        influence = -parts @ kept.log()
    else:
        influence = q / (1 - q) * (parts @ kept.pow(q - 1)) / kept.pow(q).sum()
    return score * float(influence.std()) / len(squares) ** 0.5


def vendi_score_of_similarities(similarities: Array, q: float = 1.0) -> VendiScore:
    """Return the Vendi score of a positive semi-definite similarity matrix with a unit diagonal."""
    matrix = as_matrix(similarities, "similarities")
    if matrix.shape[0] != matrix.shape[1]:
        raise InvalidInput("a similarity matrix must be square")
    if not torch.allclose(matrix.diagonal(), matrix.new_ones(len(matrix)), atol=1e-6):
        raise InvalidInput("each sample's similarity to itself must be 1")
    return VendiScore(_from_spectrum(symmetric_eigenvalues(matrix / len(matrix)), q), q, len(matrix))


def _from_spectrum(values: torch.Tensor, q: float) -> float:
    if q < 0 or math.isnan(q):
        raise InvalidInput(f"the order q must be 0 or more, not {q}")
    kept = values[values > len(values) * 2.2e-16]
    kept = kept / kept.sum()
    if math.isinf(q):
        return float(1 / kept.max())
    if q == 1:
        return float(torch.special.entr(kept).sum().exp())
    return float(kept.pow(q).sum().pow(1 / (1 - q)))
