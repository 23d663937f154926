"""Numbers as people read them; what is missing becomes words."""

from __future__ import annotations

import pytest

from humaneval.reports.numbers import MISSING, column, counted, ends, in_unit, listed, plain, significant


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.4712, "share", "47.1%"),
        (3.14159, "points", "3.14"),
        (-0.5, "log-strength", "−0.50"),
        (None, "share", MISSING),
        (float("nan"), "points", MISSING),
        (float("inf"), "share", MISSING),
    ],
)
def test_a_value_is_said_in_its_unit(value, unit, said):
    assert in_unit(value, unit) == said


def test_an_interval_without_ends_is_said_in_words():
    assert ends(None, 0.5, "share") == "no interval"
    assert ends(-0.5, 0.25, "") == "[−0.50, 0.25]"


def test_a_zero_has_no_sign():
    assert plain(-0.0001, 2) == "0.00"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (12345.678, "12,346"),
        (0.00001234, "1.234e−05"),
        (2.0, "2.000"),
        (None, MISSING),
        (float("nan"), MISSING),
    ],
)
def test_significant_digits(value, said):
    assert significant(value) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([4.1, 38.2, None], ["4.10", "38.20", MISSING]),
        ([0.81, 0.02], ["0.810", "0.020"]),
        ([12345.0, 3.0], ["12,345", "3"]),
        ([0.0021, 0.0004], ["0.002100", "0.000400"]),
        ([0.0, 0.0], ["0", "0"]),
        ([-3.5, 1.0], ["−3.500", "1.000"]),
    ],
)
def test_a_column_shares_its_decimals(values, said):
    assert column(values) == said


def test_counts_and_lists_read_as_sentences():
    assert counted(1, "vote") == "1 vote"
    assert counted(1200, "vote") == "1,200 votes"
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
