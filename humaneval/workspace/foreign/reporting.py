"""A file of votes in, a report out, with everything that was found odd on the way."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from django.utils import timezone

from humaneval.reports.material import Material
from humaneval.reports.report import build_report
from humaneval.reports.results import Report
from humaneval.workspace.foreign.answers import plain
from humaneval.workspace.foreign.assembling import material_of, rater_names, with_scores
from humaneval.workspace.foreign.collecting import Asked, Collected, collect
from humaneval.workspace.foreign.counts import check_counted
from humaneval.workspace.foreign.mapping import ANALYSED, QUESTION, Columns, map_columns, roles_of
from humaneval.workspace.foreign.presets import PRESETS, Preset, as_it_is
from humaneval.workspace.foreign.problems import ForeignRefused, RowProblem, did_you_mean, listed
from humaneval.workspace.foreign.scores import read_scores
from humaneval.workspace.foreign.sides import sides_of
from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row, read_rows
from humaneval.workspace.foreign.wording import Wording

_PLAIN = Preset("", "", as_it_is)
MOST_BAD = 0.1
"""Share of rows that may be left out, and told, without being asked for."""
PEEKED = 200
"""Rows that are looked at to know the columns of files without a header."""


@dataclass(frozen=True)
class Request:
    """What somebody says of a file: which protocol, which column is what, what the values mean."""

    file: Path
    preset: str = ""
    protocol: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    items: Path | None = None
    scores: Path | None = None
    real: Sequence[str] = ()
    points: tuple[int, int] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    anonymous: bool = False
    skip_bad: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Analysed:
    """The report, the rows left out, the columns and options that nothing was made of, what else to know."""

    report: Report
    problems: list[RowProblem]
    unused: list[str]
    rows: int
    notes: list[str] = field(default_factory=list)
    """What a reader must know of how the file was read; the report's cautions say it, too."""
    raters: list[tuple[str, str]] = field(default_factory=list)
    """What the report calls each rater, and what the file does; empty where it names none."""
    ignored: list[str] = field(default_factory=list)
    """Options that mean nothing here, each with the reason."""


def analyse(request: Request) -> Analysed:
    """Return the report of a file of votes. Raises :class:`ForeignRefused` where none can be made."""
    preset = _preset(request.preset)
    protocol = _protocol(request.protocol or preset.protocol)
    if preset.aggregates:
        check_counted(protocol)
    names, rows = _peeked(_with_items(preset.flatten(read_rows(request.file)), request.items))
    said = _said_by(preset, request, protocol, names) | dict(request.columns)
    columns = map_columns(
        names, said, protocol=protocol, aggregates=preset.aggregates, anonymous=request.anonymous
    )
    asked = Asked(protocol, request.values, request.real, preset.aggregates)
    collected = collect(rows, columns, asked)
    _check_bad_rows(collected, request)
    sides = sides_of(collected, columns.roles, asked)
    material = material_of(collected, _wording(request, protocol, columns.questions), sides)
    if request.scores:
        scores = read_scores(request.scores, material.study.conditions)
        material = with_scores(material, scores, request.scores.name)
    notes = [*_notes(collected, columns), *sides.notes]
    return Analysed(
        _report(material, notes),
        collected.problems,
        [name for name in names if name not in columns.used()],
        collected.rows,
        notes,
        rater_names(collected.votes) if "rater" in columns.roles else [],
        list(_ignored(request, protocol, columns, collected)),
    )


def _ignored(request: Request, protocol: str, columns: Columns, collected: Collected) -> Iterator[str]:
    """Yield the options that nothing was made of, and why."""
    unmet = [f"{cell}={value}" for cell, value in request.values.items() if plain(cell) not in collected.met]
    if unmet:
        yield f"--values {','.join(unmet)} (no answer is written so)"
    if request.points and protocol != "likert":
        yield f"--points (answers of {protocol} are no points)"
    if request.anonymous and "rater" in columns.roles:
        yield f"--anonymous (the column {columns.roles['rater']} says who voted)"


def _said_by(preset: Preset, request: Request, protocol: str, names: Sequence[str]) -> dict[str, str]:
    """Return what a preset says of columns that the file has, under roles that the protocol knows."""
    known = set(roles_of(protocol, aggregates=preset.aggregates))
    if any(role.startswith(QUESTION) for role in request.columns):
        known.discard("answer")
    return {role: column for role, column in preset.roles.items() if column in names and role in known}


def _preset(name: str) -> Preset:
    if name and name not in PRESETS:
        raise ForeignRefused(f"There is no preset “{name}”; there are {listed(PRESETS)}.")
    return PRESETS.get(name, _PLAIN)


def _protocol(name: str) -> str:
    if name not in ANALYSED:
        said = f"“{name}” is none that votes from elsewhere can have." if name else "How was it asked?"
        hint = did_you_mean(name, ANALYSED)
        raise ForeignRefused(f"{said} Say --protocol with one of {listed(ANALYSED)}.{hint}")
    return name


def _peeked(rows: Iterator[Row]) -> tuple[list[str], Iterator[Row]]:
    """Return the columns of the first rows, and all rows."""
    first = list(islice(rows, PEEKED))
    names = dict.fromkeys(name for row in first for name in row.cells if name != WRONG_WIDTH)
    if not names:
        reason = next((row.cells[WRONG_WIDTH] for row in first), "it has no rows")
        raise ForeignRefused(f"There are no votes in the file: {reason}.")
    return list(names), chain(first, rows)


def _with_items(rows: Iterator[Row], table: Path | None) -> Iterator[Row]:
    """Yield rows with what a second table says of their items: the first column of both that is alike."""
    if table is None:
        yield from rows
        return
    known = list(read_rows(table))
    key = next(iter(known[0].cells), "") if known else ""
    by_key = {str(row.cells.get(key, "")).strip(): row.cells for row in known}
    for row in rows:
        if key not in row.cells and WRONG_WIDTH not in row.cells:
            raise ForeignRefused(
                f"The first column of {table} is “{key}”; the votes have no column of that name, only "
                f"{listed(row.cells)}."
            )
        more = by_key.get(str(row.cells.get(key, "")).strip())
        missing = {WRONG_WIDTH: f"{table.name} says nothing of {key} “{row.cells.get(key)}”"}
        yield Row(row.line, {**(missing if more is None else more), **row.cells})


def _wording(request: Request, protocol: str, questions: Mapping[str, str]) -> Wording:
    stem = request.file.stem
    return Wording(
        name=request.name or stem,
        slug=re.sub(r"[^a-z0-9]+", "-", (request.name or stem).lower()).strip("-") or "votes",
        protocol=protocol,
        source=request.file.name,
        real=request.real,
        points=request.points,
        texts={key.removeprefix(QUESTION): text for key, text in request.texts.items()},
    )


def _notes(collected: Collected, columns: Columns) -> Iterator[str]:
    """Yield what a reader must know of how rows and answers were read, the gravest first."""
    if collected.problems:
        yield (
            f"{len(collected.problems):,} of {collected.rows:,} rows of the file could not be read as votes "
            "and are not in this report."
        )
    if "rater" not in columns.roles:
        yield (
            "Nothing says who voted: each row counts as a person of its own, and all its votes as "
            "independent. Where people voted often, intervals and p-values are too small."
        )
    if collected.numbers:
        yield "Answers are bare numbers: 1 was read as “real” and 0 as “fake”; --values says otherwise."


def _report(material: Material, notes: Sequence[str]) -> Report:
    """Return the report, which says first what is missing from it and what was not told."""
    report = build_report(material, built_at=timezone.now().isoformat(timespec="seconds"))
    return dataclasses.replace(report, warnings=[*notes, *report.warnings])


def _check_bad_rows(collected: Collected, request: Request) -> None:
    """Refuse a file with too many bad rows: then it is the mapping that is wrong, or the votes lean."""
    bad = len(collected.problems)
    if not bad or (request.skip_bad and collected.votes):
        return
    if request.strict or bad > MOST_BAD * collected.rows:
        raise ForeignRefused(_refusal(collected))


def _refusal(collected: Collected) -> str:
    shown = [str(problem) for problem in collected.problems[:20]]
    rest = len(collected.problems) - len(shown)
    return "\n".join(
        [
            f"{len(collected.problems):,} of {collected.rows:,} rows are no votes:",
            *shown,
            *([f"and {rest:,} more."] if rest else []),
            "Mend them or the mapping; --skip-bad reports on the other rows.",
        ]
    )
