"""The statistics at a million votes beside their peers: ``python -m tests.benchmarks.stats_speed``.

Peers are optional (``pip install arenakit crowd-kit krippendorff scikit-learn``); a missing one is named and
its line left out. Times are medians after a warm-up; slow peers run once, on fewer votes or replicates where
said, scaled to the whole. Only ratios are to be trusted on a shared machine.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from humaneval.stats import (
    bradley_terry,
    cumulative_link,
    dawid_skene,
    krippendorff_alpha,
    pairwise_accuracy,
    plackett_luce,
)


@dataclass(frozen=True)
class Goal:
    """One line of the report: how many times faster than the peer, against the goal."""

    what: str
    ours: float
    theirs: float
    goal: float
    remark: str = ""

    def __str__(self) -> str:
        ratio = self.theirs / self.ours
        verdict = "reached" if ratio >= self.goal else "MISSED"
        return (
            f"{self.what:<58} {self.ours:9.3f} s {self.theirs:10.2f} s {ratio:9.1f}x  goal {self.goal:>5g}x "
            f"{verdict}  {self.remark}"
        )


def seconds(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    gc.collect()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def median(call: Callable[[], object], runs: int = 5) -> float:
    """Return the median time after one warm-up."""
    call()
    return float(np.median([seconds(call) for _ in range(runs)]))


@dataclass(frozen=True, eq=False)
class Preferences:
    """Pairwise votes with ties of raters of unequal diligence."""

    winner: np.ndarray
    loser: np.ndarray
    tie: np.ndarray
    rater: np.ndarray
    conditions: int


def preferences(votes: int, conditions: int = 20, raters: int = 2000) -> Preferences:
    """Return simulated votes, one in five a tie."""
    rng = np.random.default_rng(1)
    strength = np.sort(rng.normal(0, 1, conditions))
    first = rng.integers(0, conditions, votes)
    second = (first + rng.integers(1, conditions, votes)) % conditions
    first_wins = rng.random(votes) < expit(strength[first] - strength[second])
    return Preferences(
        np.where(first_wins, first, second),
        np.where(first_wins, second, first),
        rng.random(votes) < 0.2,
        rng.integers(0, raters, votes),
        conditions,
    )


def _regression(data: Preferences, rows: np.ndarray) -> np.ndarray:
    """Fit Bradley-Terry as arenas do: one row a vote, ties twice, scikit-learn's logistic regression."""
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([rows, rows])
    half = len(rows) // 2
    design = np.zeros((len(rows), data.conditions))
    place = np.arange(len(rows))
    design[place, data.winner[rows]] = 1.0
    design[place, data.loser[rows]] = -1.0
    outcome = np.ones(len(rows))
    outcome[half:][data.tie[rows[half:]]] = 0.0
    flip = place % 2 == 0
    design[flip] *= -1
    outcome[flip] = 1 - outcome[flip]
    model = LogisticRegression(fit_intercept=False, C=1e9, tol=1e-6, max_iter=200)
    return np.asarray(model.fit(design, outcome).coef_[0])


def against_regression(data: Preferences) -> list[Goal]:
    """A point estimate, and a thousand row bootstraps as FastChat makes them."""
    votes = len(data.winner)
    point = median(lambda: bradley_terry(winner=data.winner, loser=data.loser, tie=data.tie))
    peer = float(np.median([seconds(lambda: _regression(data, np.arange(votes))) for _ in range(2)]))
    draws = median(
        lambda: bradley_terry(winner=data.winner, loser=data.loser, tie=data.tie, replicates=1000), 3
    )
    rows = np.random.default_rng(0).integers(0, votes, votes)
    one = seconds(lambda: _regression(data, rows))
    return [
        Goal("Bradley-Terry point, against scikit-learn's regression", point, peer, 40),
        Goal(
            "1,000 row bootstraps, against FastChat's way", draws, 1000 * one, 1000, "peer: one refit x 1,000"
        ),
    ]


def _arena(data: Preferences):  # type: ignore[no-untyped-def]
    """Return an arenakit Arena of the votes, its columns set straight from arrays."""
    from arenakit import Arena, Battle

    names = [f"m{number:02d}" for number in range(data.conditions)]
    arena = Arena([Battle(model_a=names[0], model_b=names[1], winner="a")], names)
    arena.a, arena.b = data.winner.astype(np.int32), data.loser.astype(np.int32)
    from arenakit import schema

    arena.y = np.where(data.tie, schema.TIE, schema.A_WINS).astype(np.int8)
    arena.voter = data.rater.astype(np.int64)
    return arena


def against_arenakit(data: Preferences) -> list[Goal]:
    """A thousand bootstraps over raters."""
    import arenakit

    columns = {"winner": data.winner, "loser": data.loser, "tie": data.tie, "rater": data.rater}
    ours = median(lambda: bradley_terry(**columns, replicates=1000), 3)
    arena = _arena(data)
    few = 20
    theirs = seconds(lambda: arenakit.bootstrap(arena, n_resamples=few, cluster="voter")) * 1000 / few
    return [
        Goal("1,000 rater bootstraps, against arenakit", ours, theirs, 10, f"peer: {few} replicates scaled")
    ]


def against_krippendorff(votes: int) -> list[Goal]:
    """Alpha with a thousand replicates in the time of the peer's ten."""
    import krippendorff

    rng = np.random.default_rng(2)
    raters, items = 500, votes // 10
    item = np.repeat(np.arange(items), 10)
    rater = ((np.arange(items) * 37)[:, None] + np.arange(10) * 7).ravel() % raters
    answer = np.clip(np.round(3 + rng.normal(0, 1, items)[item] + rng.normal(0, 1, len(item))), 1, 5)
    ours = median(
        lambda: krippendorff_alpha(rater=rater, item=item, answer=answer, level="ordinal", replicates=1000), 3
    )
    table = np.full((raters, items), np.nan, dtype=np.float32)
    table[rater, item] = answer
    theirs = 10 * seconds(lambda: krippendorff.alpha(table, level_of_measurement="ordinal"))
    return [
        Goal("alpha with 1,000 replicates, against krippendorff's ten", ours, theirs, 1, "peer: one x 10")
    ]


def against_crowdkit(votes: int) -> list[Goal]:
    """Dawid-Skene for the same number of iterations."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    rng = np.random.default_rng(3)
    items = votes // 5
    truth = rng.integers(0, 3, items)
    item = np.repeat(np.arange(items), 5)
    rater = rng.integers(0, 1000, len(item))
    right = rng.random(len(item)) < rng.beta(6, 2, 1000)[rater]
    answer = np.where(right, truth[item], rng.integers(0, 3, len(item)))
    keep = ~pd.DataFrame({"r": rater, "i": item}).duplicated().to_numpy()
    columns = {"rater": rater[keep], "item": item[keep], "answer": answer[keep]}
    rounds = 10
    ours = median(lambda: dawid_skene(**columns, maximum_iterations=rounds, tolerance=-1.0), 3)
    frame = pd.DataFrame({"task": columns["item"], "worker": columns["rater"], "label": columns["answer"]})
    theirs = seconds(lambda: DawidSkene(n_iter=rounds, tol=0.0).fit(frame))
    return [Goal(f"Dawid-Skene, {rounds} iterations, against crowd-kit", ours, theirs, 7)]


def against_statsmodels(votes: int, peer_votes: int) -> list[Goal]:
    """Proportional odds on a condition factor."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rng = np.random.default_rng(4)
    condition = rng.integers(0, 6, votes)
    answer = np.clip(np.round(3 + 0.2 * condition + rng.logistic(0, 0.7, votes)), 1, 5)
    ours = median(lambda: cumulative_link(answer, condition=condition))
    design = np.eye(6)[condition[:peer_votes]][:, 1:]

    def peer() -> object:
        return OrderedModel(answer[:peer_votes], design, distr="logit").fit(method="bfgs", disp=False)

    theirs = seconds(peer) * votes / peer_votes
    return [
        Goal("ordinal logit, against OrderedModel", ours, theirs, 500, f"peer: {peer_votes:,} votes scaled")
    ]


def published_tie_calibration(human: list[float], metric: list[float]) -> tuple[float, float]:
    """Return epsilon and accuracy as published: list all pairs, sort, sweep, in plain Python."""
    pairs = []
    for i in range(len(human)):
        for j in range(i + 1, len(human)):
            order = (human[i] > human[j]) - (human[i] < human[j])
            pairs.append(
                (abs(metric[i] - metric[j]), order, (metric[i] > metric[j]) - (metric[i] < metric[j]))
            )
    pairs.sort(key=lambda pair: pair[0])
    right = sum(1 for _, order, said in pairs if order == said)
    best, epsilon = right, 0.0
    for number, (gap, order, said) in enumerate(pairs):
        if gap > 0:
            right += (order == 0) - (order == said)
        last = number + 1 == len(pairs) or pairs[number + 1][0] > gap
        if last and right > best:
            best, epsilon = right, float(gap)
    return epsilon, best / len(pairs)


def against_published_calibration() -> list[Goal]:
    """Tie calibration of 800 items."""
    rng = np.random.default_rng(5)
    human = rng.integers(0, 5, 800).astype(float)
    metric = human + rng.normal(0, 1.5, 800)
    found = pairwise_accuracy(human, metric)
    epsilon, accuracy = published_tie_calibration(human.tolist(), metric.tolist())
    if abs(found.estimate - accuracy) > 1e-12 or abs(found.epsilon - epsilon) > 1e-12:
        raise AssertionError("The fast calibration and the published one disagree.")
    ours = median(lambda: pairwise_accuracy(human, metric))
    theirs = seconds(lambda: published_tie_calibration(human.tolist(), metric.tolist()))
    return [Goal("tie calibration of 800 items, as published", ours, theirs, 20)]


def without_peer(votes: int) -> str:
    """Return what orders of four images cost, clustered by rater and by each image shown."""
    rng = np.random.default_rng(6)
    image = rng.integers(0, 1000, (votes, 4)) + 1000 * np.argsort(rng.random((votes, 5)), axis=1)[:, :4]
    orders = np.take_along_axis(image // 1000, np.argsort(rng.random((votes, 4)), axis=1), axis=1)
    rater = rng.integers(0, 5000, votes)
    ours = median(lambda: plackett_luce(orders, rater=rater, item=image), 3)
    return f"orders of four, clustered by rater and by each of 5,000 images, no peer {ours:11.3f} s"


def main() -> None:
    """Print each comparison as it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--ordinal-peer-votes", type=int, default=100_000)
    parser.add_argument("--only", default="", help="a part of a comparison's name")
    parser.add_argument("--json", type=Path, help="a file to write the figures to")
    options = parser.parse_args()
    comparisons: dict[str, Callable[[], list[Goal]]] = {
        "tie calibration": against_published_calibration,
        "arenakit": lambda: against_arenakit(preferences(options.votes)),
        "regression": lambda: against_regression(preferences(options.votes)),
        "krippendorff": lambda: against_krippendorff(options.votes),
        "crowdkit": lambda: against_crowdkit(options.votes),
        "statsmodels": lambda: against_statsmodels(options.votes, options.ordinal_peer_votes),
    }
    sys.stdout.write(f"{options.votes:,} votes; ours, peer, peer / ours\n")
    found: list[Goal] = []
    for name, compare in comparisons.items():
        if options.only not in name:
            continue
        try:
            goals = compare()
            lines = [str(goal) for goal in goals]
            found += goals
        except ImportError as error:
            lines = [f"{name}: left out, the peer is not installed ({error.name})"]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        if options.json:
            options.json.write_text(json.dumps([asdict(goal) for goal in found], indent=1) + "\n")
    if options.only in "plackett_luce":
        sys.stdout.write(f"{without_peer(options.votes)}\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"peak memory of the whole run, peers included: {peak:.0f} MB\n")


if __name__ == "__main__":
    main()
