"""What a file does not tell is not made up: the order of votes, hand-outs, who is who."""

from __future__ import annotations

import json

import pytest

from humaneval.reports.latex import latex_tables
from humaneval.reports.pages import render_body
from humaneval.reports.results import from_payload, to_payload
from humaneval.reports.tables import estimates_table
from humaneval.workspace.foreign.reporting import Request, analyse
from tests.workspace.foreign.files import csv_of, effects, refusal, shares
from tests.workspace.foreign.test_presets import MTURK, wrote

UNKNOWN = "In which order raters gave their votes is not known: this cannot be told."


def sorted_votes(raters: int = 12, each: int = 30) -> list[tuple[str, str, str]]:
    """Return the votes of each rater sorted by what they said, as spreadsheets are."""
    said = ["fake"] * (each // 2) + ["real"] * (each - each // 2)
    return [(f"w{rater}", ("ours", "theirs")[n % 2], said[n]) for rater in range(raters) for n in range(each)]


def test_rows_without_time_have_no_order(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,model,answer", sorted_votes())
    found = analyse(Request(file, protocol="real_or_fake"))
    assert {effects(found)[name] for name in ("learning", "fatigue")} == {UNKNOWN}
    assert found.report.exclusions == []
    assert "The order of votes is known in 0 of 12 sittings" in " ".join(found.report.methods)
    assert "does not tell enough to look for" in " ".join(found.report.methods)


def test_counts_have_no_order_even_with_a_time(tmp_path):
    rows = [(f"w{rater}", "ours", 20, 40, 1.7e9 + rater) for rater in range(50)]
    file = csv_of(tmp_path / "counts.csv", "rater,condition,successes,trials,time", rows)
    found = analyse(Request(file, preset="aggregates"))
    assert {effects(found)[name] for name in ("learning", "fatigue", "pace")} == {UNKNOWN}
    assert (found.report.exclusions, found.unused) == ([], ["time"])


def test_a_time_or_a_number_gives_the_order_of_those_who_have_one(tmp_path):
    votes = [(*row, 1.7e9 + place, place) for place, row in enumerate(sorted_votes())]
    timed = csv_of(tmp_path / "timed.csv", "rater,model,answer,time", [row[:4] for row in votes])
    numbered = csv_of(tmp_path / "numbered.csv", "rater,model,answer,n", [(*r[:3], r[4]) for r in votes])
    for request in (
        Request(timed, protocol="real_or_fake"),
        Request(numbered, protocol="real_or_fake", columns={"sequence": "n"}),
    ):
        assert "changed by −50.0 percentage points" in effects(analyse(request))["learning"]
    # Two votes of w0 at once: its order is not known, that of all others is.
    votes[0] = (*votes[0][:3], votes[1][3], 0)
    partly = csv_of(tmp_path / "partly.csv", "rater,model,answer,time", [row[:4] for row in votes])
    found = analyse(Request(partly, protocol="real_or_fake"))
    learning = next(one for one in found.report.effects if one.name == "learning")
    assert learning.raters == 11
    assert "The order of votes is known in 11 of 12 sittings" in " ".join(found.report.methods)


def test_straight_lines_are_looked_for_where_the_order_is_told(tmp_path):
    votes = [
        (f"w{rater}", ("ours", "theirs")[n % 2], "real" if rater == 0 or n % 3 else "fake", 1.7e9 + n)
        for rater in range(6)
        for n in range(30)
    ]
    file = csv_of(tmp_path / "votes.csv", "rater,model,answer,time", votes)
    (strict,) = [
        one for one in analyse(Request(file, protocol="real_or_fake")).report.exclusions if one.strict
    ]
    assert strict.by_rule == {"straight_lining": 30}
    assert strict.name == "Every rule that the file tells enough for, strictly"


def test_response_times_make_nobody_a_program(tmp_path):
    rows = [
        (f"w{n % 10}", ("ours", "theirs")[n % 2], 1 + n % 5, 0.02 if n == 0 else 2 + n % 3)
        for n in range(400)
    ]
    file = csv_of(tmp_path / "votes.csv", "rater,model,rating,rt", rows)
    found = analyse(Request(file, protocol="likert"))
    none, strict = found.report.exclusions
    assert strict.by_rule == {"impossibly_fast": 1, "too_fast": 1}
    assert (strict.left_out, len(strict.estimates)) == (1, len(none.estimates))
    assert all(one.estimate is not None for one in strict.estimates)
    assert "every rule that the file tells enough for, set strictly" in " ".join(found.report.methods)


def test_turkers_who_took_their_time_are_kept(tmp_path):
    file = wrote(
        tmp_path / "batch.csv",
        MTURK.replace("{answer}", "Answer.judgement").replace("{one}", "real").replace("{two}", "fake"),
    )
    columns = {"item": "Input.image"}
    found = analyse(Request(file, preset="mturk", protocol="real_or_fake", columns=columns, real=["photos"]))
    (strict,) = [one for one in found.report.exclusions if one.strict]
    assert (strict.left_out, strict.excluded) == (0, [])


def test_without_response_times_nothing_is_said_of_pace(tmp_path):
    votes = [(*row, 1.7e9 + place) for place, row in enumerate(sorted_votes())]
    file = csv_of(tmp_path / "votes.csv", "rater,model,answer,time", votes)
    found = analyse(Request(file, protocol="real_or_fake"))
    unknown = "How long answers took is not known: this cannot be told."
    assert {effects(found)[name] for name in ("pace", "speed")} == {unknown}


def test_the_report_s_names_of_raters_are_those_of_the_file(tmp_path):
    rows = [("zoe", "a", 3, 2.0), ("=1+1", "a", 4, 0.05), ("zoe", "b", 2, 2.5), ("=1+1", "b", 5, 2.0)]
    file = csv_of(tmp_path / "votes.csv", "rater,model,rating,rt", rows)
    found = analyse(Request(file, protocol="likert"))
    assert found.raters == [("r1", "zoe"), ("r2", "=1+1")]
    (strict,) = [one for one in found.report.exclusions if one.strict]
    assert [one.rater for one in strict.excluded] == ["r2"]
    nameless = csv_of(tmp_path / "nameless.csv", "model,rating", [("a", 3), ("b", 4)])
    found = analyse(Request(nameless, protocol="likert", anonymous=True))
    assert found.raters == []
    assert "Nothing says who voted" in found.report.warnings[0]


def test_a_zero_and_a_one_are_read_aloud(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,model,answer", [(1, "ours", 1), (2, "ours", 0)])
    found = analyse(Request(file, protocol="real_or_fake"))
    assert shares(found) == {"ours": 0.5}
    assert "1 was read as “real” and 0 as “fake”" in found.report.warnings[0]
    said = analyse(Request(file, protocol="real_or_fake", values={"1": "fake", "0": "real"}))
    assert said.notes == []
    words = csv_of(tmp_path / "words.csv", "rater,model,answer", [(1, "ours", "real"), (2, "ours", "fake")])
    assert analyse(Request(words, protocol="real_or_fake")).notes == []


@pytest.mark.parametrize("protocol", ["likert", "real_or_fake"])
def test_a_question_that_nobody_answers_is_refused_and_no_traceback(tmp_path, protocol):
    file = csv_of(tmp_path / "votes.csv", "rater,model,one,two", [(1, "a", "", ""), (2, "a", "", "")])
    columns = {"question.one": "one", "question.two": "two"}
    assert "one and two is empty" in refusal(file=file, protocol=protocol, columns=columns)
    half = csv_of(tmp_path / "half.csv", "rater,model,one,two", [(1, "a", 1, ""), (2, "a", 0, "")])
    if protocol == "likert":
        said = refusal(file=half, protocol=protocol, columns=columns)
        assert "No row answers the question “two”" in said


def test_the_methods_name_the_tests_that_were_done_and_the_file_of_scores(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,model,answer", sorted_votes(each=4))
    table = [("ours", "fid", 1), ("theirs", "fid", 2)]
    scores = csv_of(tmp_path / "fid.csv", "system,metric,value", table)
    said = " ".join(analyse(Request(file, protocol="real_or_fake", scores=scores)).report.methods)
    assert "Automated scores are as given in fid.csv; where" in said
    assert "tested within raters" not in said
    votes = [(*row, 1.7e9 + place) for place, row in enumerate(sorted_votes())]
    timed = csv_of(tmp_path / "timed.csv", "rater,model,answer,time", votes)
    said = " ".join(analyse(Request(timed, protocol="real_or_fake")).report.methods)
    assert "Learning and fatigue are tested within raters" in said
    assert "after Holm over 2 tests." in said


@pytest.mark.parametrize("named", [True, False])
def test_items_are_counted_only_where_the_file_names_them_and_clusters_beside_them(tmp_path, named):
    votes = [(*row, f"i{place % 6}") for place, row in enumerate(sorted_votes(each=6))]
    header = "rater,model,answer" + (",image" if named else "")
    file = csv_of(tmp_path / "votes.csv", header, [row[: 3 + named] for row in votes])
    columns = {"item": "image"} if named else {}
    report = analyse(Request(file, protocol="real_or_fake", columns=columns)).report
    table = estimates_table(report)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["items"] == (3 if named else None)
    assert (row["clustered_by"], row["rater_clusters"], row["item_clusters"]) == (
        ("rater and item", 12, 3) if named else ("rater", 12, None)
    )
    latex = dict(latex_tables(report))["estimates-answer"]
    assert ("& 3 & 12 raters, 3 items &" if named else "& --- & 12 raters &") in latex
    page = render_body(report)
    assert (
        "12 raters<br>3 items" if named else '<td class="number">—</td><td class="number">12 raters</td>'
    ) in page
    assert ("does not name the items" in report.agreement[0].words) is not named
    assert report_from(report) == report


def report_from(report):
    """Return a report as it comes back from its JSON."""
    return from_payload(json.loads(json.dumps(to_payload(report))))
