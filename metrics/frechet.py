"""Fréchet distance between Gaussians fitted to features (FID in Inception's space).

d^2 = |m1 - m2|^2 + Tr(C1) + Tr(C2) - 2 Tr((C1 C2)^(1/2))      (Dowson and Landau 1982; Heusel et al. 2017)

With C1 = L L^T the last trace is the sum of the square roots of the eigenvalues of the symmetric
L^T C2 L, which are those of C1 C2: no square root of a non-symmetric matrix, no imaginary parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from metrics.arrays import Array, as_matrix, same_width
from metrics.errors import InvalidInput
from metrics.linalg import (
    asymmetry,
    cholesky_or_none,
    congruence,
    factor,
    singular_values,
    symmetric_eigen,
    symmetric_eigenvalues,
)
from metrics.statistics import FeatureStatistics

FEW_SAMPLES = 10_000


@dataclass(frozen=True)
class FrechetDistance:
    """A Fréchet distance (squared, as FID is) and its parts; never below 0 but for rounding."""

    value: float
    mean_term: float
    covariance_term: float
    standard_error: float | None = None
    warnings: tuple[str, ...] = field(default=())


def frechet_distance(mean1: Array, cov1: Array, mean2: Array, cov2: Array) -> FrechetDistance:
    """Return the squared Fréchet distance between N(mean1, cov1) and N(mean2, cov2).

    Means are (d), covariances (d, d), symmetric and positive semi-definite. Rank deficiency is allowed,
    and said in ``warnings``. Raises InvalidInput for shapes, NonFiniteFeatures for NaN or infinity.
    """
    first_mean, first = _gaussian(mean1, cov1)
    second_mean, second = _gaussian(mean2, cov2)
    if first.shape != second.shape:
        raise InvalidInput(f"one extractor is needed: {len(first)} and {len(second)} dimensions")
    root_trace, warnings = _root_trace(first, second.to(first.device))
    mean_term = float((first_mean - second_mean.to(first.device)).square().sum())
    covariance_term = float(first.trace() + second.trace().to(first.device)) - 2 * root_trace
    return FrechetDistance(mean_term + covariance_term, mean_term, covariance_term, None, warnings)


def _gaussian(mean: Array, cov: Array) -> tuple[torch.Tensor, torch.Tensor]:
    covariance = as_matrix(cov, "the covariance")
    centre = as_matrix(mean, "the mean", device=covariance.device).flatten()
    if covariance.shape != (len(centre), len(centre)):
        raise InvalidInput(
            f"a mean of {len(centre)} needs a square covariance, not {tuple(covariance.shape)}"
        )
    difference = asymmetry(covariance)
    if difference == 0:
        return centre, covariance
    if difference > 1e-6 * max(float(covariance.abs().max()), 1e-300):
        raise InvalidInput(f"the covariance is not symmetric: entries differ by {difference:.3g}")
    return centre, (covariance + covariance.T) / 2


def _root_trace(first: torch.Tensor, second: torch.Tensor) -> tuple[float, tuple[str, ...]]:
    """Return Tr((C1 C2)^(1/2)) and what there is to say about the ranks."""
    if torch.equal(first, second):
        return float(first.trace()), ()
    lower = cholesky_or_none(first)
    if lower is None:
        return _root_trace_of_singular(first, second)
    values = symmetric_eigenvalues(congruence(lower, second))
    small = int((values <= values[-1].clamp(min=0) * len(values) * 2.2e-16).sum())
    if small == 0:
        return float(values.sqrt().sum()), ()
    return _root_trace_of_singular(first, second)


def _root_trace_of_singular(first: torch.Tensor, second: torch.Tensor) -> tuple[float, tuple[str, ...]]:
    """Return the trace from singular values of the product of the factors, which are the roots themselves.

    Square roots of eigenvalues would turn rounding of 1e-16 into 1e-8 for each missing rank.
    """
    values = singular_values(factor(first).T @ factor(second))
    overlap = int((values > values[0] * len(values) * 2.2e-16).sum())
    partly = f"the covariances overlap in {overlap} of {len(values)} dimensions only"
    return float(values.sum()), (partly,) if overlap < len(values) else ()


def frechet_distance_of_features(real: Array, generated: Array) -> FrechetDistance:
    """Return the squared Fréchet distance between Gaussians fitted to two feature matrices.

    Fewer samples than dimensions are handled without forming covariances: with centred and scaled
    matrices X1, X2 the trace is the sum of the singular values of X1 X2^T. The standard error is the
    infinitesimal jackknife's (Jaeckel 1972) over both sets; it knows nothing of the bias, of which
    ``warnings`` speaks below 10,000 samples. Needs two samples in each set.
    """
    first, second = as_matrix(real, "real features"), as_matrix(generated, "generated features")
    second = second.to(first.device)
    same_width(first, second)
    if min(len(first), len(second)) < 2:
        raise InvalidInput("a covariance needs at least two samples in each set")
    if min(len(first), len(second)) <= first.shape[1]:
        result = _from_few_samples(first, second)
    else:
        result = _from_many_samples(first, second)
    return result


def _few_samples_warning(n_real: int, n_generated: int, dimension: int) -> tuple[str, ...]:
    fewest = min(n_real, n_generated)
    warnings = []
    if fewest <= dimension:
        warnings.append(
            f"{fewest} samples span {fewest - 1} of {dimension} dimensions: the covariance is singular"
        )
    if fewest < FEW_SAMPLES:
        warnings.append(
            f"{fewest} samples: the Fréchet distance is biased upwards, the more the fewer the samples "
            "(in Inception's space a true 4.37 reads 26.6 at 1,000); compare only at equal counts, "
            "or use fid_infinity"
        )
    return tuple(warnings)


def _centred(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mean = features.mean(dim=0)
    return mean, features - mean


def _from_few_samples(first: torch.Tensor, second: torch.Tensor) -> FrechetDistance:
    mean1, x1 = _centred(first)
    mean2, x2 = _centred(second)
    scale = ((len(x1) - 1) * (len(x2) - 1)) ** -0.5
    shift = mean2 - mean1
    left, right, root_trace = _root_influences(x1, x2, scale)
    trace1 = float(x1.square().sum()) / (len(x1) - 1)
    trace2 = float(x2.square().sum()) / (len(x2) - 1)
    if first.shape == second.shape and torch.equal(first, second):
        root_trace = trace1
    influence1 = -2 * (x1 @ shift) + x1.square().sum(dim=1) - left
    influence2 = 2 * (x2 @ shift) + x2.square().sum(dim=1) - right
    mean_term = float(shift.square().sum())
    covariance_term = trace1 + trace2 - 2 * root_trace
    return FrechetDistance(
        mean_term + covariance_term,
        mean_term,
        covariance_term,
        _standard_error(influence1, influence2),
        _few_samples_warning(len(first), len(second), first.shape[1]),
    )


def _root_influences(
    x1: torch.Tensor, x2: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Return each sample's share in 2 Tr((C1 C2)^(1/2)) and that trace, from N = X1 X2^T = U S V^T.

    A change of one sample's weight changes the nuclear norm by the diagonal of U S U^T (or V S V^T),
    since the norm's derivative is U V^T. The diagonal of (N N^T)^(1/2) comes from the smaller side.
    """
    product = x1 @ x2.T
    if len(x1) > len(x2):
        right, left, trace = _root_influences(x2, x1, scale)
        return left, right, trace
    values, vectors = symmetric_eigen(product @ product.T)
    roots = values.clamp(min=0).sqrt()
    exact = singular_values(product)
    left = (vectors.square() * roots).sum(dim=1)
    keep = roots > roots[-1] * 1e-7
    projected = (product.T @ vectors[:, keep]).square() / roots[keep]
    right = projected.sum(dim=1)
    return left * scale * len(x1), right * scale * len(x2), float(exact.sum()) * scale


def _from_many_samples(first: torch.Tensor, second: torch.Tensor) -> FrechetDistance:
    (mean1, x1), (mean2, x2) = _centred(first), _centred(second)
    cov1, cov2 = x1.T @ x1 / (len(x1) - 1), x2.T @ x2 / (len(x2) - 1)
    plain = frechet_distance(mean1, cov1, mean2, cov2)
    warnings = plain.warnings + _few_samples_warning(len(first), len(second), first.shape[1])
    error = _error_from_transport(x1, x2, cov1, cov2, mean2 - mean1)
    return FrechetDistance(plain.value, plain.mean_term, plain.covariance_term, error, warnings)


def _error_from_transport(
    x1: torch.Tensor, x2: torch.Tensor, cov1: torch.Tensor, cov2: torch.Tensor, shift: torch.Tensor
) -> float:
    """Return the standard error from the derivative of the distance, which is the optimal transport map.

    d/dC2 = I - T with T C2 T = C1, and d/dC1 = I - T^-1. With C1 = L L^T and L^T C2 L = V D V^T,
    T = L V D^(-1/2) V^T L^T; directions that one Gaussian lacks contribute nothing.
    """
    inner, roots = _transport(cov1, cov2)
    carried1 = _backwards(x1, cov2, inner, roots)
    influence1 = -2 * (x1 @ shift) + x1.square().sum(dim=1) - carried1
    return _standard_error(influence1, _influence_of_generated(x2, inner, roots, shift))


def _transport(cov1: torch.Tensor, cov2: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return L V and the diagonal of D^(1/2), of the directions that both Gaussians have."""
    lower = factor(cov1)
    values, vectors = symmetric_eigen(lower.T @ cov2 @ lower)
    keep = values > values[-1].clamp(min=0) * len(values) * 2.2e-16
    return lower @ vectors[:, keep], values[keep].sqrt()


def _influence_of_generated(
    x2: torch.Tensor, inner: torch.Tensor, roots: torch.Tensor, shift: torch.Tensor
) -> torch.Tensor:
    carried = (x2 @ (inner / roots.sqrt())).square().sum(dim=1)
    return 2 * (x2 @ shift) + x2.square().sum(dim=1) - carried


def _backwards(
    x1: torch.Tensor, cov2: torch.Tensor, inner: torch.Tensor, roots: torch.Tensor
) -> torch.Tensor:
    """Return x T^-1 x for each row: T^-1 = C2 T C2-free form C2 W W^T C2 with W = L V D^(-3/4)."""
    carrier = cov2 @ (inner / roots.pow(1.5))
    return (x1 @ carrier).square().sum(dim=1)


def _standard_error(*influences: torch.Tensor) -> float:
    variances = [each.var() / len(each) for each in influences]
    return float(torch.stack(variances).sum().sqrt())


def frechet_distance_to_statistics(
    mean: Array, cov: Array, generated: Array, n_real: int | None = None
) -> FrechetDistance:
    """Return the squared Fréchet distance of features to a Gaussian known by its mean and covariance alone.

    The standard error is the infinitesimal jackknife's over the generated set, the Gaussian held fixed.
    ``n_real``, where it is known, is what the Gaussian rests on. Needs two samples.
    """
    x2 = as_matrix(generated, "generated features")
    first_mean, first = (one.to(x2.device) for one in _gaussian(mean, cov))
    if x2.shape[1] != len(first_mean) or len(x2) < 2:
        raise InvalidInput(f"two samples or more of {len(first_mean)} features are needed")
    mean2, x2 = _centred(x2)
    second = x2.T @ x2 / (len(x2) - 1)
    plain = frechet_distance(first_mean, first, mean2, second)
    influence = _influence_of_generated(x2, *_transport(first, second), mean2 - first_mean)
    return replace(
        plain,
        standard_error=_standard_error(influence),
        warnings=plain.warnings + _few_samples_warning(n_real or len(x2), len(x2), x2.shape[1]),
    )


@dataclass(frozen=True)
class FrechetInfinity:
    """A Fréchet distance extrapolated to infinitely many generated samples; may be negative."""

    value: float
    standard_error: float
    points: tuple[tuple[int, float], ...]
    warnings: tuple[str, ...] = field(default=())


def fid_infinity(
    real: Array, generated: Array, *, points: int = 15, smallest: int | None = None, seed: int = 0
) -> FrechetInfinity:
    """Return the intercept of the line through the distances of ``points`` subset sizes against 1/n.

    Sizes run evenly from ``smallest`` (5,000 as published; a quarter of the set when it is smaller) to all;
    subsets are drawn without replacement from one seeded generator. The standard error is the line's
    (its points share samples, so it is too small). Chong and Forsyth 2020, "Effectively unbiased FID".
    """
    first, second = as_matrix(real, "real features"), as_matrix(generated, "generated features")
    same_width(first, second)
    n = len(second)
    low = smallest if smallest is not None else (5000 if n >= 10_000 else max(2, n // 4))
    if points < 3 or not 2 <= low < n:
        raise InvalidInput(f"an extrapolation needs 3 points between 2 and {n} samples")
    rng = np.random.default_rng(seed)
    reference = FeatureStatistics.of(first, device=first.device)
    measured = []
    for size in np.unique(np.linspace(low, n, points).astype(int)):
        rows = torch.from_numpy(rng.choice(n, int(size), replace=False)).to(second.device)
        part = FeatureStatistics.of(second[rows], device=second.device)
        value = frechet_distance(reference.mean, reference.cov, part.mean, part.cov).value
        measured.append((int(size), value))
    value, error = _intercept(measured)
    return FrechetInfinity(value, error, tuple(measured), _infinity_warnings(len(first), low))


def _intercept(measured: list[tuple[int, float]]) -> tuple[float, float]:
    inverse = np.array([1 / size for size, _ in measured])
    values = np.array([value for _, value in measured])
    design = np.stack([np.ones_like(inverse), inverse], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    freedom = max(len(values) - 2, 1)
    variance = float(((values - design @ coefficients) ** 2).sum()) / freedom
    covariance = variance * np.linalg.inv(design.T @ design)
    return float(coefficients[0]), float(covariance[0, 0] ** 0.5)


def _infinity_warnings(n_real: int, low: int) -> tuple[str, ...]:
    warnings = []
    if low < 5000:
        warnings.append(f"subsets from {low} samples on; the published method starts at 5,000")
    if n_real < FEW_SAMPLES:
        warnings.append(f"the bias of {n_real} real samples stays: only the generated side is extrapolated")
    return tuple(warnings)
