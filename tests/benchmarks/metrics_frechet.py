"""Fréchet distance of 2048 dimensions against scipy's sqrtm and torch-fidelity.

``python -m tests.benchmarks.metrics_frechet``
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from metrics.extractors.vision_ops import import_torchvision
from metrics.frechet import frechet_distance
from tests.benchmarks.metrics_peers import best_of, measure, report


def by_sqrtm(mean1: np.ndarray, cov1: np.ndarray, mean2: np.ndarray, cov2: np.ndarray) -> float:
    """Return the distance as pytorch-fid computes it."""
    from scipy.linalg import sqrtm

    root = sqrtm(cov1 @ cov2).real
    return float(((mean1 - mean2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * np.trace(root))


def by_torch_fidelity(mean1: np.ndarray, cov1: np.ndarray, mean2: np.ndarray, cov2: np.ndarray) -> float:
    """Return the distance as torch-fidelity computes it."""
    import_torchvision()
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    first, second = {"mu": mean1, "sigma": cov1}, {"mu": mean2, "sigma": cov2}
    return float(fid_statistics_to_metric(first, second, False)["frechet_inception_distance"])


def main() -> None:
    """Time the three on covariances of n samples."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=10_000)
    parser.add_argument("-d", type=int, default=2048)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    sets = [rng.standard_normal((options.n, options.d)) * rng.uniform(0.1, 1, options.d) for _ in range(2)]
    statistics = [(x.mean(axis=0), np.cov(x, rowvar=False)) for x in sets]
    arguments = (*statistics[0], *statistics[1])
    by_torch_fidelity(*[a[:4] if a.ndim == 1 else a[:4, :4] for a in arguments])
    mine = best_of(lambda: frechet_distance(*arguments).value, 3)
    peer = measure(lambda: by_torch_fidelity(*arguments))
    root = measure(lambda: by_sqrtm(*arguments))
    print(f"Fréchet distance: {options.d} dimensions, n = {options.n}, {torch.get_num_threads()} threads")
    print(f"  ours {mine.result:.12g}, torch-fidelity {peer.result:.12g}, sqrtm {root.result:.12g}")
    report("against sqrtm", mine, root, 10)
    report("against torch-fidelity", mine, peer, 3)


if __name__ == "__main__":
    main()
