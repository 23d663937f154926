"""Ready tables of counts give what the votes behind them give; a mixture of both is refused."""

from __future__ import annotations

import numpy as np
import pytest

import humaneval.stats as stats
from humaneval.stats import InputError, NotEstimableError

WINS = np.array([[0, 9, 13], [6, 0, 10], [3, 5, 0]])
CONFUSION = np.array([[11, 3, 1], [2, 14, 3], [1, 2, 9]])
RATINGS = np.array([[3, 8, 9, 20], [12, 11, 10, 4]])
SHARES = np.array([[0, 0, 4], [0, 2, 2], [3, 1, 0], [1, 1, 2], [0, 4, 0], [2, 2, 0]])


def _cells(table):
    row, column = np.nonzero(table)
    times = table[row, column].astype(int)
    return np.repeat(row, times), np.repeat(column, times)


def _units():
    """Return SHARES as votes."""
    item, answer = _cells(SHARES)
    return {"item": item, "answer": answer}


def _pairs():
    winner, loser = _cells(WINS)
    return {"winner": winner, "loser": loser}


SIGNALS = [[30, 10], [12, 28]]
ROW, COLUMN = _cells(np.array(SIGNALS))
SAME = {
    "Bradley-Terry": (lambda: stats.bradley_terry(counts=WINS), lambda: stats.bradley_terry(**_pairs())),
    "Bradley-Terry, first": (lambda: stats.bradley_terry(counts=WINS), lambda: stats.bradley_terry(WINS)),
    "Bradley-Terry, Davidson": (
        lambda: stats.bradley_terry(counts=WINS, tied=3 - 3 * np.eye(3), ties="davidson"),
        lambda: stats.bradley_terry(WINS, tied=3 - 3 * np.eye(3), ties="davidson"),
    ),
    "Thurstone": (lambda: stats.thurstone(counts=WINS), lambda: stats.thurstone(**_pairs())),
    "Cohen": (lambda: stats.cohen_kappa(counts=CONFUSION), lambda: stats.cohen_kappa(CONFUSION)),
    "percent": (lambda: stats.percent_agreement(counts=SHARES), lambda: stats.percent_agreement(**_units())),
    "Fleiss": (lambda: stats.fleiss_kappa(counts=SHARES), lambda: stats.fleiss_kappa(**_units())),
    "alpha": (
        lambda: stats.krippendorff_alpha(counts=SHARES, level="interval"),
        lambda: stats.krippendorff_alpha(**_units(), level="interval"),
    ),
    "Gwet": (lambda: stats.gwet_ac(counts=SHARES), lambda: stats.gwet_ac(**_units())),
    "overview": (
        lambda: stats.agreement_overview(counts=SHARES).gwet,
        lambda: stats.agreement_overview(**_units()).gwet,
    ),
    "rate": (lambda: stats.rate(counts=[30, 10]), lambda: stats.rate(successes=30, trials=40)),
    "d'": (
        lambda: stats.dprime(counts=SIGNALS),
        lambda: stats.dprime(hits=30, misses=10, false_alarms=12, correct_rejections=28),
    ),
    "d', forced choice": (
        lambda: stats.dprime(counts=[30, 10], task="two_afc"),
        lambda: stats.dprime(successes=30, trials=40, task="two_afc"),
    ),
    "ordinal d'": (
        lambda: stats.ordinal_dprime(counts=RATINGS),
        lambda: stats.ordinal_dprime(_cells(RATINGS)[1], signal=1 - _cells(RATINGS)[0]),
    ),
    "rate difference": (
        lambda: stats.rate_difference(counts=SIGNALS),
        lambda: stats.rate_difference(1 - COLUMN, condition=ROW, method="newcombe"),
    ),
    "cumulative link": (
        lambda: stats.cumulative_link(counts=RATINGS),
        lambda: stats.cumulative_link(_cells(RATINGS)[1] + 1, condition=_cells(RATINGS)[0]),
    ),
    "Plackett-Luce": (
        lambda: stats.plackett_luce(["abc", "bac", "cab"], counts=[5, 3, 2]),
        lambda: stats.plackett_luce(["abc"] * 5 + ["bac"] * 3 + ["cab"] * 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_table_is_its_votes(name):
    ready, votes = (call() for call in SAME[name])
    assert ready.estimate == pytest.approx(votes.estimate, abs=1e-10)
    assert ready.standard_error == pytest.approx(votes.standard_error, abs=1e-10)
    assert ready.n == votes.n
    ours, theirs = ready.confidence_interval(), votes.confidence_interval()
    assert np.ravel(ours) == pytest.approx(np.ravel(theirs), abs=1e-10)


def test_alphas_columns_may_have_values():
    item, answer = _cells(SHARES)
    plain = stats.krippendorff_alpha(item=item, answer=np.array([1, 2, 5])[answer], level="interval")
    found = stats.krippendorff_alpha(counts=SHARES, values=[1, 2, 5], level="interval")
    assert found.estimate == pytest.approx(plain.estimate, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: stats.bradley_terry(counts=[1, 2, 3]), "win matrix"),
        (lambda: stats.bradley_terry(WINS, counts=WINS), "once"),
        (lambda: stats.bradley_terry(WINS, counts=[1, 2]), "once"),
        (lambda: stats.bradley_terry(counts=WINS[:2]), "square"),
        (lambda: stats.bradley_terry(winner=[1], loser=[2], counts=WINS), "one number a row"),
        (lambda: stats.bradley_terry(winner=[1], counts=WINS), "winner= and loser="),
        (lambda: stats.bradley_terry(WINS, winner=[1], loser=[2]), "not both"),
        (lambda: stats.bradley_terry(counts=WINS, tie=[True]), "tied="),
        (lambda: stats.bradley_terry(winner=[1], loser=[2], tied=WINS), "go with a win matrix"),
        (lambda: stats.bradley_terry(counts=WINS, rater=[1]), "needs the votes"),
        (lambda: stats.thurstone(counts=[1.0, 2]), "win matrix"),
        (lambda: stats.cohen_kappa(CONFUSION, counts=CONFUSION), "once"),
        (lambda: stats.cohen_kappa(counts=CONFUSION, rater=[1]), "not both"),
        (lambda: stats.cohen_kappa(counts=CONFUSION[:2]), "square"),
        (lambda: stats.cohen_kappa(counts=-CONFUSION), "whole numbers"),
        (lambda: stats.cohen_kappa(counts=CONFUSION / 2), "whole numbers"),
        (lambda: stats.cohen_kappa(counts=[["a"]]), "counts must be"),
        (lambda: stats.fleiss_kappa(counts=SHARES, item=[1], answer=[1]), "not both"),
        (lambda: stats.gwet_ac([[1, 2], [1, 2]], counts=SHARES), "not both"),
        (lambda: stats.gwet_ac([[1, 2], [1, 2]], item=[1], answer=[2]), "not both"),
        (lambda: stats.krippendorff_alpha([[1, 2], [1, 2]], values=[1, 2]), "columns of counts"),
        (lambda: stats.krippendorff_alpha(counts=SHARES, values=[1, 2]), "one rising number a column"),
        (lambda: stats.icc([[1, 2], [1, 2]], rater=[1]), "not both"),
        (lambda: stats.kendall_w([[1, 2], [1, 2]], rater=[1]), "not both"),
        (lambda: stats.rate([1, 0], counts=[1, 1]), "not both"),
        (lambda: stats.rate(counts=[1, 1, 1]), "two numbers"),
        (lambda: stats.dprime(counts=[1, 1]), "2 x 2"),
        (lambda: stats.dprime(counts=SIGNALS, task="two_afc"), "two numbers"),
        (lambda: stats.dprime([1], counts=SIGNALS), "not both"),
        (lambda: stats.ordinal_dprime(counts=CONFUSION), "2 x k"),
        (lambda: stats.ordinal_dprime([1, 2]), "signal="),
        (lambda: stats.rate_difference(counts=CONFUSION), "2 x 2"),
        (lambda: stats.rate_difference([1, 0]), "condition="),
        (lambda: stats.cumulative_link(counts=[1, 2]), "conditions x categories"),
        (lambda: stats.cumulative_link(), "answer="),
        (lambda: stats.plackett_luce(["ab", "ba"], counts=[1]), "one number a ranking"),
        (lambda: stats.plackett_luce(["ab", "ba"], counts=[1, 2], rater=[1, 2]), "not both"),
    ],
)
def test_what_is_ambiguous_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_an_empty_table_holds_no_votes():
    for call in (
        lambda: stats.cohen_kappa(counts=np.zeros((2, 2))),
        lambda: stats.fleiss_kappa(counts=np.zeros((2, 2))),
        lambda: stats.bradley_terry(counts=np.zeros((2, 2))),
        lambda: stats.dprime(counts=np.zeros((2, 2))),
    ):
        with pytest.raises(NotEstimableError, match="There are no"):
            call()
