"""Fidelity and diversity by neighbourhoods: precision, recall, density, coverage, and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from metrics.arrays import Array
from metrics.neighbours import Neighbours, PointSets, inside, nearest_between, nearest_within


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares of each set that lie inside the other's k-nearest-neighbour balls, 0 to 1.

    ``generated_inside`` and ``real_inside`` say it for each sample.
    """

    precision: float
    recall: float
    k: int
    strict: bool
    generated_inside: np.ndarray
    real_inside: np.ndarray


@dataclass(frozen=True)
class DensityCoverage:
    """How many real balls hold a generated sample, over k; and the share of real balls that hold any.

    For equal distributions density is 1 and coverage ``expected_coverage``.
    """

    density: float
    coverage: float
    expected_coverage: float
    k: int
    strict: bool
    generated_density: np.ndarray
    real_covered: np.ndarray


@dataclass(frozen=True)
class Balls:
    """Which balls hold what, for one k: the common part of the four scores."""

    real_balls_holding: torch.Tensor
    real_covered: torch.Tensor
    real_inside: torch.Tensor


def count_balls(
    real: Array,
    generated: Array,
    real_neighbours: Neighbours,
    generated_neighbours: Neighbours,
    ks: Sequence[int],
    *,
    strict: bool = True,
) -> dict[int, Balls]:
    """Return for each k how the balls of both sets hold the other set's samples, in one pass."""
    points = PointSets(real, generated)
    points.same = False
    counts = {k: _empty(points) for k in ks}
    for tile in points.tiles():
        for k, balls in counts.items():
            in_real = inside(
                points, tile, real_neighbours.radii_squared(k).to(points.a.device), by_row=True, strict=strict
            )
            balls.real_balls_holding[tile.columns] += in_real.sum(dim=0)
            balls.real_covered[tile.rows] |= in_real.any(dim=1)
            in_generated = inside(
                points,
                tile,
                generated_neighbours.radii_squared(k).to(points.a.device),
                by_row=False,
                strict=strict,
            )
            balls.real_inside[tile.rows] |= in_generated.any(dim=1)
    return counts


def _empty(points: PointSets) -> Balls:
    device = points.a.device
    return Balls(
        torch.zeros(len(points.b), dtype=torch.long, device=device),
        torch.zeros(len(points.a), dtype=torch.bool, device=device),
        torch.zeros(len(points.a), dtype=torch.bool, device=device),
    )


def precision_recall(real: Array, generated: Array, k: int = 3, *, strict: bool = True) -> PrecisionRecall:
    """Return improved precision and recall (Kynkäänniemi et al. 2019).

    ``strict`` asks for d < r as prdc does; torch-fidelity's d <= r otherwise. Each set needs more than k
    samples.
    """
    balls = _balls(real, generated, k, strict)
    return precision_recall_of(balls, k, strict)


def precision_recall_of(balls: Balls, k: int, strict: bool) -> PrecisionRecall:
    """Return precision and recall from balls that are counted already."""
    held = (balls.real_balls_holding > 0).cpu().numpy()
    recalled = balls.real_inside.cpu().numpy()
    return PrecisionRecall(float(held.mean()), float(recalled.mean()), k, strict, held, recalled)


def density_coverage(real: Array, generated: Array, k: int = 5, *, strict: bool = True) -> DensityCoverage:
    """Return density and coverage (Naeem et al. 2020). Each set needs more than k samples."""
    return density_coverage_of(_balls(real, generated, k, strict), k, strict)


def density_coverage_of(balls: Balls, k: int, strict: bool) -> DensityCoverage:
    """Return density and coverage from balls that are counted already."""
    each = balls.real_balls_holding.cpu().numpy() / k
    covered = balls.real_covered.cpu().numpy()
    expected = expected_coverage(len(covered), len(each), k)
    return DensityCoverage(float(each.mean()), float(covered.mean()), expected, k, strict, each, covered)


def _balls(real: Array, generated: Array, k: int, strict: bool) -> Balls:
    ours, theirs = nearest_within(real, k), nearest_within(generated, k)
    return count_balls(real, generated, ours, theirs, [k], strict=strict)[k]


def expected_coverage(n_real: int, n_generated: int, k: int) -> float:
    """Return the coverage of equal distributions: 1 - prod_{j=1..k} (N - j) / (N + M - j)."""
    j = np.arange(1, k + 1)
    return float(1 - np.prod((n_real - j) / (n_real + n_generated - j)))


def realism(real: Array, generated: Array, k: int = 3) -> np.ndarray:
    """Return each generated sample's realism: max over real balls of radius over distance.

    Balls wider than the median are left out; 1 and above is inside the manifold, infinity a copy of a
    real sample with a ball around it. Kynkäänniemi et al. 2019, section 5.
    """
    return realism_of(real, generated, nearest_within(real, k), k)


def realism_of(real: Array, generated: Array, neighbours: Neighbours, k: int) -> np.ndarray:
    """Return realism from the real set's neighbours, found already."""
    points = PointSets(real, generated)
    points.same = False
    radii = neighbours.radii_squared(k).to(points.a.device)
    radii = torch.where(radii <= radii.median(), radii, torch.zeros_like(radii))
    best = torch.zeros(len(points.b), dtype=torch.float64, device=points.a.device)
    balls = torch.zeros(len(points.b), dtype=torch.long, device=points.a.device)
    nearest_copy = nearest_between(points.b, points.a).squared[:, 0]
    for tile in points.tiles():
        ratio = radii[tile.rows][:, None] / tile.squared.double().clamp_(min=tile.tolerance * 1e-3 + 1e-300)
        largest, rows = ratio.max(dim=0)
        better = largest > best[tile.columns]
        balls[tile.columns] = torch.where(better, rows + tile.rows.start, balls[tile.columns])
        best[tile.columns] = torch.maximum(best[tile.columns], largest)
    exact = points.exact(balls, torch.arange(len(balls), device=balls.device))
    best = torch.where(exact > 0, radii[balls] / exact, best)
    best[nearest_copy == 0] = float("inf")
    return best.sqrt().cpu().numpy()


def rarity(real: Array, generated: Array, k: int = 3) -> np.ndarray:
    """Return each generated sample's rarity: the radius of the smallest real ball that holds it.

    NaN for samples outside every ball. Han et al. 2022, "Rarity score".
    """
    return rarity_of(real, generated, nearest_within(real, k), k)


def rarity_of(real: Array, generated: Array, neighbours: Neighbours, k: int) -> np.ndarray:
    """Return rarity from the real set's neighbours, found already."""
    points = PointSets(real, generated)
    points.same = False
    radii = neighbours.radii_squared(k).to(points.a.device)
    least = torch.full((len(points.b),), float("inf"), dtype=torch.float64, device=points.a.device)
    for tile in points.tiles():
        held = inside(points, tile, radii, by_row=True, strict=False)
        found = torch.where(held, radii[tile.rows][:, None], float("inf")).amin(dim=0)
        least[tile.columns] = torch.minimum(least[tile.columns], found)
    least[torch.isinf(least)] = float("nan")
    return least.sqrt().cpu().numpy()


def authenticity(real: Array, generated: Array) -> np.ndarray:
    """Return for each generated sample whether it is authentic, that is, not a noisy copy.

    It is one if it lies farther from its nearest real sample than that sample from its own nearest real
    neighbour (Alaa et al. 2022). The score is the share. Needs two real samples.
    """
    return authenticity_of(nearest_within(real, 1), nearest_between(generated, real))


def authenticity_of(real_neighbours: Neighbours, nearest_real: Neighbours) -> np.ndarray:
    """Return authenticity from neighbours that are found already."""
    own = real_neighbours.radii_squared(1)[nearest_real.indices[:, 0]]
    return (nearest_real.squared[:, 0] > own).cpu().numpy()
