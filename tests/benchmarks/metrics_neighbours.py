"""Precision, recall, density and coverage against prdc: ``python -m tests.benchmarks.metrics_neighbours``."""

from __future__ import annotations

import argparse
import contextlib
import io

import numpy as np
import torch

from metrics.manifold import count_balls, density_coverage_of, precision_recall_of
from metrics.neighbours import nearest_within
from tests.benchmarks.metrics_peers import measure, report


def ours(real: np.ndarray, generated: np.ndarray, k: int) -> dict[str, float]:
    """Return the four scores by this library."""
    neighbours = nearest_within(real, k), nearest_within(generated, k)
    balls = count_balls(real, generated, *neighbours, [k])[k]
    first, second = precision_recall_of(balls, k, True), density_coverage_of(balls, k, True)
    return {
        "precision": first.precision,
        "recall": first.recall,
        "density": second.density,
        "coverage": second.coverage,
    }


def theirs(real: np.ndarray, generated: np.ndarray, k: int) -> dict[str, float]:
    """Return the four scores by prdc."""
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        return {name: float(value) for name, value in compute_prdc(real, generated, k).items()}


def main() -> None:
    """Time both on the same features and print ratios of time and memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=10_000)
    parser.add_argument("-d", type=int, default=2048)
    parser.add_argument("--alone", action="store_true", help="without prdc, whose distances fill n x n")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    real = np.abs(rng.standard_normal((options.n, options.d), dtype=np.float32))
    generated = np.abs(rng.standard_normal((options.n, options.d), dtype=np.float32)) * np.float32(1.001)
    first = measure(lambda: ours(real, generated, 5))
    print(
        f"precision, recall, density, coverage: {options.n} x {options.d}, {torch.get_num_threads()} threads"
    )
    print(f"  ours {first.result}")
    if options.alone:
        inputs = (real.nbytes + generated.nbytes) / 2**20
        print(
            f"{first.core_seconds:.0f} core seconds; {first.peak_mb:.0f} MB above {inputs:.0f} MB of features"
        )
        return
    second = measure(lambda: theirs(real, generated, 5))
    print(f"  prdc {second.result}")
    report("precision, recall, density, coverage", first, second, 2.5)
    share = first.peak_mb / second.peak_mb
    print(
        f"peak above the inputs {first.peak_mb:.0f} MB (asked 200), "
        f"{share:.2f} of prdc's {second.peak_mb:.0f} MB (asked 0.4)"
    )


if __name__ == "__main__":
    main()
