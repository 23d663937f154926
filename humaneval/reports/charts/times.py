"""Response times by condition: the middle half as a bar, its median, and the ends of the middle 90%."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from humaneval.reports.charts.estimates import NARROW, shortened
from humaneval.reports.charts.palette import GENERATED, INK, MUTED, PAPER, REAL
from humaneval.reports.charts.rows import frame_rows, name_rows, name_rows_above
from humaneval.reports.charts.svg import Plot
from humaneval.reports.findings.people import ResponseTimes
from humaneval.reports.numbers import seconds

_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def plot_times(times: Sequence[ResponseTimes], *, title: str, width: float) -> Plot:
    """Return the chart, a row for all votes and for each condition, on a logarithmic axis of seconds."""
    narrow = width < NARROW

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_xscale("log")
        for place, one in enumerate(times):
            _draw_row(axes, place, one)
        _set_axes(axes, times, narrow=narrow)

    return Plot(width, (46 if narrow else 32) * len(times) + 74, title, describe_times(times), paint)


def describe_times(times: Sequence[ResponseTimes]) -> str:
    """Return the quantiles in words, row by row."""
    rows = (
        f"{one.label}: median {seconds(one.median)}, half between {seconds(one.p25)} and {seconds(one.p75)}, "
        f"90% between {seconds(one.p5)} and {seconds(one.p95)}"
        for one in times
    )
    return "Response times. " + "; ".join(rows) + "."


def _draw_row(axes: Axes, place: int, one: ResponseTimes) -> None:
    colour = REAL if one.kind == "real" else GENERATED if one.condition else MUTED
    axes.plot([one.p5 / 1000, one.p95 / 1000], [place] * 2, color=MUTED, linewidth=1.4, marker="|", ms=7)
    axes.barh(place, (one.p75 - one.p25) / 1000, 0.46, one.p25 / 1000, color=colour, alpha=0.55)
    axes.plot(
        [one.median / 1000], [place], marker="D" if one.kind == "real" else "o", ms=7, color=colour, mec=PAPER
    )


def _set_axes(axes: Axes, times: Sequence[ResponseTimes], *, narrow: bool) -> None:
    low, high = min(one.p5 for one in times) / 1000, max(one.p95 for one in times) / 1000
    axes.set_xlim(low / 1.15, high * 1.15)
    axes.set_ylim(len(times) - 0.4, -0.8 if narrow else -0.6)
    axes.set_xticks([tick for tick in _TICKS if low / 1.15 <= tick <= high * 1.15])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} s"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="minor", length=0)
    frame_rows(axes)
    words = "median, middle half, middle 90%"
    axes.set_xlabel(words.capitalize() if narrow else f"From images shown to answer: {words}", color=INK)
    if narrow:
        texts = [f"{shortened(one.label, 24)}: {seconds(one.median)}" for one in times]
        name_rows_above(axes, texts, points=11)
    else:
        name_rows(axes, [shortened(one.label) for one in times])
