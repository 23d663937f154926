"""Do intervals of strengths hold the truth where images or prompts repeat? ``python -m tests.benchmarks.shared_coverage``.

30 raters with tastes of their own (0.5 logits) give 60 votes on pairs of five conditions, or 10 orders of four;
images differ by so many logits. Beside each coverage stands that of clustering by raters alone. Last, how often each
of several conditions of one mean may still be the first and the last, as 95% of studies should say.
"""  # noqa: E501

from __future__ import annotations

import argparse

from tests.stats.simulation import Equals, Shown, coverage, one_of_equals, one_of_pairs, one_of_rankings

KINDS = {"pairs": (one_of_pairs, {}), "orders": (one_of_rankings, {"conditions": 4, "each": 10})}

SIZES = ((6, 3, 3), (10, 3, 6), (10, 12, 10), (30, 5, 20))
"""Raters, conditions, and images of each."""


def main() -> None:
    """Print a line for each design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--only", choices=("strengths", "ranks"))
    asked = parser.parse_args()
    if asked.only != "ranks":
        strengths(asked.studies)
    if asked.only != "strengths":
        ranks(asked.studies)


def ranks(studies: int) -> None:
    """Print how often ranks of equal conditions stay open."""
    for size in SIZES:
        for deviation in (0.0, 0.5):
            equals = Equals(*size, rater_deviation=deviation, image_deviation=deviation)
            held = coverage(lambda rng, equals=equals: one_of_equals(equals, rng), studies)
            raters, conditions, images = size
            name = f"{raters} raters, {conditions} conditions, {images} images each, {deviation} points"
            print(f"{name}: {held:.1%}", flush=True)


def strengths(studies: int) -> None:
    """Print how often intervals of strengths hold the truth."""
    for kind, (one, fixed) in KINDS.items():
        for matched in (True, False):
            for prompts in (10, 20, 40):
                for deviation in (0.5, 0.8):
                    shown = Shown(prompts=prompts, matched=matched, image_deviation=deviation, **fixed)
                    held = coverage(lambda rng, shown=shown, one=one: one(shown, rng), studies)
                    alone = coverage(lambda rng, shown=shown, one=one: one(shown, rng, alone=True), studies)
                    what = "prompts" if matched else "images a condition"
                    name = f"{kind:<7} {prompts} {what}, {deviation} logits"
                    print(f"{name}: {held:.1%} (raters alone {alone:.1%})", flush=True)


if __name__ == "__main__":
    main()
