"""Sliced Wasserstein distance of features: optimal transport along random directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from metrics.arrays import Array, as_matrix, same_width
from metrics.errors import InvalidInput


@dataclass(frozen=True)
class SlicedWasserstein:
    """The mean squared 2-Wasserstein distance over directions and its standard error over them."""

    value: float
    standard_error: float
    projections: int


def sliced_wasserstein(
    real: Array, generated: Array, *, projections: int = 1000, seed: int = 0
) -> SlicedWasserstein:
    """Return the sliced squared 2-Wasserstein distance (Rabin et al. 2011; as in MIND).

    Sets of different sizes are compared at the larger one's quantiles.
    """
    x, y = as_matrix(real, "real features"), as_matrix(generated, "generated features")
    same_width(x, y)
    if projections < 2:
        raise InvalidInput("at least two directions are needed")
    rng = np.random.default_rng(seed)
    each = []
    for start in range(0, projections, 64):
        drawn = rng.standard_normal((x.shape[1], min(64, projections - start)))
        directions = torch.from_numpy(drawn / np.linalg.norm(drawn, axis=0)).to(x.device)
        a, b = (x @ directions).sort(dim=0).values, (y.to(x.device) @ directions).sort(dim=0).values
        each.append((_at(a, max(len(a), len(b))) - _at(b, max(len(a), len(b)))).square().mean(dim=0))
    values = torch.cat(each)
    return SlicedWasserstein(float(values.mean()), float(values.std() / len(values) ** 0.5), projections)


def _at(values: torch.Tensor, count: int) -> torch.Tensor:
    """Return the empirical quantiles at the middles of ``count`` equal steps."""
    if len(values) == count:
        return values
    positions = ((torch.arange(count, device=values.device, dtype=torch.float64) + 0.5) / count) * len(values)
    return values[positions.long().clamp_(max=len(values) - 1)]
