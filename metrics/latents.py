"""VAE diagnostics from posterior means and log-variances: how much of the latent space is used."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from metrics.arrays import Array, as_matrix
from metrics.errors import InvalidInput


@dataclass(frozen=True)
class ActiveUnits:
    """Which latent dimensions carry information.

    ``active`` counts dimensions whose posterior mean varies by more than ``threshold`` over the data
    (Burda et al. 2016); ``active_by_kl`` those whose mean KL to the prior exceeds ``kl_threshold`` nats
    (None without log-variances or KL). ``variance`` is None when only KL was given.
    """

    dimension: int
    n: int
    variance: np.ndarray | None
    kl: np.ndarray | None
    threshold: float
    kl_threshold: float

    @property
    def active(self) -> int | None:
        """Dimensions with variance of posterior means above the threshold; None without means."""
        return None if self.variance is None else int((self.variance > self.threshold).sum())

    @property
    def active_by_kl(self) -> int | None:
        """Dimensions with mean KL above its threshold; None without log-variances or KL."""
        return None if self.kl is None else int((self.kl > self.kl_threshold).sum())

    @property
    def collapsed_share(self) -> float:
        """The share of dimensions that are not active, by variance where known, else by KL."""
        active = self.active if self.active is not None else self.active_by_kl
        return 1 - (active or 0) / self.dimension


def active_units(
    means: Array,
    log_variances: Array | None = None,
    *,
    threshold: float = 0.01,
    kl_threshold: float = 0.01,
) -> ActiveUnits:
    """Return the active units of posterior means (n, d) and, where given, log-variances (n, d).

    Variances over the data have n - 1 in the denominator. KL by dimension is to the standard normal
    prior, (m^2 + s^2 - 1 - log s^2) / 2 nats, averaged over the data.
    """
    mu = as_matrix(means, "posterior means")
    if len(mu) < 2:
        raise InvalidInput("the variance of posterior means needs at least two samples")
    kl = None if log_variances is None else _kl(mu, as_matrix(log_variances, "log-variances"))
    variance = mu.var(dim=0).cpu().numpy()
    return ActiveUnits(mu.shape[1], len(mu), variance, kl, threshold, kl_threshold)


def active_units_from_kl(kl: Array, *, kl_threshold: float = 0.01) -> ActiveUnits:
    """Return the active units of KL values in nats: (n, d) for each sample, or (d) already averaged."""
    values = as_matrix(kl if kl.ndim == 2 else kl[None, :], "KL values")
    mean = values.mean(dim=0).cpu().numpy()
    return ActiveUnits(values.shape[1], len(values), None, mean, 0.01, kl_threshold)


def _kl(mu: torch.Tensor, log_variance: torch.Tensor) -> np.ndarray:
    if mu.shape != log_variance.shape:
        shapes = tuple(mu.shape), tuple(log_variance.shape)
        raise InvalidInput(f"means and log-variances must have one shape, not {shapes[0]} and {shapes[1]}")
    each = (mu.square() + log_variance.exp() - 1 - log_variance) / 2
    return each.mean(dim=0).cpu().numpy()


MEAN_KEYS = ("means", "mean", "mu")
LOG_VARIANCE_KEYS = ("log_variances", "log_variance", "logvar", "log_var")
KL_KEYS = ("kl", "kl_by_dimension", "kld")


def read_latents(path: str | Path) -> dict[str, np.ndarray]:
    """Return ``means``, ``log_variances`` and ``kl``, those that a .npz, .pt or .safetensors file holds.

    Raises InvalidInput naming the keys found and wanted when none fits.
    """
    arrays = _read_arrays(Path(path))
    wanted = {"means": MEAN_KEYS, "log_variances": LOG_VARIANCE_KEYS, "kl": KL_KEYS}
    found = {}
    for name, keys in wanted.items():
        present = [key for key in keys if key in arrays]
        if present:
            found[name] = arrays[present[0]]
    if "means" not in found and "kl" not in found:
        raise InvalidInput(
            f"{path} holds {sorted(arrays) or 'nothing'}: an array called 'means' "
            "(and 'log_variances') or 'kl' is needed"
        )
    return found


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise InvalidInput(f"{path} is not a file")
    readers = {".npz": _read_npz, ".pt": _read_torch, ".pth": _read_torch, ".safetensors": _read_safetensors}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(f"{path.name}: latents are read from {', '.join(readers)}")
    return reader(path)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"{path.name} is not a readable npz file: {error}") from error


def _read_torch(path: Path) -> dict[str, np.ndarray]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a broken file
        raise InvalidInput(f"{path.name} is not a file of tensors: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{path.name} must hold a dictionary of tensors, not {type(content).__name__}")
    return {
        str(key): value.detach().float().numpy()
        for key, value in content.items()
        if isinstance(value, torch.Tensor)
    }


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise InvalidInput(f"{path.name} is not a readable safetensors file: {error}") from error
