"""Cohen's kappa, ICC, Kendall's W and the overview, against R's psych and textbooks."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.stats import (
    InputError,
    NotEstimableError,
    agreement_overview,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    icc,
    kendall_w,
    krippendorff_alpha,
    percent_agreement,
)
from tests.stats.test_agreement import KRIPPENDORFF_2011

CONFUSION = [[44, 5, 1], [7, 20, 3], [9, 5, 6]]
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)
FLEISS_1971_ROWS = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006
10050 11040 03300 10050 02031 00501 30012 51000 02040 10203
00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
FLEISS_1971 = [[int(count) for count in row] for row in FLEISS_1971_ROWS.split()]


def test_fleiss_own_psychiatrists():
    assert fleiss_kappa(FLEISS_1971).estimate == pytest.approx(0.430, abs=5e-4)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [("identity", 0.491525423729), ("linear", 0.473684210526), ("quadratic", 0.454545454545)],
)
def test_kappa_is_psychs(weights, expected):
    assert cohen_kappa(CONFUSION, weights=weights).estimate == pytest.approx(expected, abs=1e-10)


def _kappa(share, weight):
    expected = share.sum(axis=1) @ weight @ share.sum(axis=0)
    return ((share * weight).sum() - expected) / (1 - expected)


@pytest.mark.parametrize("weights", ["identity", "quadratic"])
def test_kappas_error_is_the_delta_methods(weights):
    share = np.array(CONFUSION, float) / 100
    step = np.arange(3)
    weight = np.eye(3) if weights == "identity" else 1 - (step[:, None] - step) ** 2 / 4
    slope = np.zeros((3, 3))
    for cell in np.ndindex(3, 3):
        moved = share.copy()
        moved[cell] += 1e-7
        slope[cell] = (_kappa(moved / moved.sum(), weight) - _kappa(share, weight)) / 1e-7
    variance = ((share * slope**2).sum() - (share * slope).sum() ** 2) / 100
    assert cohen_kappa(CONFUSION, weights=weights).standard_error == pytest.approx(variance**0.5, rel=1e-5)


def test_kappas_error_is_psychs():
    assert cohen_kappa(CONFUSION).standard_error == pytest.approx(0.0721274592933, abs=1e-10)


def test_kappa_of_votes_is_that_of_their_confusion():
    first = np.repeat([0, 0, 0, 1, 1, 1, 2, 2, 2], np.ravel(CONFUSION))
    second = np.repeat([0, 1, 2, 0, 1, 2, 0, 1, 2], np.ravel(CONFUSION))
    item = np.arange(100)
    found = cohen_kappa(
        rater=["a"] * 100 + ["b"] * 100, item=np.tile(item, 2), answer=np.concatenate([first, second])
    )
    assert found.estimate == pytest.approx(0.491525423729, abs=1e-10)
    assert (found.confusion == CONFUSION).all()


@pytest.mark.parametrize(
    ("form", "estimate", "low", "high"),
    [
        ("ICC1", 0.1657417684, -0.13293232487, 0.7225600623),
        ("ICC2", 0.2897637795, 0.01878651337, 0.7610843696),
        ("ICC3", 0.7148407148, 0.34246476503, 0.9458582600),
        ("ICC1k", 0.4427971337, -0.88444215524, 0.9124154203),
        ("ICC2k", 0.6200505476, 0.07113681530, 0.9272320402),
        ("ICC3k", 0.9093155424, 0.67567471382, 0.9858916782),
    ],
)
def test_all_six_forms_are_psychs(form, estimate, low, high):
    found = icc(SHROUT_FLEISS, form=form)
    assert found.estimate == pytest.approx(estimate, abs=1e-9)
    assert found.confidence_interval() == pytest.approx((low, high), abs=1e-9)


def test_the_two_conventions_differ_for_averaged_agreement_only():
    steps = icc(SHROUT_FLEISS, form="ICC2k").confidence_interval()
    other = icc(SHROUT_FLEISS, form="ICC2k", convention="irr").confidence_interval()
    assert steps != pytest.approx(other, abs=1e-3)
    assert (
        icc(SHROUT_FLEISS, convention="irr").confidence_interval() == icc(SHROUT_FLEISS).confidence_interval()
    )


def test_missing_cells_leave_the_moments_near_the_complete_table():
    rng = np.random.default_rng(0)
    table = rng.normal(0, 1, (200, 1)) + rng.normal(0, 0.5, (1, 8)) + rng.normal(0, 1, (200, 8))
    complete = icc(table).estimate
    table[rng.random(table.shape) < 0.4] = np.nan
    sparse = icc(table, replicates=200)
    assert sparse.estimate == pytest.approx(complete, abs=0.04)
    low, high = sparse.confidence_interval()
    assert low < complete < high


def test_kendalls_w_is_friedmans_statistic():
    found = kendall_w(SHROUT_FLEISS.T)
    assert found.estimate == pytest.approx(0.887037037037, abs=1e-10)
    assert found.pvalue == pytest.approx(0.00328950924368, abs=1e-10)
    assert kendall_w([[1, 2, 3], [1, 2, 3]]).estimate == 1.0


def test_gwets_coefficient_of_his_own_example():
    assert gwet_ac(KRIPPENDORFF_2011).estimate == pytest.approx(0.775444, abs=1e-6)
    assert gwet_ac(KRIPPENDORFF_2011, weights="quadratic").estimate == pytest.approx(0.914001, abs=1e-6)


def test_the_overview_says_why_kappa_is_low_when_nearly_all_agree():
    rng = np.random.default_rng(0)
    answer = (rng.random(400) < 0.05).astype(int)
    found = agreement_overview(
        rater=np.tile(np.arange(4), 100), item=np.repeat(np.arange(100), 4), answer=answer
    )
    assert found.gwet.estimate > 0.8
    assert found.fleiss.estimate < 0.2
    assert any("Gwet" in sentence for sentence in found.explanation)


def test_raters_who_differ_widen_the_interval():
    rng = np.random.default_rng(0)
    rater = np.repeat(np.arange(6), 300)
    item = np.tile(np.arange(300), 6)
    skill = np.array([0.99, 0.99, 0.99, 0.5, 0.5, 0.5])
    answer = np.where(rng.random(1800) < skill[rater], item % 2, 1 - item % 2)
    known = krippendorff_alpha(rater=rater, item=item, answer=answer)
    unknown = krippendorff_alpha(item=item, answer=answer)
    assert known.estimate == unknown.estimate
    assert np.ptp(known.confidence_interval()) > 2 * np.ptp(unknown.confidence_interval())
    assert "these raters only" in unknown.notes[0]


def test_weighted_percent_agreement_gives_neighbours_half():
    assert percent_agreement([[1, 2], [2, 3]], weights="linear").estimate == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: cohen_kappa([[5, 0], [0, 0]]), NotEstimableError, "undefined"),
        (lambda: cohen_kappa(rater=[1, 2, 3], item=[1, 1, 1], answer=[0, 1, 0]), InputError, "two raters"),
        (lambda: cohen_kappa(rater=[1, 2], item=[1, 2], answer=[0, 1]), NotEstimableError, "in common"),
        (lambda: icc([[1, 2]]), NotEstimableError, "two items"),
        (lambda: icc([[3, 3], [3, 3]]), NotEstimableError, "do not vary"),
        (lambda: kendall_w([[1, 1], [2, 2]]), NotEstimableError, "no order"),
        (lambda: kendall_w([[1, np.nan], [2, 1]]), InputError, "every item"),
        (lambda: gwet_ac([["a", "b"], ["a", "a"]], weights="linear"), InputError, "no order"),
        (lambda: krippendorff_alpha([["a", "b"], ["a", "a"]], level="interval"), InputError, "no order"),
        (lambda: krippendorff_alpha([[1, 2], [1, 2]], level="cubic"), InputError, "level is"),
        (lambda: krippendorff_alpha([[-1, 2], [1, 2]], level="ratio"), InputError, "negative"),
    ],
)
def test_what_cannot_be_is_said(call, error, message):
    with pytest.raises(error, match=message):
        call()
