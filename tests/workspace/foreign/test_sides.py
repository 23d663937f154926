"""What stood left or right is known only where a file tells, and what is real decides who was fooled."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.workspace.foreign.reporting import Request, analyse
from tests.workspace.foreign.files import csv_of, effects, refusal, shares


def forced(count: int = 400) -> list[tuple[str, str, str, str]]:
    """Return rows (rater, left, right, side judged real), the real one on either side, 30% fooled."""
    rows = []
    for number in range(count):
        real_left, fooled = number % 2 == 0, number % 10 < 3
        pair = ("photos", "ours") if real_left else ("ours", "photos")
        rows.append((f"w{number % 20}", *pair, "left" if real_left != fooled else "right"))
    return rows


def test_the_real_image_may_stand_on_either_side(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,left,right,choice", forced())
    columns = {"condition": "left", "other": "right"}
    found = analyse(Request(file, protocol="two_afc", columns=columns, real=["photos"]))
    assert shares(found) == {"ours": pytest.approx(0.3)}
    (ours,) = [one for one in found.report.estimates if one.headline and one.votes]
    assert ours.votes == 400
    assert "chose the left image 40.0%" in effects(found)["position"]


def test_whichever_way_it_is_written_it_is_the_same_answer(tmp_path):
    def named(row):
        return row[1] if row[3] == "left" else row[2]

    given = forced(100)
    rows = {
        "sides": [row[3] for row in given],
        "letters": ["model_a" if row[3] == "left" else "b" for row in given],
        "names": [named(row) for row in given],
        "verdicts": ["fooled" if named(row) == "ours" else "correct" for row in given],
    }
    for name, answers in rows.items():
        votes = [(*row[:3], answer) for row, answer in zip(given, answers, strict=True)]
        file = csv_of(tmp_path / f"{name}.csv", "rater,model_a,model_b,choice", votes)
        assert shares(analyse(Request(file, protocol="two_afc", real=["photos"]))) == {
            "ours": pytest.approx(0.3)
        }


def test_sides_without_the_other_image_or_without_what_is_real_are_refused(tmp_path):
    alone = csv_of(tmp_path / "alone.csv", "rater,model,choice", [(1, "ours", "left"), (2, "ours", "right")])
    assert "choice is “left”, but the row does not say what stood there" in refusal(
        file=alone, protocol="two_afc"
    )
    both = csv_of(tmp_path / "both.csv", "rater,left,right,choice", forced(20))
    columns = {"condition": "left", "other": "right"}
    assert "Of the two images in “left” and “right”, which is real? Say --real" in refusal(
        file=both, protocol="two_afc", columns=columns
    )
    wrong = csv_of(tmp_path / "wrong.csv", "rater,left,right,choice", [(1, "ours", "theirs", "left")])
    said = refusal(file=wrong, protocol="two_afc", columns=columns, real=["photos"])
    assert "of “ours” and “theirs” just one must be real; --real says neither" in said


def test_columns_in_which_the_real_one_is_always_the_same_are_no_sides(tmp_path):
    votes = [(number % 4, "ours", "photos", "left" if number % 2 else "right") for number in range(20)]
    file = csv_of(tmp_path / "votes.csv", "rater,model,reference,choice", votes)
    columns = {"condition": "model", "other": "reference"}
    request = {"file": file, "protocol": "two_afc", "columns": columns, "real": ["photos"]}
    assert "the real image always comes in the same one" in refusal(**request)
    found = analyse(Request(**request, values={"left": "fooled", "right": "correct"}))
    assert shares(found) == {"ours": pytest.approx(0.5)}


@pytest.mark.parametrize(("column", "expected"), [("fooled", 0.25), ("is_correct", 0.75)])
def test_a_column_called_after_the_outcome_says_yes_and_no(tmp_path, column, expected):
    votes = [(number % 5, "ours", int(number % 4 == 0)) for number in range(40)]
    file = csv_of(tmp_path / "votes.csv", f"rater,model,{column}", votes)
    found = analyse(Request(file, protocol="two_afc", columns={"answer": column}))
    assert shares(found) == {"ours": pytest.approx(expected)}
    assert f"“{column}” seems to say whether a rater was right" in refusal(
        file=file, protocol="real_or_fake", columns={"answer": column}
    )


def test_a_pair_that_always_stands_the_same_way_round_tells_of_no_lean(tmp_path):
    votes = [(number % 8, "ours", "base", "left" if number % 4 else "right") for number in range(80)]
    sides = csv_of(tmp_path / "sides.csv", "rater,left,right,choice", votes)
    found = analyse(Request(sides, protocol="pairwise", columns={"condition": "left", "other": "right"}))
    assert "position" not in effects(found)
    assert "Sides were not balanced: “ours”, “base” came far more often" in found.report.warnings[0]
    methods = csv_of(tmp_path / "methods.csv", "rater,model,other,choice", votes)
    found = analyse(Request(methods, protocol="pairwise"))
    assert "if their places changed on screen, the results are wrong" in found.report.warnings[0]
    assert found.notes == [found.report.warnings[0]]
    strict = [one for one in found.report.exclusions if one.strict]
    assert strict == []


def test_balanced_columns_are_sides(tmp_path):
    rng = np.random.default_rng(5)
    pairs = [("ours", "base"), ("base", "ours")]
    votes = [(n % 8, *pairs[n % 2], "left" if rng.random() < 0.9 else "right") for n in range(160)]
    file = csv_of(tmp_path / "votes.csv", "rater,model_a,model_b,winner", votes)
    found = analyse(Request(file, protocol="pairwise"))
    assert "Raters lean to the left" in effects(found)["position"]
    assert found.notes == []
