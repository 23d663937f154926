"""Published statistics: the npz files of pytorch-fid, TTUR, clean-fid and ADM, read and written."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metrics.errors import InvalidInput


@dataclass(frozen=True)
class PublishedStatistics:
    """Mean (d) and covariance (d, d) in float64, and features (n, d) where the file holds them.

    ``n`` is None where the file does not say how many samples it rests on.
    """

    mean: np.ndarray
    cov: np.ndarray
    n: int | None = None


def read_statistics(path: str | Path) -> PublishedStatistics:
    """Return the statistics in an npz file: ``mu, sigma`` (pytorch-fid, TTUR, clean-fid, ADM).

    ADM's reference batches also hold ``arr_0`` (images) and ``mu_s, sigma_s`` (spatial): left alone.
    Raises InvalidInput naming the arrays that the file holds when these are missing.
    """
    source = Path(path)
    try:
        with np.load(source, allow_pickle=False) as archive:
            held = {name: archive[name] for name in archive.files if name in ("mu", "sigma", "n")}
            names = archive.files
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"{source} is not a readable npz file: {error}") from error
    if "mu" not in held or "sigma" not in held:
        raise InvalidInput(f"{source} holds {', '.join(names) or 'nothing'}; 'mu' and 'sigma' are needed")
    mean, cov = held["mu"].astype(np.float64).reshape(-1), held["sigma"].astype(np.float64)
    if cov.shape != (len(mean), len(mean)):
        raise InvalidInput(f"{source}: a mean of {len(mean)} with a covariance of {cov.shape}")
    return PublishedStatistics(mean, cov, int(held["n"]) if "n" in held else None)


def write_statistics(path: str | Path, mean: np.ndarray, cov: np.ndarray, n: int | None = None) -> None:
    """Write ``mu`` and ``sigma`` in float64 as pytorch-fid does, with ``n`` beside them when it is known."""
    mu, sigma = np.asarray(mean, dtype=np.float64), np.asarray(cov, dtype=np.float64)
    if n is None:
        np.savez(Path(path), mu=mu, sigma=sigma)
    else:
        np.savez(Path(path), mu=mu, sigma=sigma, n=np.asarray(n, dtype=np.int64))
