"""Scores of single items beside where people put them among the others of a line-up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from humaneval.stats import InputError, NotEstimableError, item_correlations, lineup_correlations


def ballots(
    rng: np.random.Generator,
    *,
    lineups: int = 16,
    size: int = 2,
    conditions: int = 2,
    raters: int = 8,
    each: int = 3,
    slope: float = 0.0,
    times: int = 1,
) -> dict[str, Any]:
    """Return orders of line-ups of one item of each of ``size`` conditions; an item stands in ``times``.

    Each line-up (of items that are shown once) has a prompt that moves all its scores and no place. People
    like what they like (``slope`` of the score beside much else), better conditions, and some conditions more
    than others do.
    """
    pool = -(-lineups * size // (times * conditions)) + 1
    decks = [
        np.concatenate([rng.permutation(pool) for _ in range(times + 1)]).tolist() for _ in range(conditions)
    ]
    shown = [rng.permutation(conditions)[:size] for _ in range(lineups)]
    items = np.array([[one * pool + decks[one].pop() for one in chosen] for chosen in shown])
    condition = np.repeat(np.arange(conditions), pool)
    score = rng.normal(size=pool * conditions) + condition
    liking = slope * score + rng.normal(size=len(score)) + condition
    taste = 0.5 * rng.normal(size=(raters, len(score))) + rng.normal(size=(raters, conditions))[:, condition]
    if times == 1:
        for row in items:
            score[row] += 3 * rng.normal()
    rows = []
    for number, row in enumerate(items):
        for rater in rng.permutation(raters)[:each].tolist():
            place = np.argsort(np.argsort(liking[row] + taste[rater, row] + rng.gumbel(size=size)))
            rows += [(above / (size - 1), rater, one, number) for above, one in zip(place, row, strict=True)]
    answer, rater, item, lineup = (np.array(column) for column in zip(*rows, strict=True))
    known = np.unique(item)
    return {
        "answer": answer, "rater": rater, "item": item, "lineup": lineup, "scores": score[known],
        "stratum": condition[known],
    }  # fmt: skip


def places(study: dict[str, Any], kept: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return line-up, item, score and mean answer of each item in each line-up that has two or more left."""
    item, lineup = study["item"][kept], study["lineup"][kept]
    pairs = np.unique(np.stack([lineup, item], axis=1), axis=0)
    pairs = pairs[[(pairs[:, 0] == one).sum() > 1 for one in pairs[:, 0]]]
    means = [study["answer"][kept][(lineup == row) & (item == one)].mean() for row, one in pairs.tolist()]
    at = np.searchsorted(np.unique(study["item"]), pairs[:, 1])
    return pairs[:, 0], at, study["scores"][at], np.array(means)


def residuals(values: np.ndarray, *labels: np.ndarray) -> np.ndarray:
    """Return what dummies of some labels leave of values, by least squares."""
    dummies = np.hstack([(label[:, None] == np.unique(label)[None]).astype(float) for label in labels])
    return (values - dummies @ np.linalg.lstsq(dummies, values)[0]).round(9)


def coefficient(study: dict[str, Any], kept: np.ndarray, test, *, within: bool) -> float:
    lineup, at, score, answer = places(study, kept)
    labels = (lineup, study["stratum"][at]) if within else (lineup,)
    return float(test(residuals(score, *labels), residuals(answer, *labels)).statistic)


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
@pytest.mark.parametrize("times", [1, 3])
def test_the_coefficients_are_those_of_residuals(kind: str, within: bool, times: int) -> None:
    study = ballots(np.random.default_rng(1), size=3, conditions=5, times=times, slope=0.5)
    (found,) = lineup_correlations(**study)
    test = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[kind]
    everything = np.ones(len(study["answer"]), dtype=bool)
    assert found[kind, within].estimate == pytest.approx(coefficient(study, everything, test, within=within))
    assert (found[kind, within].n, found[kind, within].items) == (16 * 3 * 3, 16 * 3)


def jackknifed(values: list[float]) -> float:
    z = np.arctanh(values)
    return float(((z - z.mean()) ** 2).sum() * (len(z) - 1) / len(z))


@pytest.mark.parametrize("times", [1, 2])
def test_the_error_is_that_of_leaving_out_each_rater_prompt_and_ballot(times: int) -> None:
    study = ballots(np.random.default_rng(2), lineups=12, size=3, conditions=3, raters=5, each=2, times=times)
    group = study["lineup"] // 2 if times == 1 else study["lineup"]
    (found,) = lineup_correlations(**study, group=group)
    rater, item = study["rater"], study["item"]

    def variance(column: np.ndarray) -> float:
        kept = (column != one for one in np.unique(column))
        return jackknifed([coefficient(study, one, stats.pearsonr, within=True) for one in kept])

    by_rater, by_set, by_ballot = variance(rater), variance(group), variance(group * 10 + rater)
    if times > 1:
        by_set += max(variance(item) - variance(study["lineup"] * 1000 + item), 0)
    joined = max(by_rater + by_set - by_ballot, by_rater, by_set)
    one = found["pearson", True]
    assert one.standard_error == pytest.approx((1 - one.estimate**2) * np.sqrt(joined))
    assert one.clusters == {"rater": 5, "line-up": len(np.unique(group))}
    assert "two-way jackknife by rater (5 one by one) and line-up" in one.method


def test_a_prompt_that_moves_all_its_scores_changes_nothing() -> None:
    """A raw correlation drowns in what scores differ by between prompts."""
    study = ballots(np.random.default_rng(3), lineups=40, size=4, conditions=4, slope=1.5)
    moved = study | {"scores": study["scores"].copy()}
    for row in range(40):
        inside = np.isin(np.unique(study["item"]), study["item"][study["lineup"] == row])
        moved["scores"][inside] += 10 * (row % 7)
    (found,), (same,) = lineup_correlations(**study), lineup_correlations(**moved)
    for key, one in found.items():
        assert same[key].estimate == pytest.approx(one.estimate)
        assert same[key].standard_error == pytest.approx(one.standard_error)
    one = found["pearson", True]
    low, _ = one.confidence_interval()
    assert low > 0.1
    raw = {name: column for name, column in moved.items() if name != "lineup"}
    assert abs(item_correlations(**raw)[0]["pearson", True].estimate) < one.estimate / 2


def spread(studies: int, **design: Any) -> tuple[float, float]:
    """Return the mean error of Fisher's z, and how the z of as many studies really vary."""
    rng = np.random.default_rng(4)
    found = [lineup_correlations(**ballots(rng, **design))[0]["pearson", True] for _ in range(studies)]
    errors = [one.standard_error / (1 - one.estimate**2) for one in found]
    return float(np.sqrt(np.mean(np.square(errors)))), float(
        np.std(np.arctanh([one.estimate for one in found]))
    )


def test_two_of_a_ballot_are_one_observation() -> None:
    """Taken for independent items, they would make the error smaller by a root of two."""
    told, true = spread(40, lineups=12, raters=5)
    independent = 1 / np.sqrt(2 * 12 - 3)
    assert true > 1.15 * independent
    assert 0.85 * true < told < 1.5 * true


@pytest.mark.slow
@pytest.mark.parametrize(
    "design",
    [
        {"lineups": 40, "size": 2, "conditions": 2},
        {"lineups": 40, "size": 4, "conditions": 4},
        {"lineups": 40, "size": 3, "conditions": 5, "raters": 12},
        {"lineups": 60, "size": 2, "conditions": 2, "times": 3, "raters": 12},
        {"lineups": 40, "size": 4, "conditions": 4, "slope": 0.7},
        {"lineups": 60, "size": 3, "conditions": 3, "slope": 0.7, "times": 3},
    ],
    ids=str,
)
def test_intervals_hold_the_truth(design: dict[str, Any]) -> None:
    """The truth is 0 where the score says nothing, else what so many studies give in the mean."""
    rng, studies = np.random.default_rng(5), 150
    found = [lineup_correlations(**ballots(rng, **design))[0] for _ in range(studies)]
    for kind in ("pearson", "spearman"):
        mine = [one[kind, True] for one in found]
        truth = np.tanh(np.mean(np.arctanh([one.estimate for one in mine]))) if "slope" in design else 0.0
        ends = [one.confidence_interval() for one in mine]
        assert np.mean([low <= truth <= high for low, high in ends]) > 0.91


def test_what_cannot_be_compared_is_said() -> None:
    alone = {"answer": [1.0, 0.0], "rater": [1, 1], "item": [1, 2], "scores": [1.0, 2.0], "stratum": [0, 1]}
    with pytest.raises(NotEstimableError, match="needs two of them, of two items each"):
        lineup_correlations(**alone, lineup=[1, 1])
    with pytest.raises(NotEstimableError, match="needs two of them"):
        lineup_correlations(**alone, lineup=[1, 2])
    with pytest.raises(InputError, match="one entry for each of the 2 items, not 1"):
        lineup_correlations(**(alone | {"stratum": [0]}), lineup=[1, 1])
    study = ballots(np.random.default_rng(6), raters=1, each=1)
    assert "one rater" in lineup_correlations(**study)[0]["pearson", True].notes[0]
