"""Kernel distances: squared maximum mean discrepancy (KID with the polynomial kernel, CMMD with the RBF).

One pass over the kernel in tiles gives the estimate from all samples, its standard error and the
published mean over random subsets: a subset's sums are z^T K z for its indicator vector z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from metrics.arrays import Array, as_matrix, same_width
from metrics.errors import InvalidInput

Kernel = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
TILE = 2048
LARGEST_BLOCK = 10_000


@dataclass(frozen=True)
class KernelDistance:
    """An unbiased squared MMD: over random subsets as published, and from all samples.

    ``value`` and ``std`` are the mean and the standard deviation (ddof 0) over the subsets; ``full`` is
    the U-statistic of all samples and ``standard_error`` its standard error. All may be below 0.
    """

    value: float
    std: float
    full: float
    standard_error: float
    subsets: int
    subset_size: int
    warnings: tuple[str, ...] = field(default=())


def kernel_distance(
    real: Array,
    generated: Array,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    degree: int = 3,
    gamma: float | None = None,
    coef0: float = 1.0,
    seed: int = 2020,
) -> KernelDistance:
    """Return the kernel distance with k(x, y) = (gamma x.y + coef0)^degree, gamma 1/d by default.

    Binkowski et al. 2018 ("Demystifying MMD GANs"). The default seed draws torch-fidelity's subsets;
    a set smaller than ``subset_size`` lowers it, and ``warnings`` say so. Needs two samples in each set.
    """
    x, y = as_matrix(real, "real features"), as_matrix(generated, "generated features")
    same_width(x, y)
    y = y.to(x.device)
    size = min(subset_size, len(x), len(y))
    if size < 2 or subsets < 1:
        raise InvalidInput("a kernel distance needs at least two samples in each set, and one subset")
    scale = gamma if gamma is not None else 1 / x.shape[1]

    def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a @ b.T).mul_(scale).add_(coef0).pow_(degree)

    warnings = () if size == subset_size else (f"subsets of {size} instead of {subset_size} samples",)
    draws = _draw_subsets(len(x), len(y), subsets, size, seed)
    if max(len(x), len(y)) <= LARGEST_BLOCK:
        full, error, values = _with_subsets(kernel, x, y, draws)
    else:
        full, error = _over_blocks(kernel, x, y)
        values = np.array([_of_subset(kernel, x[rows], y[columns]) for rows, columns in draws])
    return KernelDistance(float(values.mean()), float(values.std()), full, error, subsets, size, warnings)


def _draw_subsets(
    n_real: int, n_generated: int, subsets: int, size: int, seed: int
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    rng = np.random.RandomState(seed)
    draws = []
    for _ in range(subsets):
        first = torch.from_numpy(rng.choice(n_real, size, replace=False))
        draws.append((first, torch.from_numpy(rng.choice(n_generated, size, replace=False))))
    return draws


def _of_subset(kernel: Kernel, x: torch.Tensor, y: torch.Tensor) -> float:
    n = len(x)
    within = sum(float(k.sum() - k.diagonal().sum()) for k in (kernel(x, x), kernel(y, y)))
    return within / (n * (n - 1)) - 2 * float(kernel(x, y).mean())


@dataclass
class _Sums:
    """What one pass over a kernel matrix leaves: row and column sums, squares, diagonal, subset sums."""

    rows: torch.Tensor
    columns: torch.Tensor
    squares: float
    diagonal: torch.Tensor
    subsets: torch.Tensor


def _pass(kernel: Kernel, a: torch.Tensor, b: torch.Tensor, za: torch.Tensor, zb: torch.Tensor) -> _Sums:
    """Sum the kernel between all rows of a and of b; za, zb (n, s) are the subsets' indicator columns."""
    same = a is b
    rows, columns = a.new_zeros(len(a)), a.new_zeros(len(b))
    diagonal, subsets = a.new_zeros(len(a)), a.new_zeros(za.shape[1])
    squares = 0.0
    for i in range(0, len(a), TILE):
        for j in range(i if same else 0, len(b), TILE):
            tile = kernel(a[i : i + TILE], b[j : j + TILE])
            mirrored = same and j > i
            rows[i : i + TILE] += tile.sum(dim=1)
            columns[j : j + TILE] += tile.sum(dim=0)
            if mirrored:
                rows[j : j + TILE] += tile.sum(dim=0)
                columns[i : i + TILE] += tile.sum(dim=1)
            squares += (1 + mirrored) * float(tile.square().sum())
            subsets += (1 + mirrored) * ((tile @ zb[j : j + TILE]) * za[i : i + TILE]).sum(dim=0)
            if same and i == j:
                diagonal[i : i + TILE] = tile.diagonal()
    return _Sums(rows, columns, squares, diagonal, subsets)


def _indicators(draws: list[torch.Tensor], like: torch.Tensor) -> torch.Tensor:
    z = torch.zeros(len(like), len(draws), dtype=like.dtype, device=like.device)
    for column, rows in enumerate(draws):
        z[rows.to(like.device), column] = 1
    return z


def _with_subsets(
    kernel: Kernel, x: torch.Tensor, y: torch.Tensor, draws: list[tuple[torch.Tensor, torch.Tensor]]
) -> tuple[float, float, np.ndarray]:
    zx, zy = _indicators([d[0] for d in draws], x), _indicators([d[1] for d in draws], y)
    xx, yy, xy = _pass(kernel, x, x, zx, zx), _pass(kernel, y, y, zy, zy), _pass(kernel, x, y, zx, zy)
    full, error = _unbiased(xx, yy, xy)
    if not draws:
        return full, error, np.zeros(0)
    n = len(draws[0][0])
    within = xx.subsets - xx.diagonal @ zx + yy.subsets - yy.diagonal @ zy
    values = within / (n * (n - 1)) - 2 * xy.subsets / n**2
    return full, error, values.cpu().numpy()


def _over_blocks(kernel: Kernel, x: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
    """Return the mean estimate over disjoint blocks of both sets (Zaremba et al. 2013) and its error."""
    blocks = -(-max(len(x), len(y)) // LARGEST_BLOCK)
    blocks = min(blocks, min(len(x), len(y)) // 2)
    pairs = zip(x.tensor_split(blocks), y.tensor_split(blocks), strict=True)
    parts = [_with_subsets(kernel, a, b, [])[:2] for a, b in pairs]
    mean = float(np.mean([value for value, _ in parts]))
    return mean, float(np.sqrt(np.sum([error**2 for _, error in parts])) / blocks)


def _unbiased(xx: _Sums, yy: _Sums, xy: _Sums) -> tuple[float, float]:
    """Return the U-statistic of the squared MMD and its standard error.

    The variance is Hoeffding's, first and second order, so that it also holds where the two
    distributions are equal and the first order vanishes: 4 s_x/m + 4 s_y/n + 2 s_xx/(m(m-1)) +
    2 s_yy/(n(n-1)) + 4 s_xy/(mn).
    """
    m, n = len(xx.rows), len(yy.rows)
    row_x, row_y = (xx.rows - xx.diagonal) / (m - 1), (yy.rows - yy.diagonal) / (n - 1)
    across_x, across_y = xy.rows / n, xy.columns / m
    value = float(row_x.mean() + row_y.mean() - 2 * across_x.mean())
    if min(m, n) < 4:
        return value, float("nan")
    pairs_xx = _interaction(xx.squares - float(xx.diagonal.square().sum()), m * (m - 1), row_x, row_x)
    pairs_yy = _interaction(yy.squares - float(yy.diagonal.square().sum()), n * (n - 1), row_y, row_y)
    pairs_xy = _interaction(xy.squares, m * n, across_x, across_y)
    first_x = float((row_x - across_x).var()) - pairs_xx / (m - 1) - pairs_xy / n
    first_y = float((row_y - across_y).var()) - pairs_yy / (n - 1) - pairs_xy / m
    second = 2 * pairs_xx / (m * (m - 1)) + 2 * pairs_yy / (n * (n - 1)) + 4 * pairs_xy / (m * n)
    # Where the first order vanishes its estimates scatter about 0: clipping each would bias their sum.
    variance = 4 * first_x / m + 4 * first_y / n + second
    return value, max(variance, second / 4) ** 0.5


def _interaction(squares: float, pairs: int, rows: torch.Tensor, columns: torch.Tensor) -> float:
    """Return the variance of the kernel that is left when both arguments' own effects are taken out."""
    total = squares / pairs - float(rows.mean()) ** 2
    return max(total - float(rows.var(correction=0)) - float(columns.var(correction=0)), 0.0)


@dataclass(frozen=True)
class RBFDistance:
    """Squared MMD with a Gaussian kernel: biased (V-statistic), and unbiased with its standard error."""

    biased: float
    unbiased: float
    standard_error: float
    sigma: float
    scale: float

    @property
    def value(self) -> float:
        """The biased estimate times ``scale``, as CMMD is published."""
        return self.biased * self.scale


def rbf_distance(
    real: Array, generated: Array, *, sigma: float = 10.0, scale: float = 1000.0, normalise: bool = False
) -> RBFDistance:
    """Return the squared MMD with k(x, y) = exp(-|x - y|^2 / (2 sigma^2)).

    On CLIP embeddings of unit length (``normalise``) this is CMMD (Jayasumana et al. 2024), published
    biased, with sigma 10 and times 1,000. Needs two samples in each set; sigma above 0.
    """
    x, y = as_matrix(real, "real features"), as_matrix(generated, "generated features")
    same_width(x, y)
    y = y.to(x.device)
    if sigma <= 0 or min(len(x), len(y)) < 2:
        raise InvalidInput("an RBF distance needs sigma above 0 and two samples in each set")
    if normalise:
        x, y = torch.nn.functional.normalize(x, dim=1), torch.nn.functional.normalize(y, dim=1)
    centre = x.mean(dim=0)
    x, y = x - centre, y - centre

    def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        square = a.square().sum(dim=1)[:, None] + b.square().sum(dim=1) - 2 * (a @ b.T)
        return square.clamp_(min=0).mul_(-0.5 / sigma**2).exp_()

    empty = x.new_zeros(len(x), 0), y.new_zeros(len(y), 0)
    xx, yy = _pass(kernel, x, x, empty[0], empty[0]), _pass(kernel, y, y, empty[1], empty[1])
    xy = _pass(kernel, x, y, *empty)
    biased = float(xx.rows.mean() / len(x) + yy.rows.mean() / len(y) - 2 * xy.rows.mean() / len(y))
    unbiased, error = _unbiased(xx, yy, xy)
    return RBFDistance(biased, unbiased, error, sigma, scale)
