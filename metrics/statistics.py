"""Mean and covariance of features, streamed in float64 and merged exactly."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch

from metrics.arrays import Array, as_matrix
from metrics.errors import InvalidInput


class FeatureStatistics:
    """Count, sum and sum of outer products of features, kept in float64.

    The sums are taken about ``shift`` (the first sample seen), since a covariance from raw sums loses
    its digits when the mean is far from zero. Statistics of parts of a set merge into those of the
    whole: ``a.merge(b)`` changes ``a`` in place and returns it.
    """

    def __init__(self, dimension: int, *, device: torch.device | str = "cpu") -> None:
        if dimension < 1:
            raise InvalidInput(f"the dimension must be at least 1, not {dimension}")
        self.dimension = dimension
        self.n = 0
        self.shift = torch.zeros(dimension, dtype=torch.float64, device=device)
        self.total = torch.zeros_like(self.shift)
        self.outer = torch.zeros(dimension, dimension, dtype=torch.float64, device=device)

    def update(self, features: Array) -> Self:
        """Add a batch (n, dimension); return self."""
        batch = as_matrix(features, device=self.shift.device)
        if batch.shape[1] != self.dimension:
            raise InvalidInput(f"{self.dimension} dimensions are counted here, not {batch.shape[1]}")
        if self.n == 0:
            self.shift = batch[0].clone()
        centred = batch - self.shift
        self.n += len(batch)
        self.total += centred.sum(dim=0)
        self.outer.addmm_(centred.T, centred)
        return self

    def merge(self, other: FeatureStatistics) -> Self:
        """Add the samples that ``other`` has counted; return self."""
        if other.dimension != self.dimension:
            raise InvalidInput(f"cannot merge {other.dimension} dimensions into {self.dimension}")
        if other.n == 0:
            return self
        if self.n == 0:
            self.shift = other.shift.to(self.shift.device, copy=True)
        moved = other.shift.to(self.shift.device) - self.shift
        total = other.total.to(self.shift.device)
        cross = torch.outer(total, moved)
        self.outer += other.outer.to(self.shift.device) + cross + cross.T
        self.outer += other.n * torch.outer(moved, moved)
        self.total += total + other.n * moved
        self.n += other.n
        return self

    @property
    def mean(self) -> torch.Tensor:
        """The mean, (dimension)."""
        self._require(1)
        return self.shift + self.total / self.n

    @property
    def cov(self) -> torch.Tensor:
        """The covariance with n - 1 in the denominator, (dimension, dimension)."""
        self._require(2)
        centred = self.outer - torch.outer(self.total, self.total) / self.n
        return (centred + centred.T) / (2 * (self.n - 1))

    def _require(self, count: int) -> None:
        if self.n < count:
            raise InvalidInput(f"at least {count} sample(s) are needed, {self.n} counted")

    def state(self) -> dict[str, np.ndarray]:
        """Return the sums as arrays, to be stored and read back by ``from_state``."""
        return {
            "n": np.array(self.n, dtype=np.int64),
            "shift": self.shift.cpu().numpy(),
            "total": self.total.cpu().numpy(),
            "outer": self.outer.cpu().numpy(),
        }

    @classmethod
    def from_state(cls, state: dict[str, np.ndarray]) -> FeatureStatistics:
        """Return the statistics whose ``state`` this is."""
        statistics = cls(len(state["shift"]))
        statistics.n = int(state["n"])
        statistics.shift = torch.from_numpy(np.array(state["shift"], dtype=np.float64))
        statistics.total = torch.from_numpy(np.array(state["total"], dtype=np.float64))
        statistics.outer = torch.from_numpy(np.array(state["outer"], dtype=np.float64))
        return statistics

    @classmethod
    def of(cls, features: Array, *, batch: int = 4096, device: torch.device | str = "cpu") -> Self:
        """Return the statistics of a whole feature matrix, read in batches."""
        statistics = cls(int(features.shape[1]), device=device)
        for start in range(0, len(features), batch):
            statistics.update(features[start : start + batch])
        return statistics
