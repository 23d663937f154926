"""How often do 95% intervals hold the truth? ``python -m tests.benchmarks.stats_coverage``.

2,000 simulated studies each.
Raters and items are drawn anew in each study; the truth is the population's. The naive intervals stand
beside ours. One study takes about a millisecond.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np

from humaneval.stats import fleiss_kappa, gwet_ac, krippendorff_alpha, percent_agreement
from tests.benchmarks.stats_coverage_models import model_scenarios
from tests.stats.simulation import (
    Crowd,
    coverage,
    covered,
    one_bradley_terry,
    one_mean,
    one_mean_difference,
    one_rate,
    one_rate_difference,
)

One = Callable[[np.random.Generator], object]


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


def main() -> None:
    """Print coverage by scenario for 10, 30 and 100 raters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--raters", type=int, nargs="*", default=[10, 30, 100])
    parser.add_argument("--only", default="", help="a part of a scenario's name")
    options = parser.parse_args()
    for raters in options.raters:
        for name, one in (scenarios(raters) | model_scenarios(raters)).items():
            if options.only.lower() in name.lower():
                found = coverage(one, options.replicates)
                sys.stdout.write(f"{raters:4d} raters  {name:<40} {found:.1%}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
