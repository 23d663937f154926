"""A flat table of a report: machine-readable column names, and what kind of value each column holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from humaneval.ui.spreadsheets import Cell

if TYPE_CHECKING:
    from humaneval.reports.results import Report

_KINDS: dict[type, str] = {
    float: "adjusted accuracy best ceiling ci_high ci_low design_effect difference distance estimate "
    "expected first_correlation generated_share geometric_mean interaction_pvalue lead level median "
    "naive_high naive_low naive_standard_error null overall overall_high overall_low p25 p5 p75 p95 "
    "positive pvalue real_share reliability right_share second_correlation share standard_error "
    "steiger these_high these_low threshold value with_ties within within_high within_low",
    int: "answers bin bins count count_generated count_real different dimension expected_sign group_number "
    "images item_clusters items left_out losses pairs rank rank_high rank_low rater_clusters "
    "raters raters_left_out right run samples systems tier ties told_apart units unit_number version votes "
    "votes_to_change wins",
    bool: "active before_launch governs headline higher_is_better as_expected minimal simulated",
    datetime: "computed_at",
}
KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}
"""What columns hold that are not text; a name means the same in every table, so that tables can be pooled."""


@dataclass(frozen=True)
class Table:
    """Rows under column names."""

    columns: list[str]
    rows: list[list[Cell]]

    @property
    def kinds(self) -> dict[str, type]:
        """What each column holds, whether or not there are rows."""
        return {name: KIND_OF.get(name, str) for name in self.columns}


def table_of(records: Iterable[Mapping[str, Any]], columns: list[str]) -> Table:
    """Return these columns of records."""
    return Table(columns, [[record[name] for name in columns] for record in records])


def listed(report: Report, columns: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table whose first column names the study."""
    slug = report.study.slug
    return table_of(({"study": slug, **row} for row in rows), ["study", *columns.split()])
