"""Agreement coefficients against published values and plain definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from humaneval.stats import (
    InputError,
    NotEstimableError,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)

NAN = np.nan
KRIPPENDORFF_2011 = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "published"),
    [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)],
)
def test_alpha_of_krippendorffs_own_example(level, published):
    assert krippendorff_alpha(KRIPPENDORFF_2011, level=level).estimate == pytest.approx(published, abs=1e-6)


def test_fleiss_kappa_of_the_textbook_table():
    result = fleiss_kappa(FLEISS)
    assert result.estimate == pytest.approx(0.209931, abs=1e-6)
    assert result.units == 10
    assert result.n == 140


def test_a_table_and_its_votes_give_the_same():
    rater, item = np.nonzero(~np.isnan(KRIPPENDORFF_2011))
    answer = KRIPPENDORFF_2011[rater, item]
    for function in (krippendorff_alpha, percent_agreement, gwet_ac):
        by_table = function(KRIPPENDORFF_2011)
        by_votes = function(rater=rater, item=item, answer=answer)
        assert by_table.estimate == by_votes.estimate
        assert by_table.confidence_interval() == by_votes.confidence_interval()


def _plain_alpha(votes, difference):
    """Alpha straight from its definition: mean difference within units over that of all pairs."""
    units = {}
    for item, answer in votes:
        units.setdefault(item, []).append(answer)
    units = [answers for answers in units.values() if len(answers) > 1]
    everything = [answer for answers in units for answer in answers]
    observed = sum(
        sum(difference(a, b) for a, b in itertools.permutations(answers, 2)) / (len(answers) - 1)
        for answers in units
    ) / len(everything)
    pairs = list(itertools.permutations(everything, 2))
    return 1 - observed / (sum(difference(a, b) for a, b in pairs) / len(pairs))


@pytest.mark.parametrize(
    ("level", "difference"),
    [
        ("nominal", lambda a, b: float(a != b)),
        ("interval", lambda a, b: (a - b) ** 2),
        ("ratio", lambda a, b: ((a - b) / (a + b)) ** 2),
    ],
)
def test_the_fast_path_equals_the_definition(level, difference):
    rng = np.random.default_rng(5)
    item = rng.integers(0, 25, 120)
    answer = np.clip(np.round(item % 4 + rng.normal(0, 1, 120)), 1, 5)
    plain = _plain_alpha(list(zip(item, answer, strict=True)), difference)
    assert krippendorff_alpha(item=item, answer=answer, level=level).estimate == pytest.approx(
        plain, abs=1e-10
    )


def test_one_answer_an_item_cannot_agree():
    with pytest.raises(NotEstimableError, match="two raters"):
        krippendorff_alpha(rater=[1, 1, 1], item=[1, 2, 3], answer=[1, 2, 1])


def test_answers_all_alike_have_no_agreement_beyond_chance():
    with pytest.raises(NotEstimableError, match="alike"):
        krippendorff_alpha(rater=[1, 2, 1, 2], item=[1, 1, 2, 2], answer=[3, 3, 3, 3])
    assert percent_agreement(rater=[1, 2, 1, 2], item=[1, 1, 2, 2], answer=[3, 3, 3, 3]).estimate == 1.0


def test_a_repeat_of_the_same_rater_is_refused():
    with pytest.raises(InputError, match="more than once"):
        krippendorff_alpha(rater=[1, 1, 2], item=[1, 1, 1], answer=[1, 2, 1])
