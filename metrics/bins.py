"""Number of statistically different bins, NDB (Richardson and Weiss 2018, "On GANs and GMMs")."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from metrics.arrays import Array, as_matrix, same_width
from metrics.clustering import assign, k_means
from metrics.errors import InvalidInput

MANY_DIMENSIONS = 1000
EXAMPLES = 4


@dataclass(frozen=True)
class Bin:
    """One bin: its shares in both sets, the z test between them, and the real sample nearest to its centre.

    ``examples`` are the generated samples nearest to it, at most four.
    """

    index: int
    real: int
    generated: int
    real_share: float
    generated_share: float
    z: float
    p: float
    representative: int
    examples: tuple[int, ...] = ()

    @property
    def difference(self) -> float:
        """Generated share minus real share: above 0 the bin is over-represented."""
        return self.generated_share - self.real_share


@dataclass(frozen=True)
class BinDifferences:
    """How many bins differ (two-tailed p below ``level``) and how far apart the histograms are.

    ``corrected`` counts after Benjamini-Hochberg; ``jsd`` is in nats and ``jsd_excess`` is it minus what
    equal distributions give on average, (K - 1)/8 (1/n1 + 1/n2). ``expected`` is NDB when nothing differs.
    """

    ndb: int
    ratio: float
    corrected: int
    jsd: float
    jsd_excess: float
    expected: float
    ratio_error: float
    jsd_error: float
    level: float
    bins: tuple[Bin, ...]

    @property
    def covered(self) -> float:
        """The share of the real set's bins that hold at least one generated sample."""
        return sum(one.generated > 0 for one in self.bins) / len(self.bins)

    def over_represented(self) -> list[Bin]:
        """Return the significant bins that hold too many generated samples, the worst first."""
        found = [one for one in self.bins if one.p < self.level and one.difference > 0]
        return sorted(found, key=lambda one: -one.difference)

    def under_represented(self) -> list[Bin]:
        """Return the significant bins that hold too few generated samples, the worst first."""
        found = [one for one in self.bins if one.p < self.level and one.difference < 0]
        return sorted(found, key=lambda one: one.difference)


class Binning:
    """Bins of a real set: K-means centres, in the dimensions and the scale that they were found in."""

    def __init__(
        self,
        real: Array,
        bins: int = 100,
        *,
        seed: int = 0,
        whiten: bool = False,
        sample_dimensions: bool = False,
    ) -> None:
        """Cluster ``real``. ``sample_dimensions``: above 1,000 of them use a seeded sixth, as published."""
        x = as_matrix(real, "real features", dtype=None)
        if len(x) < 2 * bins or bins < 2:
            raise InvalidInput(f"{bins} bins need 2 bins or more, and {2 * bins} real samples; got {len(x)}")
        width = x.shape[1]
        rng = np.random.default_rng(seed)
        chosen = np.arange(width)
        if sample_dimensions and width > MANY_DIMENSIONS:
            chosen = np.sort(rng.choice(width, width // 6, replace=False))
        self.dimensions = torch.from_numpy(chosen).to(x.device)
        picked = x[:, self.dimensions]
        self.shift = picked.mean(dim=0)
        spread = picked.std(dim=0) if whiten else torch.ones_like(self.shift)
        self.spread = torch.where(spread > 1e-12, spread, torch.ones_like(spread))
        clusters = k_means(self._prepare(x), bins, seed=seed)
        self.centres, self.real_labels = clusters.centres, clusters.labels
        self.inertia = clusters.inertia

    def _prepare(self, x: torch.Tensor) -> torch.Tensor:
        return (x[:, self.dimensions] - self.shift) / self.spread

    def labels(self, features: Array) -> torch.Tensor:
        """Return the bin of each sample."""
        return self._assign(features)[0]

    def _assign(self, features: Array) -> tuple[torch.Tensor, torch.Tensor]:
        x = as_matrix(features, dtype=self.centres.dtype, device=self.centres.device)
        return assign(self._prepare(x), self.centres)

    def representatives(self, real: Array) -> list[int]:
        """Return for each bin the real sample nearest to its centre."""
        labels, distances = self._assign(real)
        far = torch.full((len(self.centres),), float("inf"), dtype=distances.dtype, device=distances.device)
        least = far.scatter_reduce(0, labels, distances, "amin")
        is_least = distances == least[labels]
        rows = torch.arange(len(labels), device=labels.device)
        first = torch.full((len(self.centres),), len(labels), device=labels.device)
        return first.scatter_reduce(0, labels[is_least], rows[is_least], "amin").tolist()

    def examples(self, generated: Array, most: int = EXAMPLES) -> list[tuple[int, ...]]:
        """Return for each bin the rows of the samples in it nearest to its centre, the nearest first."""
        labels, distances = (column.cpu().numpy() for column in self._assign(generated))
        order = np.lexsort((distances, labels))
        starts = np.searchsorted(labels[order], np.arange(len(self.centres) + 1))
        return [tuple(order[start : min(start + most, stop)].tolist()) for start, stop in pairwise(starts)]


def ndb(
    real: Array,
    generated: Array,
    bins: int = 100,
    *,
    seed: int = 0,
    level: float = 0.05,
    whiten: bool = False,
    sample_dimensions: bool = False,
) -> BinDifferences:
    """Return which bins of the real set hold another share of the generated set.

    Features or pixels, (n, d). Each bin is tested with the pooled two-proportion z test. Needs twice as
    many real samples as bins.
    """
    same_width(as_matrix(real, dtype=None), as_matrix(generated, dtype=None))
    binning = Binning(real, bins, seed=seed, whiten=whiten, sample_dimensions=sample_dimensions)
    return compare_bins(
        np.bincount(binning.real_labels.cpu().numpy(), minlength=bins),
        np.bincount(binning.labels(generated).cpu().numpy(), minlength=bins),
        level=level,
        seed=seed,
        representatives=binning.representatives(real),
        examples=binning.examples(generated),
    )


def ndb_null(
    real: Array,
    bins: int = 100,
    *,
    seed: int = 0,
    repeats: int = 5,
    level: float = 0.05,
    whiten: bool = False,
    sample_dimensions: bool = False,
) -> list[float]:
    """Return NDB/K of real against held-out real, binned as in ``ndb``, for ``repeats`` seeded halvings."""
    x = as_matrix(real, "real features", dtype=None)
    rng = np.random.default_rng(seed)
    ratios = []
    for repeat in range(repeats):
        order = torch.from_numpy(rng.permutation(len(x))).to(x.device)
        half = len(x) // 2
        found = ndb(
            x[order[:half]],
            x[order[half:]],
            bins,
            seed=seed + repeat,
            level=level,
            whiten=whiten,
            sample_dimensions=sample_dimensions,
        )
        ratios.append(found.ratio)
    return ratios


def compare_bins(
    real: np.ndarray,
    generated: np.ndarray,
    *,
    level: float = 0.05,
    seed: int = 0,
    representatives: list[int] | None = None,
    examples: list[tuple[int, ...]] | None = None,
) -> BinDifferences:
    """Return the comparison of two histograms (k) over the same bins.

    The errors of the ratio and of the divergence are those of 200 seeded multinomial redraws of both.
    """
    if real.shape != generated.shape or real.ndim != 1 or min(real.sum(), generated.sum()) < 1:
        raise InvalidInput("two histograms over the same bins are needed, neither of them empty")
    z, p = two_proportion_test(real, generated)
    ratio_error, jsd_error = _redraw(real, generated, level, np.random.default_rng(seed))
    share1, share2 = real / real.sum(), generated / generated.sum()
    jsd = jensen_shannon(share1, share2)
    k = len(real)
    null = (k - 1) / 8 * (1 / real.sum() + 1 / generated.sum())
    marks = representatives or [-1] * k
    near = examples or [()] * k
    rows = zip(real, generated, share1, share2, z, p, marks, near, strict=True)
    table = tuple(
        Bin(i, int(a), int(b), float(s), float(t), float(zi), float(pi), int(m), e)
        for i, (a, b, s, t, zi, pi, m, e) in enumerate(rows)
    )
    count = int((p < level).sum())
    return BinDifferences(
        ndb=count,
        ratio=count / k,
        corrected=int(benjamini_hochberg(p, level).sum()),
        jsd=jsd,
        jsd_excess=float(jsd - null),
        expected=level * k,
        ratio_error=ratio_error,
        jsd_error=jsd_error,
        level=level,
        bins=table,
    )


def two_proportion_test(real: np.ndarray, generated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return z and the two-tailed p of the pooled two-proportion test in each bin (last axis)."""
    n1, n2 = real.sum(axis=-1, keepdims=True), generated.sum(axis=-1, keepdims=True)
    pooled = (real + generated) / (n1 + n2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    difference = generated / n2 - real / n1
    z = np.divide(difference, error, out=np.zeros_like(difference), where=error > 0)
    p = torch.special.erfc(torch.from_numpy(np.abs(z) / math.sqrt(2))).numpy()
    return z, p


def benjamini_hochberg(p: np.ndarray, level: float = 0.05) -> np.ndarray:
    """Return which of the p values are significant at false discovery rate ``level``."""
    order = np.argsort(p)
    passed = p[order] <= level * np.arange(1, len(p) + 1) / len(p)
    significant = np.zeros(len(p), dtype=bool)
    if passed.any():
        significant[order[: passed.nonzero()[0].max() + 1]] = True
    return significant


def jensen_shannon(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Jensen-Shannon divergence of two distributions in nats, 0 to ln 2."""
    middle = (first + second) / 2
    return float((_relative_entropy(first, middle) + _relative_entropy(second, middle)) / 2)


def _relative_entropy(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    ratio = np.divide(first, second, out=np.ones_like(first), where=first > 0)
    return (first * np.log(ratio)).sum(axis=-1)


def _redraw(
    real: np.ndarray, generated: np.ndarray, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    first = rng.multinomial(real.sum(), real / real.sum(), size=200)
    second = rng.multinomial(generated.sum(), generated / generated.sum(), size=200)
    ratios = (two_proportion_test(first, second)[1] < level).mean(axis=1)
    a, b = first / real.sum(), second / generated.sum()
    middle = (a + b) / 2
    divergences = (_relative_entropy(a, middle) + _relative_entropy(b, middle)) / 2
    return float(ratios.std(ddof=1)), float(divergences.std(ddof=1))
