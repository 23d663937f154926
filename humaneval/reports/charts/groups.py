"""Estimates by group of votes: in each group a row of markers, one a condition, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from humaneval.reports.charts.estimates import NARROW, shortened
from humaneval.reports.charts.palette import MARKERS, SERIES
from humaneval.reports.charts.rows import frame_rows, put_legend_below
from humaneval.reports.charts.svg import Plot
from humaneval.reports.findings.people import Breakdown, Group
from humaneval.reports.numbers import ends, in_unit

NO_GROUP = "none named"


def plot_groups(breakdown: Breakdown, *, title: str, width: float) -> Plot:
    """Return the chart; conditions beyond the eighth are left to the table."""
    conditions = _conditions(breakdown)[: len(SERIES)]
    narrow = width < NARROW
    line = 11 if narrow else 12
    height = len(breakdown.groups) * (line * len(conditions) + (30 if narrow else 16))
    legend = 18 * (len(conditions) if narrow else -(-len(conditions) // 4))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for place, group in enumerate(breakdown.groups):
            _draw_group(axes, place, group, [one for one, _ in conditions])
        _set_axes(axes, breakdown, narrow=narrow)
        _draw_legend(axes, [label for _, label in conditions], narrow=narrow)

    return Plot(width, height + legend + 74, title, describe_groups(breakdown), paint)


def _conditions(breakdown: Breakdown) -> list[tuple[int, str]]:
    """Return the conditions of all groups with their labels, in the order of the first group's estimates."""
    found = {one.condition: one.label for group in breakdown.groups for one in group.estimates}
    return list(found.items())


def describe_groups(breakdown: Breakdown) -> str:
    """Return every estimate in words, group by group."""
    return " ".join(
        f"{group.name or NO_GROUP}: "
        + "; ".join(
            f"{one.label} {in_unit(one.estimate, breakdown.unit)} {ends(one.low, one.high, breakdown.unit)}"
            for one in group.estimates
        )
        + "."
        for group in breakdown.groups
    )


def _draw_group(axes: Axes, place: int, group: Group, conditions: Sequence[int]) -> None:
    for number, condition in enumerate(conditions):
        one = next((each for each in group.estimates if each.condition == condition), None)
        if one is None or one.estimate is None:
            continue
        at = place + 0.72 * ((number + 0.5) / len(conditions) - 0.5)
        colour, marker = SERIES[number], MARKERS[number]
        if one.low is not None and one.high is not None:
            axes.plot([one.low, one.high], [at] * 2, color=colour, linewidth=1.6, alpha=0.6)
        axes.plot([one.estimate], [at], marker=marker, ms=5.5, color=colour, linestyle="none")


def _set_axes(axes: Axes, breakdown: Breakdown, *, narrow: bool) -> None:
    groups = breakdown.groups
    axes.set_ylim(len(groups) - 0.45, -0.75 if narrow else -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if breakdown.unit == "share":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))
    frame_rows(axes)
    axes.set_xlabel(breakdown.measure_label.split(":")[0])
    names = [shortened(group.name or NO_GROUP, 30) for group in groups]
    axes.set_yticks([] if narrow else range(len(groups)), None if narrow else names)
    if narrow:
        for place, name in enumerate(names):
            axes.annotate(
                name, (0, place - 0.5), xycoords=("axes fraction", "data"), fontsize=11, va="center"
            )


def _draw_legend(axes: Axes, labels: Sequence[str], *, narrow: bool) -> None:
    handles = [
        Line2D([], [], color=SERIES[number], marker=MARKERS[number], ms=6.5, linewidth=1.6)
        for number in range(len(labels))
    ]
    names = [shortened(label, 30) for label in labels]
    put_legend_below(axes, handles, names, narrow=narrow, columns=min(4, len(labels)))
