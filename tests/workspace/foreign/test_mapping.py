"""Columns get only roles that their protocol reads, and values go before everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from humaneval.workspace.foreign.mapping import parse_pairs
from humaneval.workspace.foreign.reporting import Request, analyse
from humaneval.workspace.management.commands.analyze import Command
from tests.workspace.foreign.files import csv_of, refusal, shares

DOCS = Path(__file__).parents[3] / "docs" / "analyze.md"
EXAMPLE = "left=a,right=b,none=tie"


def test_the_example_of_values_in_the_docs_and_the_help_works(tmp_path):
    assert f"`{EXAMPLE}`" in DOCS.read_text(encoding="utf-8")
    assert EXAMPLE in Command().create_parser("humaneval", "analyze").format_help().replace("\n", "")
    said = ["left", "right", "none", "None", "left"]
    votes = [(n % 4, "x", "y", said[n % 5]) if n % 2 else (n % 4, "y", "x", said[n % 5]) for n in range(40)]
    file = csv_of(tmp_path / "votes.csv", "rater,model_a,model_b,choice", votes)
    found = analyse(Request(file, protocol="pairwise", values=parse_pairs(EXAMPLE, "--values")))
    (pair,) = found.report.ranking[0].pairs
    assert (pair.ties, pair.wins + pair.losses, found.problems) == (16, 24, [])
    assert "choice is “none”, taken for no answer" in refusal(file=file, protocol="pairwise")


def test_columns_that_only_counts_have_are_free_otherwise(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,model,hits,votes", [(1, "a", 1, 2)])
    assert "Columns with no meaning yet: “hits”, “votes”." in refusal(file=file, protocol="two_afc")
    noted = csv_of(tmp_path / "noted.csv", "rater,model,rating,votes,order,winner", [(1, "a", 3, 2, 1, "x")])
    assert analyse(Request(noted, protocol="likert", columns={"answer": "rating"})).unused == [
        "votes",
        "order",
        "winner",
    ]


def test_where_no_column_is_left_that_is_said(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,model", [(1, "a")])
    assert "Every column has a meaning already." in refusal(file=file, protocol="likert")


def test_in_two_alternatives_fooled_is_an_answer(tmp_path):
    file = csv_of(tmp_path / "votes.csv", "rater,model,fooled", [(1, "a", 1), (2, "a", 0), (3, "a", 0)])
    assert shares(analyse(Request(file, protocol="two_afc"))) == {"a": pytest.approx(1 / 3)}


@pytest.mark.parametrize(
    ("protocol", "columns", "said"),
    [
        ("likert", {"other": "x"}, "“other” means nothing in votes of likert"),
        ("ranking", {"question.one": "x"}, "“question.one” means nothing in votes of ranking"),
        ("likert", {"question.one": "x", "answer": "y"}, "Say either “answer” or “question.KEY”"),
    ],
)
def test_roles_that_would_be_read_for_nothing_are_refused(tmp_path, protocol, columns, said):
    file = csv_of(tmp_path / "votes.csv", "rater,model,x,y", [(1, "a", 1, 2)])
    assert said in refusal(file=file, protocol=protocol, columns=columns)
