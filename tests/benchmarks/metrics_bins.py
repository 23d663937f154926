"""NDB's clustering against scikit-learn's ten restarts: ``python -m tests.benchmarks.metrics_bins``."""

from __future__ import annotations

import argparse

import numpy as np
import torch

from metrics.bins import ndb
from metrics.clustering import k_means
from tests.benchmarks.metrics_peers import measure, report


def features(count: int, dimension: int, seed: int) -> np.ndarray:
    """Return a mixture of 60 unequal, overlapping lumps in float32."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((60, dimension)) * 0.5
    weights = np.random.default_rng(9).dirichlet(np.full(60, 2.0))
    chosen = rng.choice(60, count, p=weights)
    return (centres[chosen] + rng.standard_normal((count, dimension))).astype(np.float32)


def main() -> None:
    """Time NDB whole against scikit-learn's clustering and assignment alone."""
    from sklearn.cluster import KMeans

    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=20_000)
    parser.add_argument("-d", type=int, default=2048)
    options = parser.parse_args()
    real, generated = (features(options.n, options.d, seed) for seed in (0, 1))

    def peer() -> float:
        model = KMeans(100, n_init=10, max_iter=100, random_state=0).fit(real)
        model.predict(generated)
        return float(model.inertia_)

    first = measure(lambda: ndb(real, generated, 100))
    inertia = k_means(real, 100).inertia
    second = measure(peer)
    print(f"NDB, 100 bins, {options.n} x {options.d}, {torch.get_num_threads()} threads")
    report("ours whole against scikit-learn's ten restarts", first, second, 2)
    print(f"inertia {inertia / second.result:.4f} of scikit-learn's (asked within 1.04)")


if __name__ == "__main__":
    main()
