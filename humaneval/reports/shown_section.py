"""The samples that raters saw, as the report's page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from humaneval.reports.diagnostics_section import Picture, pictures_of
from humaneval.reports.numbers import counted
from humaneval.reports.results import Report


@dataclass(frozen=True)
class ShownCards:
    """Each condition with samples, and pairs called the same image with how many votes said so."""

    conditions: list[tuple[str, str, list[Picture]]]
    judged: list[tuple[str, list[Picture]]]


def shown_section(report: Report) -> ShownCards | None:
    """Return what there is to show; None where no picture is there any more, as for votes from elsewhere."""
    labels = {one.id: one.label for one in report.study.conditions}
    conditions = [(one.label, one.kind, pictures_of(one.samples, report.pictures)) for one in report.shown]
    judged = [
        (
            f"{labels[one.condition]}: {one.same:,} of {counted(one.asked, 'vote')}",
            pictures_of(one.samples, report.pictures),
        )
        for one in report.judged
    ]
    found = ShownCards(
        [one for one in conditions if _is_there(one[-1])], [one for one in judged if _is_there(one[-1])]
    )
    return found if found.conditions or found.judged else None


def _is_there(pictures: Sequence[Picture]) -> bool:
    return any(one.data for one in pictures)
