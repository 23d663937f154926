"""Votes from elsewhere give the report that a study of ours would give, and bad files a sentence."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.font_manager  # noqa: F401  makes the list of fonts, which a process without one tells of
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from humaneval.reports.report import report_of
from humaneval.workspace.foreign.problems import ForeignRefused
from humaneval.workspace.foreign.reporting import Request, analyse
from humaneval.workspace.management.commands.analyze import Command
from tests.factories import PromptFactory
from tests.reports.studies import GivenVote, add_scores, add_trials, add_votes, make_sets, make_study
from tests.workspace.foreign.files import csv_of, refusal


@pytest.mark.django_db
def test_the_numbers_are_those_of_a_study_with_the_same_votes(tmp_path):
    names = ["a", "b", "c"]
    study = make_study("pairwise", sets=make_sets(names, None, samples=6), allow_tie=True)
    sides = [(one, other, place) for one, other in (("a", "b"), ("b", "c"), ("a", "c")) for place in range(6)]
    add_trials(study, sides)
    for place in range(6):
        prompt = PromptFactory()  # what the file calls the item
        numbers = [number for number, side in enumerate(sides) if side[2] == place]
        study.trials.filter(number__in=numbers).update(prompt=prompt)
    given = [(rater, trial, (rater * 7 + trial * trial) % 3 - 1) for rater in range(6) for trial in range(18)]
    add_votes(study, [GivenVote(rater, trial, {"preference": value}) for rater, trial, value in given])
    values = dict(zip(names, (1.0, 4.0, 2.0), strict=True))
    add_scores(study, "frechet_distance", values, label="Fréchet distance", standard_error=0.25)
    said = {0: "left", 1: "right", -1: "tie"}
    rows = [(rater, *sides[trial], said[value]) for rater, trial, value in given]
    scores = csv_of(
        tmp_path / "scores.csv",
        "system,metric,value,standard_error",
        [(name, "frechet_distance", value, 0.25) for name, value in values.items()],
    )
    file = csv_of(tmp_path / "votes.csv", "worker_id,first,second,image,winner", rows)
    columns = {"condition": "first", "other": "second", "item": "image"}
    found = analyse(Request(file, protocol="pairwise", columns=columns, scores=scores)).report
    own = report_of(study)

    def numbers(report):
        return [
            (
                one.label,
                one.measure,
                one.estimate,
                one.interval.low,
                one.interval.high,
                one.naive.low,
                one.votes,
            )
            for one in report.estimates
        ]

    for one, other in zip(numbers(found), numbers(own), strict=True):
        assert one == pytest.approx(other)
    assert found.estimates[0].clusters == {"rater": 6, "item": 6}
    assert own.estimates[0].clusters == {"rater": 6, "prompt": 6}
    assert found.agreement[0].estimate == pytest.approx(own.agreement[0].estimate)
    for one, other in zip(found.correlations, own.correlations, strict=True):
        assert one.expected_sign == other.expected_sign == -1
        assert [c.estimate for c in one.coefficients] == pytest.approx(
            [c.estimate for c in other.coefficients]
        )


def test_two_alternatives_and_rankings_are_understood(tmp_path):
    fooled = csv_of(
        tmp_path / "afc.csv",
        "rater,condition,other,answer",
        [(1, "ours", "photos", "ours"), (1, "ours", "photos", "correct"), (2, "ours", "photos", "fooled")],
    )
    report = analyse(Request(fooled, protocol="two_afc", real=["photos"])).report
    assert report.estimates[0].estimate == pytest.approx(2 / 3)
    ranked = csv_of(
        tmp_path / "ranks.csv",
        "rater,ranking",
        [(rater, "a > b > c" if rater % 3 else "c > b > a") for rater in range(12)],
    )
    report = analyse(Request(ranked, protocol="ranking")).report
    assert [entry.label for entry in report.ranking[0].entries] == ["a", "b", "c"]


def test_several_questions_of_a_row_are_one_vote(tmp_path):
    file = csv_of(
        tmp_path / "votes.csv",
        "rater,model,realism,appeal",
        [(rater, model, 1 + rater % 3, "" if rater == 0 else 5) for rater in range(4) for model in "ab"],
    )
    columns = {"question.realism": "realism", "question.appeal": "appeal"}
    report = analyse(Request(file, protocol="likert", columns=columns)).report
    assert report.votes.total == 8
    methods = " ".join(report.methods)
    assert "The votes were gathered elsewhere and read from votes.csv" in methods
    assert not [claim for claim in ("consent", "seed 0", "re-encoded") if claim in methods]
    assert {(one.question, one.votes) for one in report.estimates} == {("realism", 4), ("appeal", 3)}


def test_values_say_what_answers_stand_for(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,model,score", [(1, "a", 0.5), (2, "a", "1.0"), (3, "a", 0)])
    assert "line 2: score is “0.5”, which is no whole number" in refusal(file=file, protocol="likert")
    values = {"0": "1", "0.5": "2", "1": "3"}
    (one,) = analyse(Request(file, protocol="likert", values=values, points=(1, 3))).report.estimates
    assert (one.estimate, one.distribution) == (pytest.approx(2), [1, 1, 1])


def test_bad_rows_are_listed_by_line_and_told_in_the_report(tmp_path):
    rows = [(number % 5, "a", "yes") for number in range(30)]
    file = csv_of(
        tmp_path / "votes.csv", "rater,model,answer", [*rows, (1, "a", "perhaps"), ("", "a", "no"), (1, "a")]
    )
    found = analyse(Request(file, protocol="real_or_fake"))
    assert [str(problem).split(":")[0] for problem in found.problems] == ["line 32", "line 33", "line 34"]
    said = " ".join(map(str, found.problems))
    assert "answer is “perhaps”, which is none of “real”" in said
    assert "rater is empty" in said
    assert "it has 2 cells and the header 3" in said
    assert found.report.warnings[0].startswith("3 of 33 rows of the file could not be read")
    assert "3 of 33 rows are no votes" in refusal(file=file, protocol="real_or_fake", strict=True)


def test_a_file_with_many_bad_rows_is_refused_unless_asked_for(tmp_path):
    rows = [(number, "a", "yes" if number % 2 else "dunno") for number in range(10)]
    file = csv_of(tmp_path / "votes.csv", "rater,model,answer", rows)
    assert "5 of 10 rows are no votes" in refusal(file=file, protocol="real_or_fake")
    assert analyse(Request(file, protocol="real_or_fake", skip_bad=True)).report.votes.total == 5


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "How was it asked? Say --protocol with one of “two_afc”"),
        ({"protocol": "lickert"}, "Did you mean “likert”?"),
        ({"preset": "qualtrics"}, "There is no preset “qualtrics”; there are “arena”"),
        ({"protocol": "likert"}, "Which column is the “rater”, “condition”? Say --columns rater=COLUMN,"),
        ({"protocol": "likert", "columns": {"rater": "whoo"}}, "There is no column “whoo”"),
        ({"protocol": "likert", "columns": {"rater": "whom"}}, "Did you mean “who”?"),
        ({"protocol": "likert", "columns": {"ratter": "who"}}, "a vote has. Did you mean “rater”?"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said_with_what_to_do(tmp_path, fields, said: str):
    file = csv_of(tmp_path / "votes.csv", "who,what,answer", [(1, "a", 3)])
    assert said in refusal(file=file, **fields)


def test_files_that_are_no_tables_are_refused(tmp_path):
    def made(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    assert "is empty" in refusal(file=made("empty.csv", b""), protocol="likert")
    assert "two columns called “a”" in refusal(file=made("twice.csv", b"a,a\n1,2\n"), protocol="likert")
    assert "cannot be read" in refusal(file=made("latin.csv", b"rater\n\xff\n"), protocol="likert")
    assert "is no JSON" in refusal(file=made("broken.json", b"[" * 100_000), protocol="likert")
    assert "should be a JSON list" in refusal(file=made("one.json", b"{}"), protocol="likert")
    assert "There are no votes in the file" in refusal(file=made("text.jsonl", b"hello\n"), protocol="likert")
    assert "cannot be read" in refusal(file=tmp_path / "missing.csv", protocol="likert")


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("system,value", ("a", 1), "it has no “metric”"),
        ("system,metric,value", ("b", "fid", 1), "line 2: no vote is about “b”"),
        ("system,metric,value", ("a", "fid", "low"), "value is “low”"),
        ("system,metric,value,higher_is_better", ("a", "fid", 1, "maybe"), "write yes or no"),
    ],
)
def test_scores_that_cannot_be_right_are_refused(tmp_path, header, row, said: str):
    file = csv_of(tmp_path / "votes.csv", "rater,model,answer", [(1, "a", 3), (2, "a", 4)])
    scores = csv_of(tmp_path / "scores.csv", header, [row])
    assert said in refusal(file=file, protocol="likert", scores=scores)


def test_the_command_writes_the_report_and_says_what_it_read(tmp_path):
    file = csv_of(
        tmp_path / "votes.csv",
        "worker_id,left,right,winner,note",
        [(number % 4, "a", "b", "left" if number % 3 else "tie") for number in range(12)],
    )
    file.write_text(file.read_text().replace("\n", ",x\n").replace("note,x", "note"))
    out, errors = io.StringIO(), io.StringIO()
    columns = "rater=worker_id,condition=left,other=right"
    arguments = [str(file), "--protocol", "pairwise", "--columns", columns, "--out", str(tmp_path / "out")]
    call_command("analyze", *arguments, stdout=out, stderr=errors)
    assert "12 votes of 4 raters from 12 rows, 2 conditions, pairwise comparison." in out.getvalue()
    assert "columns not used: note" in errors.getvalue()
    assert "option not used" not in errors.getvalue()
    useless = ["--values", "tie=tie,wins=a", "--points", "1-5", "--anonymous"]
    call_command("analyze", *arguments, *useless, stdout=out, stderr=errors)
    for said in (
        "--values wins=a (no answer is written so)",
        "--points (answers of pairwise are no points)",
        "--anonymous (the column worker_id says who voted)",
    ):
        assert f"option not used: {said}\n" in errors.getvalue()
    assert {"report.html", "report.json", "estimates.csv"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
    with pytest.raises(CommandError, match="--columns takes pairs such as rater=worker_id; “rater” is none"):
        call_command("analyze", str(file), "--columns", "rater")
    with pytest.raises(CommandError, match="such as 1-5 or -3-3; “5” is none"):
        call_command("analyze", str(file), "--points", "5")


def test_names_of_raters_lie_beside_the_report_and_nowhere_in_it(tmp_path):
    rows = [(f"WORKER-{number % 4}", "a", number % 5 + 1) for number in range(20)]
    file = csv_of(tmp_path / "votes.csv", "rater,model,rating", rows)
    out = tmp_path / "out"
    call_command("analyze", str(file), "--protocol", "likert", "--out", str(out), stdout=io.StringIO())
    lines = (out / "raters.csv").read_text().splitlines()
    assert lines == ["rater,in_file", *(f"r{number + 1},WORKER-{number}" for number in range(4))]
    written = [one for one in out.rglob("*") if one.is_file() and one.name != "raters.csv"]
    assert written
    assert not [one.name for one in written if b"WORKER" in one.read_bytes()]


@pytest.mark.parametrize(
    ("arguments", "ends"),
    [
        (["--points", "-3-3"], (-3, 3)),
        (["--points=-3-3"], (-3, 3)),
        (["--points", "-5--1"], (-5, -1)),
        (["--points", "1-7"], (1, 7)),
        (["--points=-3,3"], (-3, 3)),
    ],
)
def test_scales_may_begin_below_nought(tmp_path, monkeypatch, arguments, ends):
    asked = []

    def remembered(request: Request):
        asked.append(request.points)
        raise ForeignRefused("enough")

    monkeypatch.setattr("humaneval.workspace.foreign.reporting.analyse", remembered)
    file = csv_of(tmp_path / "votes.csv", "rater,model,rating", [(1, "a", -2)])
    with pytest.raises(SystemExit):
        Command().run_from_argv(["humaneval", "analyze", str(file), "--protocol", "likert", *arguments])
    assert asked == [ends]


def test_output_that_nobody_reads_ends_quietly_with_the_report_written(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,model,rating", [(1, "a", 3), (2, "a", 4)])
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "humaneval.workspace.console", "analyze", str(file)]
    ended = subprocess.run(
        [*command, "--protocol", "likert", "--out", str(tmp_path / "out")],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert (tmp_path / "out" / "report.html").stat().st_size > 0
