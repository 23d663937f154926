"""Estimates by condition: a marker with its clustered interval, and the naive one as a thin line below."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from humaneval.reports.charts.palette import GENERATED, INK, MUTED, REAL
from humaneval.reports.charts.rows import frame_rows, name_rows, put_legend_below
from humaneval.reports.charts.svg import Plot, svg_of
from humaneval.reports.clustering import clustered_by
from humaneval.reports.numbers import with_interval
from humaneval.reports.results import Estimate

NARROW = 480
_LONGEST_LABEL = 26


def draw_estimates(
    estimates: Sequence[Estimate],
    *,
    name: str,
    title: str,
    width: float,
    limits: tuple[float, float] | None = None,
    reference: tuple[float, str] | None = None,
) -> str:
    """Return the chart as SVG; see :func:`plot_estimates`."""
    plot = plot_estimates(estimates, title=title, width=width, limits=limits, reference=reference)
    return svg_of(plot, name)


def plot_estimates(
    estimates: Sequence[Estimate],
    *,
    title: str,
    width: float,
    limits: tuple[float, float] | None = None,
    reference: tuple[float, str] | None = None,
) -> Plot:
    """Return the chart, conditions from top to bottom in the order given.

    ``limits`` fixes the axis (e.g. the ends of a scale); ``reference`` is a value to mark with its
    words. ``width`` is in CSS pixels; below 480 names stand above their lines rather than beside them.
    """
    narrow = width < NARROW
    row = 46 if narrow else 36

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for place, estimate in enumerate(estimates):
            _draw_row(axes, place, estimate)
        _mark_reference(axes, reference)
        _set_axes(axes, estimates, limits)
        (_name_above if narrow else _name_beside)(axes, estimates)
        _draw_legend(axes, estimates, narrow=narrow)

    height = row * len(estimates) + (118 if reference else 96)
    return Plot(width, height, title, describe_estimates(estimates), paint)


def describe_estimates(estimates: Sequence[Estimate]) -> str:
    """Return what the chart shows in words, condition by condition."""
    rows = (f"{estimate.label}: {with_interval(estimate)}" for estimate in estimates)
    return f"Estimates with 95% intervals {clustered_by(estimates)}. " + "; ".join(rows) + "."


def shortened(label: str, longest: int = _LONGEST_LABEL) -> str:
    """Return ``label``, cut with an ellipsis where it is longer than ``longest`` characters."""
    return label if len(label) <= longest else label[: longest - 1].rstrip() + "…"


def _draw_row(axes: Axes, place: int, estimate: Estimate) -> None:
    colour, marker = (REAL, "D") if estimate.kind == "real" else (GENERATED, "o")
    naive, interval = estimate.naive, estimate.interval
    if naive.low is not None and naive.high is not None:
        axes.plot([naive.low, naive.high], [place + 0.2] * 2, color=MUTED, linewidth=1.2, marker="|", ms=5)
    if interval.low is not None and interval.high is not None:
        axes.plot(
            [interval.low, interval.high],
            [place] * 2,
            color=colour,
            linewidth=3.2,
            solid_capstyle="round",
            alpha=0.6,
        )
    if estimate.estimate is not None:
        axes.plot([estimate.estimate], [place], marker=marker, ms=8.5, color=colour, linestyle="none")


def _mark_reference(axes: Axes, reference: tuple[float, str] | None) -> None:
    if reference is None:
        return
    value, words = reference
    axes.axvline(value, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=0.5)
    axes.annotate(
        words,
        (value, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        fontsize=11,
        color=INK,
    )


def _set_axes(axes: Axes, estimates: Sequence[Estimate], limits: tuple[float, float] | None) -> None:
    unit = estimates[0].unit
    if limits is not None:
        margin = 0.02 * (limits[1] - limits[0])
        axes.set_xlim(limits[0] - margin, limits[1] + margin)
    axes.set_ylim(len(estimates) - 0.4, -0.7)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if unit == "share":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))
    frame_rows(axes)
    axes.set_xlabel(estimates[0].measure_label)


def _name_beside(axes: Axes, estimates: Sequence[Estimate]) -> None:
    name_rows(axes, [shortened(estimate.label) for estimate in estimates])
    for place, estimate in enumerate(estimates):
        axes.annotate(
            with_interval(estimate),
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=11,
        )


def _name_above(axes: Axes, estimates: Sequence[Estimate]) -> None:
    axes.set_yticks([])
    for place, estimate in enumerate(estimates):
        for x, align, words in (
            (0, "left", shortened(estimate.label, 20)),
            (1, "right", with_interval(estimate)),
        ):
            axes.annotate(
                words,
                (x, place),
                xycoords=("axes fraction", "data"),
                xytext=(0, 9),
                textcoords="offset points",
                ha=align,
                fontsize=11,
            )


def _draw_legend(axes: Axes, estimates: Sequence[Estimate], *, narrow: bool) -> None:
    generated = Line2D([], [], color=GENERATED, marker="o", ms=7, linewidth=3.2)
    handles = [generated, Line2D([], [], color=MUTED, linewidth=1.2, marker="|", ms=5)]
    names = ["95% interval, clustered", "naive 95% interval"]
    if any(estimate.kind == "real" for estimate in estimates):
        handles.insert(1, Line2D([], [], color=REAL, marker="D", ms=7, linewidth=3.2))
        names.insert(1, "real images")
    put_legend_below(axes, handles, names, narrow=narrow, columns=len(names))
