"""K-means on torch tensors: k-means++ seeds and Lloyd's steps, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from metrics.arrays import Array, as_matrix
from metrics.devices import precision_tier
from metrics.errors import InvalidInput

CHUNK = 8192


@dataclass(frozen=True)
class Clusters:
    """Centres (k, d), each sample's cluster, and the sum of squared distances to the centres."""

    centres: torch.Tensor
    labels: torch.Tensor
    inertia: float
    iterations: int


def assign(x: torch.Tensor, centres: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return for each row of x its nearest centre and the squared distance to it."""
    square = centres.square().sum(dim=1)
    labels, distances = [], []
    for chunk in x.split(CHUNK):
        with precision_tier("reference"):
            partial = torch.addmm(square, chunk, centres.T, alpha=-2)
        least, nearest = partial.min(dim=1)
        labels.append(nearest)
        distances.append((least + chunk.square().sum(dim=1)).clamp_(min=0))
    return torch.cat(labels), torch.cat(distances)


@precision_tier("reference")
def k_means(
    features: Array, k: int, *, seed: int = 0, iterations: int = 100, tolerance: float = 1e-4
) -> Clusters:
    """Return k clusters after at most ``iterations`` of Lloyd's steps from k-means++ seeds.

    Stops when no label changes or the centres move by less than ``tolerance`` of the data's variance. A
    cluster that loses all its samples restarts at the sample farthest from its centre.
    """
    x = as_matrix(features, dtype=None)
    if not 1 <= k <= len(x):
        raise InvalidInput(f"{len(x)} samples cannot form {k} clusters")
    shift = x.mean(dim=0)
    x = x - shift
    limit = tolerance * float(x.var(dim=0, correction=0).mean())
    centres = _seeds(x, k, np.random.default_rng(seed))
    labels, distances = assign(x, centres)
    done = 0
    while done < iterations:
        done += 1
        moved = _means(x, labels, distances, k)
        shift_square = float((moved - centres).square().sum(dim=1).mean())
        centres = moved
        fresh, distances = assign(x, centres)
        if bool((fresh == labels).all()) or shift_square <= limit * 1e-2:
            labels = fresh
            break
        labels = fresh
    return Clusters(centres + shift, labels, float(distances.sum(dtype=torch.float64)), done)


def _seeds(x: torch.Tensor, k: int, rng: np.random.Generator) -> torch.Tensor:
    """Return k rows drawn by greedy k-means++ (Arthur and Vassilvitskii 2007)."""
    trials = 2 + int(np.log(k))
    square = x.square().sum(dim=1)
    centres = x.new_empty(k, x.shape[1])
    centres[0] = x[int(rng.integers(len(x)))]
    nearest = (square + centres[0].square().sum() - 2 * (x @ centres[0])).clamp_(min=0)
    for index in range(1, k):
        candidates = x[_draw(nearest, trials, rng)]
        distance = torch.addmm(candidates.square().sum(dim=1), x, candidates.T, alpha=-2) + square[:, None]
        closer = torch.minimum(distance.clamp_(min=0), nearest[:, None])
        best = int(closer.sum(dim=0).argmin())
        centres[index], nearest = candidates[best], closer[:, best].contiguous()
    return centres


def _draw(weights: torch.Tensor, count: int, rng: np.random.Generator) -> torch.Tensor:
    cumulative = weights.double().cpu().cumsum(dim=0)  # a GPU's is not the same sum twice
    if float(cumulative[-1]) == 0:
        return torch.from_numpy(rng.integers(len(weights), size=count)).to(weights.device)
    points = torch.from_numpy(rng.random(count)) * cumulative[-1]
    return torch.searchsorted(cumulative, points).clamp_(max=len(weights) - 1).to(weights.device)


def _sums(x: torch.Tensor, labels: torch.Tensor, k: int) -> torch.Tensor:
    """Return the sum of each cluster's rows (k, d), the same bits each time.

    A GPU adds rows by index in whatever order: there products with the clusters' indicators add them.
    """
    sums = x.new_zeros(k, x.shape[1])
    if x.device.type == "cpu":
        return sums.index_add_(0, labels, x)
    numbers = torch.arange(k, device=x.device)[:, None]
    for part, own in zip(x.split(CHUNK), labels.split(CHUNK), strict=True):
        sums.addmm_((own == numbers).to(x.dtype), part)
    return sums


def _means(x: torch.Tensor, labels: torch.Tensor, distances: torch.Tensor, k: int) -> torch.Tensor:
    counts = torch.bincount(labels, minlength=k)
    sums = _sums(x, labels, k)
    empty = (counts == 0).nonzero().flatten()
    centres = sums / counts.clamp(min=1)[:, None]
    if len(empty):
        centres[empty] = x[distances.topk(len(empty)).indices]
    return centres
