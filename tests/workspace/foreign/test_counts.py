"""Counts in place of votes: of protocols that ask yes or no, as a number or as a share."""

from __future__ import annotations

import pytest

from humaneval.workspace.foreign.reporting import Request, analyse
from tests.workspace.foreign.files import csv_of, refusal, shares


@pytest.mark.parametrize("protocol", ["pairwise", "likert", "ranking"])
def test_protocols_that_counts_cannot_tell_are_refused(tmp_path, protocol):
    file = csv_of(tmp_path / "counts.csv", "rater,condition,successes,trials", [(1, "a", 3, 5)])
    said = refusal(file=file, preset="aggregates", protocol=protocol)
    assert "Aggregates are counts of yes and no, of the protocols “real_or_fake”, “two_afc”" in said


def test_a_share_with_its_number_is_as_good_as_the_count(tmp_path):
    rows = [(1, "ours", 6, 10), (2, "ours", 1, 3), (1, "theirs", 2, 16)]
    counts = csv_of(tmp_path / "counts.csv", "rater,model,successes,n", rows)
    said = [(1, "ours", "60%", 10), (2, "ours", "0.33", 3), (1, "theirs", "12.5 %", 16)]
    share = csv_of(tmp_path / "shares.csv", "rater,model,share,n", said)
    found = [analyse(Request(file, preset="aggregates")) for file in (counts, share)]
    expected = pytest.approx({"ours": 7 / 13, "theirs": 0.125})
    assert [shares(one) for one in found] == [expected, expected]


@pytest.mark.parametrize(
    ("share", "said"),
    [
        ("0.47", "0.47 of 10 is no whole number of answers"),
        ("47", "share is “47”, which is more than all: write 0.47, or 47%"),
        ("half", "share is “half”: write a share such as 0.47"),
    ],
)
def test_a_share_that_cannot_be_is_no_row(tmp_path, share, said):
    file = csv_of(tmp_path / "shares.csv", "rater,model,share,n", [(1, "a", share, 10)])
    assert said in refusal(file=file, preset="aggregates")


@pytest.mark.parametrize("protocol", ["two_afc", "real_or_fake"])
def test_counts_of_the_right_answers_are_not_taken_for_successes(tmp_path, protocol):
    file = csv_of(tmp_path / "counts.csv", "rater,model,correct,n", [(1, "a", 8, 10)])
    request = {"file": file, "preset": "aggregates", "protocol": protocol}
    assert "Columns with no meaning yet: “correct”" in refusal(**request)
    assert "“correct” seems to count something else" in refusal(**request, columns={"successes": "correct"})


def test_in_two_alternatives_a_success_is_one_fooled(tmp_path):
    file = csv_of(tmp_path / "counts.csv", "rater,model,fooled,n", [(1, "a", 3, 10), (2, "a", 1, 10)])
    assert shares(analyse(Request(file, preset="aggregates", protocol="two_afc"))) == {"a": 0.2}
    assert "“fooled” seems to count something else" in refusal(
        file=file, preset="aggregates", columns={"successes": "fooled"}
    )
