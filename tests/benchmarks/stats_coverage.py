"""How often do 95% intervals hold the truth? ``python -m tests.benchmarks.stats_coverage``.

2,000 simulated studies each, fewer for the few that take a tenth of a second and more. Raters and items are
drawn anew in each study; the truth is the population's. The naive intervals stand beside ours. Studies run in
hundreds (each with a seed of its own) on ``--processes`` processes: first all of the intervals people get
by default, then of each of the others in turn, until all are done or ``--seconds`` are over; the number of
studies stands beside each figure, and ``--json`` keeps it all.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from humaneval.stats import (
    NotEstimableError,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from tests.benchmarks.stats_coverage_models import model_scenarios
from tests.benchmarks.stats_coverage_orders import order_scenarios
from tests.stats.simulation import (
    Crowd,
    covered,
    one_bradley_terry,
    one_mean,
    one_mean_difference,
    one_rate,
    one_rate_difference,
)

One = Callable[[np.random.Generator], object]
DEFAULTS = ("rate", "mean", "Bradley-Terry")
"""How the names begin of the intervals that are promised: they are simulated first."""
SLOW = {
    "psychometric threshold": 1000,
    "cumulative link, random raters": 200,
    "Crowd-BT": 300,
    "hierarchical bootstrap": 500,
    "correlation o": 500,
}
"""Studies of those that take long, at most (by how the name begins)."""
CHUNK = 100


def scenarios(raters: int) -> dict[str, One]:
    """Return the simulated studies of so many raters, by name."""
    full = Crowd(raters=raters, items=40, each=40)
    sparse = Crowd(raters=raters, items=200, each=20)
    uneven = Crowd(raters=raters, items=40, each=40, rater_deviation=1.5, item_deviation=0.3)
    return {
        "rate, every rater on every item": lambda rng: one_rate(full, rng),
        "rate, 20 of 200 items each": lambda rng: one_rate(sparse, rng),
        "rate near 0.9": lambda rng: one_rate(full, rng, mean=2.5),
        "rate, raters far apart": lambda rng: one_rate(uneven, rng),
        "rate, cluster bootstrap": lambda rng: one_rate(
            full, rng, method="cluster_bootstrap", replicates=500
        ),
        "rate, naive Wilson": lambda rng: one_rate(full, rng, method="wilson"),
        "rate difference": lambda rng: one_rate_difference(full, rng),
        "mean opinion score": lambda rng: one_mean(full, rng),
        "mean opinion score, sparse": lambda rng: one_mean(sparse, rng),
        "mean difference": lambda rng: one_mean_difference(full, rng),
        "Bradley-Terry, 40 votes each": lambda rng: one_bradley_terry(raters, rng),
        "Bradley-Terry, 10 votes each": lambda rng: one_bradley_terry(raters, rng, each=10),
        "Bradley-Terry, votes as independent": lambda rng: one_bradley_terry(raters, rng, cluster="none"),
        "Bradley-Terry, bootstrap over raters": lambda rng: one_bradley_terry(raters, rng, replicates=200),
        "percent agreement": lambda rng: one_agreement(raters, rng, percent_agreement),
        "Krippendorff's alpha": lambda rng: one_agreement(raters, rng, krippendorff_alpha),
        "Fleiss' kappa": lambda rng: one_agreement(raters, rng, fleiss_kappa),
        "Gwet's AC1": lambda rng: one_agreement(raters, rng, gwet_ac),
    }


def all_scenarios(raters: int) -> dict[str, One]:
    """Return every simulated study of so many raters, by name."""
    return scenarios(raters) | model_scenarios(raters) | order_scenarios(raters)


_AGREEMENT: dict[str, float] = {}


def _agreement_votes(raters: int, items: int, each: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return yes/no votes of raters of unequal skill on items, ``each`` raters an item."""
    skill = rng.beta(8, 3, raters)
    item = np.repeat(np.arange(items), each)
    rater = np.argsort(rng.random((items, raters)), axis=1)[:, :each].ravel()
    truth = rng.random(items) < 0.4
    answer = np.where(rng.random(len(item)) < skill[rater], truth[item], ~truth[item])
    return {"rater": rater, "item": item, "answer": answer.astype(int)}


def one_agreement(raters: int, rng: np.random.Generator, measure: Callable[..., object]) -> bool:
    """Return whether the interval of an agreement holds its value in a very large crowd."""
    name = measure.__name__
    if name not in _AGREEMENT:
        large = _agreement_votes(2000, 40_000, 5, np.random.default_rng(0))
        _AGREEMENT[name] = measure(**large, replicates=2).estimate  # type: ignore[attr-defined]
    found = measure(**_agreement_votes(raters, 100, 5, rng), replicates=300)
    return covered(found.confidence_interval(), _AGREEMENT[name])  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Chunk:
    """So many studies of one scenario, in one process, from a seed of their own."""

    raters: int
    name: str
    number: int
    studies: int


@dataclass
class Cell:
    """What the studies of one scenario have shown so far."""

    raters: int
    name: str
    held: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def coverage(self) -> float:
        """Share of studies (and of the parameters of each) whose interval held the truth."""
        return float(np.mean(self.held))

    @property
    def error(self) -> float:
        """Simulation error of the coverage."""
        return float(np.std(self.held) / np.sqrt(len(self.held)))

    def __str__(self) -> str:
        refused = f", {self.refused} more refused as not estimable" if self.refused else ""
        return (
            f"{self.raters:4d} raters  {self.name:<40} {self.coverage:6.1%} ± {self.error:.1%}"
            f"  ({len(self.held):,} studies{refused})"
        )


def studied(chunk: Chunk) -> tuple[Chunk, list[float]]:
    """Simulate one chunk; return for each study that has an answer the share of its intervals that held."""
    one = all_scenarios(chunk.raters)[chunk.name]
    rng = np.random.default_rng([1, chunk.raters, chunk.number])
    held = []
    for _ in range(chunk.studies):
        try:
            held.append(float(np.mean(np.asarray(one(rng)))))
        except NotEstimableError:  # said to the user, counted here as refused
            continue
    return chunk, held


def plan(sizes: list[int], replicates: int, only: str) -> list[Chunk]:
    """Return all chunks: the promised intervals first, then each of the others' in turn."""
    promised, others = [], []
    for raters in sizes:
        for name in all_scenarios(raters):
            if only.lower() not in name.lower():
                continue
            most = min(
                (studies for slow, studies in SLOW.items() if name.startswith(slow)), default=replicates
            )
            chunks = list(_chunks(raters, name, min(most, replicates)))
            (promised if name.startswith(DEFAULTS) else others).extend(chunks)
    return promised + sorted(others, key=lambda chunk: chunk.number)


def _chunks(raters: int, name: str, studies: int) -> Iterator[Chunk]:
    size = CHUNK if not name.startswith(tuple(SLOW)) else 10
    for number, start in enumerate(range(0, studies, size)):
        yield Chunk(raters, name, number, min(size, studies - start))


def simulate(chunks: list[Chunk], processes: int, seconds: float) -> list[Cell]:
    """Run the chunks until all are done or the time is over; return what was found, in the plan's order."""
    cells = {(chunk.raters, chunk.name): Cell(chunk.raters, chunk.name) for chunk in chunks}
    end = time.monotonic() + seconds
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        done = pool.imap_unordered(studied, chunks)
        for _ in chunks:
            try:
                chunk, held = done.next(timeout=max(end - time.monotonic(), 0.01))
            except multiprocessing.TimeoutError:
                break
            cell = cells[chunk.raters, chunk.name]
            cell.held.extend(held)
            cell.refused += chunk.studies - len(held)
        pool.terminate()
    return [cell for cell in cells.values() if cell.held]


def main() -> None:
    """Print coverage by scenario for 10, 30 and 100 raters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--raters", type=int, nargs="*", default=[10, 30, 100])
    parser.add_argument("--only", default="", help="a part of a scenario's name")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=3600.0, help="stop after so many seconds")
    parser.add_argument("--json", type=Path, help="a file to write the figures to")
    options = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"  # each process is one of many
    found = simulate(
        plan(options.raters, options.replicates, options.only), options.processes, options.seconds
    )
    for cell in found:
        sys.stdout.write(f"{cell}\n")
    if options.json:
        rows = [
            {
                "raters": cell.raters,
                "name": cell.name,
                "coverage": cell.coverage,
                "error": cell.error,
                "studies": len(cell.held),
                "refused": cell.refused,
            }
            for cell in found
        ]
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
