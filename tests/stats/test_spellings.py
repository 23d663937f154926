"""Missing values and the spellings of arguments: read as meant or refused, never taken for answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from humaneval.stats import (
    InputError,
    NotEstimableError,
    bradley_terry,
    by_condition,
    compare_correlations,
    confidence_sequence,
    cumulative_link,
    dawid_skene,
    human_metric_correlation,
    krippendorff_alpha,
    next_pairs,
    pairwise_accuracy,
    plackett_luce,
    rate,
)

NAN = float("nan")
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


def _text(cell: float, absent: object) -> object:
    return absent if cell != cell else "-abcde"[int(cell)]


@pytest.mark.parametrize("absent", [None, NAN, "", pd.NA])
def test_missing_cells_of_a_table_of_texts_are_no_answer(absent):
    table = [[_text(cell, absent) for cell in row] for row in KRIPPENDORFF]
    found = krippendorff_alpha(table, replicates=10)
    assert (found.n, round(found.estimate, 3)) == (41, 0.743)


@pytest.mark.parametrize(
    "column",
    [list, np.asarray, pd.Series, lambda cells: pd.Series(cells).astype("Int64")],
)
def test_missing_answers_of_long_votes_are_no_answer(column):
    cells = [cell for row in KRIPPENDORFF for cell in row]
    rater, item = np.repeat(range(4), 12), np.tile(range(12), 4)
    found = krippendorff_alpha(rater=rater, item=item, answer=column(cells), level="interval", replicates=10)
    assert (found.n, round(found.estimate, 3)) == (41, 0.849)


@pytest.mark.parametrize("absent", [None, NAN, pd.NA])
def test_a_missing_label_is_no_label(absent):
    with pytest.raises(InputError, match="1 missing"):
        bradley_terry(winner=["a", absent, "b"], loser=["b", "a", "a"])
    with pytest.raises(InputError, match="1 missing"):
        dawid_skene(rater=[1, 2, 1, 2], item=[1, 1, 2, 2], answer=["a", "b", absent, "a"])
    with pytest.raises(InputError, match="1 missing"):
        by_condition(rate, condition=["a", absent, "a"], answer=[1, 0, 1])


def _duel(n=200):
    rng = np.random.default_rng(3)
    left = rng.random(n) < 0.5
    ahead = rng.random(n) < 0.5 + 0.1 * left
    return np.where(ahead, "a", "b"), np.where(ahead, "b", "a"), left, rng.integers(0, 10, n)


@pytest.mark.parametrize("names", [(1, 0), (1, -1), (1.0, -1.0), ("first", "second"), ("left", "right")])
def test_positions_have_many_spellings(names):
    winner, loser, left, _ = _duel()
    plain = bradley_terry(winner=winner, loser=loser, position=left)
    spelt = bradley_terry(winner=winner, loser=loser, position=np.where(left, *names))
    assert spelt.position_effect == plain.position_effect != 0


def test_other_positions_and_ties_are_refused():
    winner, loser, left, _ = _duel()
    with pytest.raises(InputError, match="position says"):
        bradley_terry(winner=winner, loser=loser, position=np.where(left, "here", "there"))
    with pytest.raises(InputError, match="tie has 200 missing"):
        bradley_terry(winner=winner, loser=loser, tie=np.full(200, NAN))
    with pytest.raises(InputError, match="ties= names the model"):
        bradley_terry(winner=winner, loser=loser, ties=left)


def test_clusters_may_be_a_column():
    winner, loser, _, rater = _duel()
    named = bradley_terry(winner=winner, loser=loser, rater=rater)
    column = bradley_terry(winner=winner, loser=loser, cluster=rater)
    assert (column.standard_error == named.standard_error).all()
    naive = bradley_terry(winner=winner, loser=loser, rater=rater, cluster=None)
    assert naive.method.endswith("model-based errors")


def test_zou_tests_by_his_interval():
    found = compare_correlations(r12=0.396, r13=0.179, r23=0.088, n=66, test="zou")
    low, high = found.confidence_interval(0.95)
    # Zou (2007), page 410: -0.093 to 0.517
    assert (round(low, 3), round(high, 3)) == (-0.093, 0.517)
    assert found.confidence_interval(1 - found.pvalue)[0] == pytest.approx(0, abs=1e-9)
    with pytest.raises(InputError, match="williams, steiger or zou"):
        compare_correlations(r12=0.4, r13=0.2, r23=0.1, n=66, test="t")


def test_raters_who_do_not_differ_are_said():
    rng = np.random.default_rng(1)
    answer, condition = rng.integers(1, 6, 200), np.random.default_rng(10).choice(["A", "B"], 200)
    with pytest.raises(NotEstimableError, match="do not differ"):
        cumulative_link(answer, condition=condition, rater=np.repeat(range(20), 10), random="rater")


def test_rankings_of_a_data_frame_may_be_short():
    rows = [["a", "b", "c"], ["b", "a"], ["a", "c", "b"], ["c", "b", "a"]]
    padded = [row + [None] * (3 - len(row)) for row in rows]
    assert (plackett_luce(pd.DataFrame(padded)).estimate == plackett_luce(rows).estimate).all()
    with pytest.raises(InputError, match="best first"):
        plackett_luce([1, 2, 3])


def test_next_pairs_reads_a_win_matrix():
    wins = np.array([[0, 5, 1], [2, 0, 4], [3, 3, 0]])
    won, lost = np.nonzero(wins)
    long = next_pairs(winner=won, loser=lost, counts=wins[won, lost], count=4)
    assert next_pairs(counts=wins, count=4).pairs == long.pairs
    assert (next_pairs(conditions=["a", "b", "c"], counts=wins, count=4).gain == long.gain).all()


def test_replicates_without_a_pair_are_left_out():
    found = pairwise_accuracy([1, 2, 2, 3], [0.1, 0.2, 0.25, 0.24], replicates=200)
    assert np.isfinite([found.standard_error, *found.confidence_interval(0.95)]).all()


def test_a_sequence_without_raters_takes_votes_as_raters():
    answer = np.random.default_rng(0).integers(0, 2, 100)
    alone = confidence_sequence(answer)
    assert alone.confidence_interval(0.95) == confidence_sequence(
        answer, rater=np.arange(100)
    ).confidence_interval(0.95)
    assert any("No raters" in note for note in alone.notes)


def test_a_handful_of_systems_in_perfect_order_has_no_point_interval():
    rng = np.random.default_rng(3)
    found = human_metric_correlation(
        answer=rng.normal(size=120) + 3 * np.repeat([0, 1, 2, 3], 30),
        condition=np.repeat(list("abcd"), 30),
        rater=np.tile(range(10), 12),
        metric={"a": 1, "b": 2, "c": 2.5, "d": 5},
        replicates=200,
    )
    low, high = found.confidence_interval(0.95)
    assert (found.estimate, high) == (1.0, 1.0)
    assert low < 0.5
