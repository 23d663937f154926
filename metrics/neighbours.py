"""Nearest neighbours and balls by brute force in tiles: exact answers in little memory.

Distances come from |a|^2 + |b|^2 - 2 a.b, which rounds. Radii are therefore computed again from
differences in float64, and so is every comparison that rounding could turn: the answers are those of
exact distances, duplicates included, while float32 inputs are multiplied in float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from metrics.arrays import Array, as_matrix, same_width
from metrics.devices import precision_tier
from metrics.errors import InvalidInput

TILE = 1024  # on a CPU: what is done to a tile stays in the cache
DEVICE_TILE = 4096
EXACT_BYTES = 2 * 2**20  # stays in the cache
DEVICE_EXACT_BYTES = 64 * 2**20
SLACK = 3


@dataclass(frozen=True)
class Tile:
    """Squared distances between a range of rows and a range of columns, and how far they may be off."""

    rows: slice
    columns: slice
    squared: torch.Tensor
    tolerance: float


class PointSets:
    """Two feature matrices (perhaps the same one) between which distances are wanted."""

    def __init__(self, a: Array, b: Array | None = None) -> None:
        self.a = as_matrix(a, dtype=None)
        self.b = self.a if b is None else as_matrix(b, dtype=None, device=self.a.device)
        same_width(self.a, self.b)
        if self.a.dtype != self.b.dtype:
            self.a, self.b = self.a.double(), self.b.double()
        self.same = self.b is self.a
        self.shift = self.a.mean(dim=0)
        self.size = TILE if self.a.device.type == "cpu" else DEVICE_TILE
        self.a_square = self._squares(self.a)
        self.b_square = self.a_square if self.same else self._squares(self.b)

    def _squares(self, x: torch.Tensor) -> torch.Tensor:
        """Return the squared norm of each centred row, without a centred copy of the whole."""
        centred = (part - self.shift for part in x.split(self.size))
        return torch.cat([torch.linalg.vecdot(part, part) for part in centred])

    def tiles(self) -> Iterator[Tile]:
        """Yield every tile; of one set with itself only those on and above the diagonal."""
        for i in range(0, len(self.a), self.size):
            rows = slice(i, min(i + self.size, len(self.a)))
            left = self.a[rows] - self.shift
            for j in range(i if self.same else 0, len(self.b), self.size):
                columns = slice(j, min(j + self.size, len(self.b)))
                yield self._tile(rows, columns, left)

    def _tile(self, rows: slice, columns: slice, left: torch.Tensor) -> Tile:
        right = self.b[columns] - self.shift
        left_square, right_square = self.a_square[rows], self.b_square[columns]
        with precision_tier("reference"):
            squared = torch.addmm(right_square, left, right.T, alpha=-2)
        squared += left_square[:, None]
        largest = float(left_square.max() + right_square.max())
        unit = torch.finfo(squared.dtype).eps
        return Tile(rows, columns, squared.clamp_(min=0), unit * (16 + self.a.shape[1] ** 0.5) * largest)

    def exact(self, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return squared distances of the pairs (rows[i], columns[i]) from differences in float64."""
        parts = []
        held = EXACT_BYTES if self.a.device.type == "cpu" else DEVICE_EXACT_BYTES
        step = max(1, held // (8 * self.a.shape[1]))
        for start in range(0, len(rows), step):
            left = self.a[rows[start : start + step]].double()
            difference = left.sub_(self.b[columns[start : start + step]])
            parts.append(torch.linalg.vecdot(difference, difference))
        return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64, device=self.a.device)


@dataclass(frozen=True)
class Neighbours:
    """For each point its nearest others: squared distances (n, k), ascending, float64, and indices."""

    squared: torch.Tensor
    indices: torch.Tensor

    def radii_squared(self, k: int) -> torch.Tensor:
        """Return the squared distance of each point to its k-th neighbour, (n)."""
        return self.squared[:, k - 1]


class _Best:
    """The nearest candidates of each point seen so far."""

    def __init__(self, n: int, count: int, like: torch.Tensor) -> None:
        self.count = count
        self.values = torch.full((n, count), float("inf"), dtype=like.dtype, device=like.device)
        self.indices = torch.zeros((n, count), dtype=torch.long, device=like.device)

    def offer(self, rows: slice, squared: torch.Tensor, first_index: int) -> None:
        take = min(self.count, squared.shape[1])
        values, positions = squared.topk(take, dim=1, largest=False)
        values = torch.cat([self.values[rows], values], dim=1)
        indices = torch.cat([self.indices[rows], positions + first_index], dim=1)
        self.values[rows], kept = values.topk(self.count, dim=1, largest=False)
        self.indices[rows] = indices.gather(1, kept)


def nearest_within(features: Array, k: int) -> Neighbours:
    """Return each point's k nearest others in its own set. Raises InvalidInput unless n > k >= 1."""
    points = PointSets(features)
    n = len(points.a)
    if not 1 <= k < n:
        raise InvalidInput(f"{k} neighbours need more than {k} samples; there are {n}")
    best = _Best(n, min(k + SLACK, n - 1), points.a)
    for tile in points.tiles():
        if tile.rows.start == tile.columns.start:
            tile.squared.fill_diagonal_(float("inf"))
        best.offer(tile.rows, tile.squared, tile.columns.start)
        if tile.rows.start != tile.columns.start:
            best.offer(tile.columns, tile.squared.T.contiguous(), tile.rows.start)
    return _refine(points, best, k)


def nearest_between(queries: Array, targets: Array, k: int = 1) -> Neighbours:
    """Return for each query its k nearest targets. Raises InvalidInput with fewer than k targets."""
    points = PointSets(queries, targets)
    if points.same:
        points.same = False
    if not 1 <= k <= len(points.b):
        raise InvalidInput(f"{k} neighbours need at least {k} samples; there are {len(points.b)}")
    best = _Best(len(points.a), min(k + SLACK, len(points.b)), points.a)
    for tile in points.tiles():
        best.offer(tile.rows, tile.squared, tile.columns.start)
    return _refine(points, best, k)


def _refine(points: PointSets, best: _Best, k: int) -> Neighbours:
    n, count = best.indices.shape
    rows = torch.arange(n, device=best.indices.device).repeat_interleave(count)
    squared = points.exact(rows, best.indices.flatten()).reshape(n, count)
    squared, order = squared.sort(dim=1, stable=True)
    return Neighbours(squared[:, :k], best.indices.gather(1, order)[:, :k])


def inside(points: PointSets, tile: Tile, radii: torch.Tensor, *, by_row: bool, strict: bool) -> torch.Tensor:
    """Return where a tile's squared distances lie within the squared radii of its rows (or columns).

    ``strict`` is d < r, otherwise d <= r. Comparisons within the tile's tolerance are made exactly.
    """
    limit = radii[tile.rows][:, None] if by_row else radii[tile.columns][None, :]
    rough = limit.to(tile.squared.dtype)
    result = tile.squared < rough if strict else tile.squared <= rough
    unsure = ((tile.squared - rough).abs_() <= tile.tolerance).nonzero()
    if len(unsure):
        r, c = unsure.unbind(dim=1)
        exact = points.exact(r + tile.rows.start, c + tile.columns.start)
        bound = limit[r, 0] if by_row else limit[0, c]
        result[r, c] = exact < bound if strict else exact <= bound
    return result
