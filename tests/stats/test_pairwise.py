"""Bradley-Terry and its kin against R, definitions and edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from humaneval.stats import (
    DisconnectedError,
    InputError,
    NotEstimableError,
    bradley_terry,
    crowd_bradley_terry,
    expected_ranks,
    plackett_luce,
    ranking,
    thurstone,
    win_rate,
    winner_influence,
)
from tests.stats.simulation import bradley_terry_votes

STIGLER = [[0, 730, 498, 221], [33, 0, 68, 17], [320, 813, 0, 142], [284, 276, 325, 0]]
JOURNALS = ["Biometrika", "Comm Statist", "JASA", "JRSS-B"]
TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
HOME_WINS = """
Milwaukee 43 42 43 61 42 60
Detroit 33 42 43 60 61 43
Toronto 25 43 24 43 42 60
New York 33 51 25 43 42 61
Boston 51 25 33 42 52 60
Cleveland 25 33 34 43 42 24
Baltimore 25 15 16 24 16 34
"""
TIE_WINS = [[0, 9, 13, 12], [6, 0, 10, 11], [3, 5, 0, 8], [2, 4, 6, 0]]
TIES = np.array([[0, 3, 4, 5], [3, 0, 2, 3], [4, 2, 0, 6], [5, 3, 6, 0]])
RANKING_ROWS = "1234 2134 1324 4123 3142 2143 1243 2314"
RANKINGS = [[int(place) for place in row] for row in RANKING_ROWS.split()]
PAIRS = "12 31 23 14 42 21 13 34 24 32 41 12 23 13 21 43 34 24 14 12 31 32 21 42 13 24 41 34 12 23"
VOTES = {
    "winner": np.array([int(pair[0]) for pair in PAIRS.split()]),
    "loser": np.array([int(pair[1]) for pair in PAIRS.split()]),
}


def _baseball():
    """Agresti's (1987) baseball season as votes: winner, loser, winner at home, count."""
    rows = []
    for line in HOME_WINS.strip().splitlines():
        home = line.rstrip("0123456789 ")
        others = [team for team in TEAMS if team != home]
        for away, (won, lost) in zip(others, line.removeprefix(home).split(), strict=True):
            rows += [(home, away, True, int(won)), (away, home, False, int(lost))]
    return zip(*rows, strict=True)


def test_stiglers_citations_are_those_of_bradleyterry2():
    found = bradley_terry(STIGLER, labels=JOURNALS)
    against = found.estimate - found.estimate[0]
    assert against[1:] == pytest.approx([-2.949072496844, -0.479569769752, 0.268954055819], abs=1e-8)
    assert found.difference("JRSS-B", "Biometrika").standard_error == pytest.approx(0.0708299651057, abs=1e-8)
    assert found.estimate.sum() == pytest.approx(0)


def test_the_home_advantage_is_that_of_bradleyterry2():
    winner, loser, home, counts = _baseball()
    found = bradley_terry(winner=winner, loser=loser, position=home, counts=counts, cluster="none")
    assert found.position_effect == pytest.approx(0.302260655528, abs=1e-8)
    assert found.position_standard_error == pytest.approx(0.130943642532, abs=1e-6)
    boston = found.difference("Boston", "Baltimore")
    assert boston.estimate == pytest.approx(1.143802653297, abs=1e-8)
    assert boston.standard_error == pytest.approx(0.337842188911, abs=1e-6)


@pytest.mark.parametrize(
    ("ties", "strengths", "errors", "parameter", "likelihood"),
    [
        ("davidson", [0.848522577593, 0.356402098752, -0.487361398764],
         [0.257575484093, 0.248513886637, 0.242955111089], 0.5845455136, -108.499067228),
        ("rao_kupper", [0.661362827823, 0.304024449530, -0.404966909468],
         [0.200236494960, 0.203969827173, 0.193760560667], 1.62635502226, -108.666851729),
    ],
)  # fmt: skip
def test_tie_models_are_the_maxima_r_finds(ties, strengths, errors, parameter, likelihood):
    found = bradley_terry(TIE_WINS, tied=TIES, ties=ties)
    assert found.estimate[:3] == pytest.approx(strengths, abs=2e-6)
    assert found.standard_error[:3] == pytest.approx(errors, abs=2e-5)
    assert found.tie_parameter == pytest.approx(parameter, abs=2e-6)
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-8)


def _plain_sandwich(votes, rater):
    """Logistic regression by one row a vote, and the rater sandwich, straight from the formulas.

    Each rater's score by a condition is divided by the root of what others tell of it.
    """
    k = 1 + max(votes["winner"].max(), votes["loser"].max())
    x = np.eye(k)[votes["winner"]] - np.eye(k)[votes["loser"]]
    basis = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, : k - 1]]))[0][:, 1:]
    z, b = x @ basis, np.zeros(k - 1)
    for _ in range(50):
        p = expit(z @ b)
        information = (z * (p * (1 - p))[:, None]).T @ z
        b = b + np.linalg.solve(information, z.T @ (1 - p))
    p = expit(z @ b)
    told = (p * (1 - p))[:, None] * x**2
    mine = [rater == name for name in np.unique(rater)]
    scores = np.stack([(x[own] * (1 - p[own])[:, None]).sum(axis=0) for own in mine])
    scores /= np.sqrt(1 - np.stack([told[own].sum(axis=0) for own in mine]) / told.sum(axis=0))
    bread = basis @ np.linalg.inv(information) @ basis.T
    return basis @ b, np.sqrt(np.diag(bread @ scores.T @ scores @ bread))


def test_the_table_and_one_row_a_vote_agree_to_ten_digits():
    votes = bradley_terry_votes(15, 20, np.random.default_rng(4))
    rater = votes.pop("rater")
    strengths, errors = _plain_sandwich(votes, rater)
    found = bradley_terry(**votes, rater=rater)
    assert found.estimate == pytest.approx(strengths, abs=1e-9)
    assert found.standard_error == pytest.approx(errors, abs=1e-9)


def test_each_bootstrap_replicate_is_a_fit_to_the_drawn_raters():
    votes = bradley_terry_votes(12, 30, np.random.default_rng(4))
    found = bradley_terry(**votes, replicates=5, seed=3)
    rng = np.random.default_rng(3)
    picks = rng.integers(0, 12, (5, 12))
    for draw, replicate in zip(picks, found.replicates, strict=True):
        rows = np.concatenate([np.flatnonzero(votes["rater"] == rater) for rater in draw])
        plain = bradley_terry(winner=votes["winner"][rows], loser=votes["loser"][rows])
        assert replicate == pytest.approx(plain.estimate, abs=1e-8)


def test_two_way_errors_are_never_below_the_larger_one_way():
    rng = np.random.default_rng(0)
    votes = bradley_terry_votes(20, 30, rng)
    item = rng.integers(0, 25, 600)
    rater = bradley_terry(**votes)
    by_item = bradley_terry(winner=votes["winner"], loser=votes["loser"], rater=item)
    both = bradley_terry(**votes, item=item, cluster="two_way")
    larger = np.maximum(rater.standard_error, by_item.standard_error)
    assert (both.standard_error >= larger - 1e-10).all()
    drawn = bradley_terry(**votes, item=item, cluster="two_way", replicates=300)
    assert (drawn.standard_error > 0.8 * rater.standard_error).all()


def test_a_tie_is_one_comparison():
    found = bradley_terry(winner=["a", "b", "a"], loser=["b", "a", "b"], tie=[False, False, True])
    assert found.n == 3
    assert found.estimate == pytest.approx([0, 0], abs=1e-12)


def test_thurstone_is_rs_probit_glm():
    votes = bradley_terry_votes(15, 20, np.random.default_rng(4))
    found = thurstone(winner=votes["winner"], loser=votes["loser"])
    d = found.estimate[votes["winner"]] - found.estimate[votes["loser"]]
    from scipy.stats import norm

    residual = norm.pdf(d) / norm.cdf(d)
    slopes = np.bincount(votes["winner"], residual) - np.bincount(votes["loser"], residual)
    assert slopes == pytest.approx(np.zeros(5), abs=1e-9)
    wide = thurstone(winner=votes["winner"], loser=votes["loser"], unit="sensation")
    assert wide.estimate == pytest.approx(found.estimate * np.sqrt(2))


def test_two_conditions_on_thurstones_scale_are_a_probit():
    assert np.ptp(thurstone([[0, 75], [25, 0]]).estimate) == pytest.approx(0.674489750196, abs=1e-10)


def test_plackett_luce_is_rs_partial_likelihood():
    found = plackett_luce(RANKINGS)
    expected = [0.905166372986, 0.388348000468, -0.481567885350, -0.811946488104]
    errors = [0.420589660954, 0.410552558052, 0.423812487370, 0.438201616971]
    assert found.estimate == pytest.approx(expected, abs=1e-7)
    assert found.standard_error == pytest.approx(errors, abs=1e-7)
    assert found.log_likelihood == pytest.approx(-21.5143695924, abs=1e-8)


def test_rankings_of_two_are_bradley_terry():
    rankings = [list(pair) for pair in zip(VOTES["winner"], VOTES["loser"], strict=True)]
    assert plackett_luce(rankings).estimate == pytest.approx(bradley_terry(**VOTES).estimate, abs=1e-9)


def test_rankings_of_two_are_clustered_two_way_as_bradley_terry_is():
    rng = np.random.default_rng(12)
    rater, item = np.repeat(np.arange(8), 20), np.tile(np.arange(20), 8)
    liking = rng.normal(size=(20, 3))[item] + 0.5 * rng.normal(size=(8, 3))[rater]
    first = rng.integers(0, 3, 160)
    second = (first + rng.integers(1, 3, 160)) % 3
    row = np.arange(160)
    won = rng.random(160) < 1 / (1 + np.exp(liking[row, second] - liking[row, first]))
    votes = {"winner": np.where(won, first, second), "loser": np.where(won, second, first)}
    pairs = bradley_terry(**votes, rater=rater, item=item, cluster="two_way")
    found = plackett_luce(np.stack([*votes.values()], axis=1), rater=rater, item=item)
    assert found.covariance == pytest.approx(pairs.covariance, abs=1e-9)
    assert found.clusters == {"rater": 8, "item": 20}
    assert found.degrees_of_freedom == pytest.approx(pairs.degrees_of_freedom)
    assert "clustered by rater and item" in found.method
    alone = plackett_luce(np.stack([*votes.values()], axis=1), rater=rater)
    own = plackett_luce(np.stack([*votes.values()], axis=1), rater=rater, item=row)
    assert own.covariance == pytest.approx(alone.covariance)
    with pytest.raises(InputError, match="item= needs rater="):
        plackett_luce([["a", "b"], ["b", "a"]], item=[1, 1])


def test_best_and_worst_of_three_is_the_whole_ranking_turned_round():
    triples = [["a", "b", "c"], ["b", "a", "c"], ["a", "c", "b"], ["c", "b", "a"]]
    best, worst = [row[0] for row in triples], [row[2] for row in triples]
    found = plackett_luce(best=best, worst=worst, offered=[list("abc")] * 4)
    # The last choice among two, reversed, has the same chance as the ranking's second choice.
    assert found.estimate == pytest.approx(plackett_luce(triples).estimate, abs=1e-9)


def test_a_top_choice_uses_what_was_offered():
    found = plackett_luce([["a"], ["a"], ["b"], ["c"]], offered=[list("abc")] * 4)
    chances = np.exp(found.estimate) / np.exp(found.estimate).sum()
    assert chances == pytest.approx([0.5, 0.25, 0.25], abs=1e-9)


def test_a_condition_that_always_wins_is_named_and_not_smoothed_silently():
    found = bradley_terry(winner=list("aaabcc"), loser=list("bcbcbb"))
    assert found.unbounded == {"a": "above"}
    assert "prior" in found.notes[0]
    assert np.isfinite(found.standard_error).all()
    with pytest.raises(NotEstimableError, match="infinite"):
        thurstone(winner=list("aaabcc"), loser=list("bcbcbb"))
    assert "prior" in plackett_luce([list("abc"), list("acb")]).notes[-1]


def test_groups_never_compared_are_named():
    with pytest.raises(DisconnectedError, match=r"\{a, b\}; \{c, d\}") as caught:
        bradley_terry(winner=list("abcd"), loser=list("badc"))
    assert caught.value.groups == (("a", "b"), ("c", "d"))
    with pytest.raises(DisconnectedError):
        plackett_luce([["a", "b"], ["b", "a"], ["c", "d"]])


def test_only_ties_are_even_or_not_estimable():
    votes = {"winner": ["a", "b"], "loser": ["b", "a"], "tie": [True, True]}
    assert bradley_terry(**votes).estimate == pytest.approx([0, 0])
    for ties in ("davidson", "rao_kupper"):
        with pytest.raises(NotEstimableError, match="tie"):
            bradley_terry(**votes, ties=ties)


def test_no_ties_make_every_tie_model_plain():
    plain = bradley_terry(**VOTES)
    for ties in ("davidson", "rao_kupper"):
        found = bradley_terry(**VOTES, ties=ties)
        assert found.estimate == pytest.approx(plain.estimate)
        assert "no ties" in found.notes[0]


def test_one_vote_one_rater_and_none():
    found = bradley_terry(winner=["a"], loser=["b"], rater=["r"])
    assert found.unbounded
    assert "one rater" in found.notes[-1]
    with pytest.raises(NotEstimableError, match="no votes"):
        bradley_terry(winner=[], loser=[])
    with pytest.raises(InputError, match="different conditions"):
        bradley_terry(winner=["a"], loser=["a"])


def test_ranks_of_clear_differences_are_certain():
    wins = np.array([[0, 90, 95, 99], [10, 0, 50, 90], [5, 50, 0, 90], [1, 10, 10, 0]])
    found = ranking(bradley_terry(wins))
    assert found.rank[[0, 3]].tolist() == [1, 4]
    assert (found.low[0], found.high[0]) == (1, 1)
    assert (found.low[1], found.high[1]) == (2, 3)
    assert found.tier.tolist() == [1, 2, 2, 3]
    assert found.best[0] > 0.99
    assert expected_ranks(bradley_terry(wins)).sum() == pytest.approx(10, abs=1e-9)


def test_rank_intervals_hold_all_true_ranks_together():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        found = ranking(bradley_terry(**bradley_terry_votes(30, 40, rng)), seed=1)
        held += bool(((found.low <= np.arange(1, 6)) & (np.arange(1, 6) <= found.high)).all())
    assert held >= 92


def test_win_rates_are_even_for_equals_and_average_one_half():
    found = win_rate(bradley_terry([[0, 6, 4], [4, 0, 6], [6, 4, 0]]))
    assert found.estimate == pytest.approx([0.5, 0.5, 0.5])
    other = win_rate(bradley_terry(STIGLER))
    assert other.estimate.mean() == pytest.approx(0.5)


def test_the_votes_said_to_change_the_winner_do():
    votes = bradley_terry_votes(20, 15, np.random.default_rng(9), deviation=0.3)
    found = winner_influence(**votes)
    keep = np.setdiff1d(np.arange(300), found.votes)
    without = bradley_terry(winner=votes["winner"][keep], loser=votes["loser"][keep])
    assert len(found.votes) == found.votes_to_change
    assert without.labels[without.estimate.argmax()] != found.winner
    with_one_more = np.append(keep, found.votes[0])
    assert len(with_one_more) == 300 - found.votes_to_change + 1


def test_a_winner_of_every_comparison_can_be_overturned_by_what_leaves_it_some():
    """Half of all votes are more than those of one of six: that it is gone then says nothing of its lead."""
    rng = np.random.default_rng(4)
    pairs = [(one, other) for one in range(6) for other in range(one + 1, 6) for _ in range(10)]
    won = np.array([one if one == 0 or rng.random() < 0.6 else other for one, other in pairs])
    votes = {"winner": won, "loser": np.array(pairs).sum(axis=1) - won}
    found = winner_influence(**votes, rater=np.arange(len(won)) % 20)
    keep = np.setdiff1d(np.arange(len(won)), found.votes)
    without = bradley_terry(winner=votes["winner"][keep], loser=votes["loser"][keep])
    assert found.winner == 0
    assert found.votes_to_change == len(found.votes) < 50
    assert len(without.labels) == 6
    assert without.labels[without.estimate.argmax()] != 0


def test_unreliable_raters_count_less():
    rng = np.random.default_rng(3)
    votes = bradley_terry_votes(20, 60, rng, deviation=0.0)
    guesses = votes["rater"] < 8
    flip = guesses & (rng.random(1200) < 0.5)
    winner = np.where(flip, votes["loser"], votes["winner"])
    loser = np.where(flip, votes["winner"], votes["loser"])
    found = crowd_bradley_terry(winner=winner, loser=loser, rater=votes["rater"], replicates=20)
    plain = bradley_terry(winner=winner, loser=loser)
    truth = np.array([0.9, 0.4, 0.0, -0.4, -0.9])
    assert found.reliability[:8].mean() < found.reliability[8:].mean() - 0.2
    assert np.diff(found.trace).min() > -1e-6
    assert np.abs(found.estimate - truth).sum() < np.abs(plain.estimate - truth).sum()
