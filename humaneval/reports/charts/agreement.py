"""How well each score goes with people: its rank correlation with two intervals, the best at the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from humaneval.reports.charts.estimates import NARROW, shortened
from humaneval.reports.charts.palette import GENERATED, INK, MUTED
from humaneval.reports.charts.rows import frame_rows, name_rows, name_rows_above, put_legend_below
from humaneval.reports.charts.svg import Plot
from humaneval.reports.numbers import ends, plain

_ENDS = "1: the same order, −1: reversed"


@dataclass(frozen=True)
class ScoreAgreement:
    """One score: its correlation with people, turned so that 1 is full agreement, with its intervals."""

    label: str
    value: float
    low: float | None
    high: float | None
    these_low: float | None
    these_high: float | None


def plot_agreement(rows: Sequence[ScoreAgreement], *, title: str, width: float) -> Plot:
    """Return the chart, a row a score in the order given; 0 is marked."""
    narrow = width < NARROW

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=0.5)
        for place, one in enumerate(rows):
            _draw_row(axes, place, one)
        _set_axes(axes, rows, narrow=narrow)
        _draw_legend(axes, narrow=narrow)

    return Plot(width, (46 if narrow else 30) * len(rows) + 108, title, describe_agreement(rows), paint)


def describe_agreement(rows: Sequence[ScoreAgreement]) -> str:
    """Return the correlations in words, score by score."""
    said = (f"{one.label}: {plain(one.value, 2)} {ends(one.low, one.high, '')}" for one in rows)
    return "Spearman correlation with people, 1 is full agreement. " + "; ".join(said) + "."


def _draw_row(axes: Axes, place: int, one: ScoreAgreement) -> None:
    if one.low is not None and one.high is not None:
        axes.plot([one.low, one.high], [place] * 2, color=MUTED, linewidth=1.4, marker="|", ms=7)
    if one.these_low is not None and one.these_high is not None:
        axes.plot(
            [one.these_low, one.these_high],
            [place] * 2,
            color=GENERATED,
            linewidth=4,
            alpha=0.55,
            solid_capstyle="round",
        )
    axes.plot([one.value], [place], "o", ms=7.5, color=GENERATED)


def _set_axes(axes: Axes, rows: Sequence[ScoreAgreement], *, narrow: bool) -> None:
    axes.set_xlim(-1.04, 1.04)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.set_ylim(len(rows) - 0.4, -0.85 if narrow else -0.6)
    frame_rows(axes)
    axes.set_xlabel("Spearman with people" if narrow else f"Spearman correlation with people ({_ENDS})")
    if narrow:
        texts = [f"{shortened(one.label, 34)}: {plain(one.value, 2)}" for one in rows]
        name_rows_above(axes, texts, points=10)
    else:
        name_rows(axes, [shortened(one.label, 40) for one in rows])


def _draw_legend(axes: Axes, *, narrow: bool) -> None:
    handles = [
        Line2D([], [], color=GENERATED, marker="o", ms=7, linewidth=4, alpha=0.8),
        Line2D([], [], color=MUTED, marker="|", ms=7, linewidth=1.4),
    ]
    names = ["95% interval for these systems", "for systems like these"]
    put_legend_below(axes, handles, names, narrow=narrow, columns=2)
