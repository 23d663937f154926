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
from humaneval.workspace.foreign.assembling import Wording, material_of, with_scores
from humaneval.workspace.foreign.collecting import Collected, collect
from humaneval.workspace.foreign.mapping import ANALYSED, QUESTION, map_columns
from humaneval.workspace.foreign.presets import PRESETS, Preset, _as_it_is
from humaneval.workspace.foreign.problems import ForeignRefused, RowProblem, did_you_mean, listed
from humaneval.workspace.foreign.scores import read_scores
from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row, read_rows

_PLAIN = Preset("", "", _as_it_is)
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
    """The report, the rows that were left out, and the columns that nothing was made of."""

    report: Report
    problems: list[RowProblem]
    unused: list[str]
    rows: int


def analyse(request: Request) -> Analysed:
    """Return the report of a file of votes. Raises :class:`ForeignRefused` where none can be made."""
    preset = _preset(request.preset)
    protocol = _protocol(request.protocol or preset.protocol)
    names, rows = _peeked(_with_items(preset.flatten(read_rows(request.file)), request.items))
    said = {role: column for role, column in preset.roles.items() if column in names} | dict(request.columns)
    columns = map_columns(
        names, said, protocol=protocol, aggregates=preset.aggregates, anonymous=request.anonymous
    )
    collected = collect(rows, columns, protocol=protocol, values=request.values, aggregates=preset.aggregates)
    _check_bad_rows(collected, request)
    material = material_of(collected, _wording(request, protocol, columns.questions))
    if request.scores:
        material = with_scores(material, read_scores(request.scores, material.study.conditions))
    unused = [name for name in names if name not in columns.used()]
    return Analysed(_report(material, collected), collected.problems, unused, collected.rows)


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


def _report(material: Material, collected: Collected) -> Report:
    """Return the report, which says first that rows are missing from it, if any are."""
    report = build_report(material, built_at=timezone.now().isoformat(timespec="seconds"))
    if not collected.problems:
        return report
    note = (
        f"{len(collected.problems):,} of {collected.rows:,} rows of the file could not be read as votes and "
        "are not in this report."
    )
    return dataclasses.replace(report, warnings=[note, *report.warnings])


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
