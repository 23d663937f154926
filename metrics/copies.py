"""Copying and collapse: exact repeats, near-duplicates, duplicates in batches, copies of training data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from metrics.arrays import Array, as_matrix, same_width
from metrics.errors import InvalidInput
from metrics.neighbours import Neighbours, nearest_between, nearest_within


@dataclass(frozen=True)
class UniqueFraction:
    """The share of different samples, 1/n to 1; ``groups`` are the indices of samples that are equal."""

    value: float
    unique: int
    n: int
    groups: tuple[tuple[int, ...], ...]


def unique_fraction(samples: Sequence[str] | Sequence[bytes] | Array) -> UniqueFraction:
    """Return the share of exactly different samples, by digests of their pixels or rows of an array."""
    if isinstance(samples, (np.ndarray, torch.Tensor)):
        array = samples.cpu().numpy() if isinstance(samples, torch.Tensor) else samples
        keys: list[object] = [np.ascontiguousarray(row).tobytes() for row in array]
    else:
        keys = list(samples)
    if not keys:
        raise InvalidInput("a set without samples has no share of unique ones")
    found: dict[object, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        found[key].append(index)
    groups = sorted((tuple(rows) for rows in found.values() if len(rows) > 1), key=lambda rows: -len(rows))
    return UniqueFraction(len(found) / len(keys), len(found), len(keys), tuple(groups))


@dataclass(frozen=True)
class NearDuplicates:
    """The share of generated samples that have another one nearer than the real set's own threshold.

    ``pairs`` are (sample, its nearest other, distance), the closest first, each pair once; ``expected`` is
    the share that the real set has by the threshold's making; ``distances`` is each sample's nearest.
    """

    fraction: float
    threshold: float
    expected: float
    pairs: tuple[tuple[int, int, float], ...]
    distances: np.ndarray
    warnings: tuple[str, ...] = field(default=())


def near_duplicates(
    real: Array,
    generated: Array,
    *,
    quantile: float = 0.01,
    threshold: float | None = None,
    seed: int = 0,
    most_pairs: int = 100,
) -> NearDuplicates:
    """Return how many generated samples nearly repeat each other, by feature distance.

    The threshold is the ``quantile`` of real samples' distances to their nearest real neighbour, on as
    many real samples (a seeded draw) as there are generated ones, since distances shrink with density.
    """
    x, y = (
        as_matrix(real, "real features", dtype=None),
        as_matrix(generated, "generated features", dtype=None),
    )
    same_width(x, y)
    warnings: tuple[str, ...] = ()
    if threshold is None:
        threshold = duplicate_threshold(x, len(y), quantile=quantile, seed=seed)
        if len(x) < len(y):
            warnings = (f"the threshold rests on {len(x)} real samples for {len(y)} generated ones",)
    nearest = nearest_within(y, 1)
    distances = nearest.squared[:, 0].sqrt()
    close = distances <= threshold
    pairs = _pairs(nearest, distances, close, most_pairs)
    return NearDuplicates(
        float(close.double().mean()), threshold, quantile, pairs, distances.cpu().numpy(), warnings
    )


def duplicate_threshold(real: Array, count: int, *, quantile: float = 0.01, seed: int = 0) -> float:
    """Return the ``quantile`` of nearest-neighbour distances among (at most) ``count`` real samples."""
    x = as_matrix(real, "real features", dtype=None)
    if not 0 < quantile < 1:
        raise InvalidInput(f"a quantile lies between 0 and 1, not {quantile}")
    if count < len(x):
        rows = np.sort(np.random.default_rng(seed).choice(len(x), max(count, 2), replace=False))
        x = x[torch.from_numpy(rows).to(x.device)]
    return float(np.quantile(nearest_within(x, 1).squared[:, 0].sqrt().cpu().numpy(), quantile))


def _pairs(
    nearest: Neighbours, distances: torch.Tensor, close: torch.Tensor, most: int
) -> tuple[tuple[int, int, float], ...]:
    rows = close.nonzero().flatten()
    order = rows[distances[rows].argsort(stable=True)]
    seen: dict[tuple[int, int], float] = {}
    for row in order.tolist():
        other = int(nearest.indices[row, 0])
        seen.setdefault((min(row, other), max(row, other)), float(distances[row]))
        if len(seen) == most:
            break
    return tuple((a, b, distance) for (a, b), distance in seen.items())


@dataclass(frozen=True)
class BirthdayTest:
    """The share of random batches that hold a near-duplicate pair (Arora and Zhang 2017).

    ``support`` is the number of equally likely samples that would collide as often (infinity: no collision).
    """

    share: float
    standard_error: float
    batch: int
    batches: int
    support: float


def birthday_test(generated: Array, threshold: float, *, batch: int = 100, seed: int = 0) -> BirthdayTest:
    """Return how many disjoint random batches of generated samples hold two within ``threshold``."""
    y = as_matrix(generated, "generated features", dtype=None)
    size = min(batch, len(y))
    if size < 2:
        raise InvalidInput("a birthday test needs at least two samples")
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(y))).to(y.device)
    count = len(y) // size
    hits = 0
    for index in range(count):
        part = y[order[index * size : (index + 1) * size]]
        hits += bool((nearest_within(part, 1).squared[:, 0].sqrt() <= threshold).any())
    share = hits / count
    smooth = (hits + 1) / (count + 2)
    pairs = size * (size - 1) / 2
    support = float("inf") if hits == 0 else -pairs / np.log1p(-min(share, 1 - 1 / (count + 2)))
    return BirthdayTest(share, float(np.sqrt(smooth * (1 - smooth) / count)), size, count, float(support))


@dataclass(frozen=True)
class Memorisation:
    """The share of generated samples nearer to a training sample than real ones are to each other."""

    fraction: float
    threshold: float
    distances: np.ndarray
    nearest: np.ndarray


def memorisation(
    training: Array, generated: Array, *, quantile: float = 0.01, threshold: float | None = None
) -> Memorisation:
    """Return how near each generated sample comes to the training set, and which sample it comes near.

    The threshold is the ``quantile`` of the training samples' distances to their nearest neighbour.
    """
    found = nearest_between(generated, training)
    limit = threshold
    if limit is None:
        limit = duplicate_threshold(training, len(training), quantile=quantile)
    distances = found.squared[:, 0].sqrt().cpu().numpy()
    return Memorisation(
        float((distances <= limit).mean()), limit, distances, found.indices[:, 0].cpu().numpy()
    )


def batch_duplicates(digests: Sequence[str], batch: int = 100) -> float:
    """Return the share of consecutive batches in which a sample occurs twice, exactly."""
    groups = [digests[start : start + batch] for start in range(0, len(digests), batch)]
    if not groups:
        raise InvalidInput("a set without samples has no batches")
    return sum(len(set(group)) < len(group) for group in groups) / len(groups)
