"""Answers by point of a scale: one bar a condition, cut where the points change."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from humaneval.reports.charts.estimates import NARROW, shortened
from humaneval.reports.charts.palette import PAPER, ink_on, scale_colours
from humaneval.reports.charts.svg import Plot, svg_of
from humaneval.reports.results import Estimate

_ROOM_FOR_A_NUMBER = 0.07


def draw_distribution(
    estimates: Sequence[Estimate], *, labels: Sequence[str], name: str, title: str, width: float
) -> str:
    """Return the chart as SVG; see :func:`plot_distribution`."""
    return svg_of(plot_distribution(estimates, labels=labels, title=title, width=width), name)


def plot_distribution(
    estimates: Sequence[Estimate], *, labels: Sequence[str], title: str, width: float
) -> Plot:
    """Return the chart. ``labels`` names the scale's points from lowest to highest.

    Estimates need a ``distribution`` (answers at each point); conditions without answers are left out.
    """
    shown = [estimate for estimate in estimates if sum(estimate.distribution)]
    narrow = width < NARROW
    colours = scale_colours(len(labels))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for place, estimate in enumerate(shown):
            _draw_bar(axes, place, estimate, colours)
        _set_axes(axes, shown, narrow=narrow)
        _draw_legend(axes, labels, colours, narrow=narrow)

    height = (48 if narrow else 34) * len(shown) + (74 + 18 * len(labels) if narrow else 84)
    return Plot(width, height, title, describe_distribution(shown, labels), paint)


def describe_distribution(estimates: Sequence[Estimate], labels: Sequence[str]) -> str:
    """Return the shares of answers in words, condition by condition."""
    return (
        "; ".join(f"{estimate.label}: {_shares_in_words(estimate, labels)}" for estimate in estimates) + "."
    )


def _shares_in_words(estimate: Estimate, labels: Sequence[str]) -> str:
    total = sum(estimate.distribution)
    pairs = zip(labels, estimate.distribution, strict=True)
    return ", ".join(f"{label} {100 * count / total:.0f}%" for label, count in pairs)


def _draw_bar(axes: Axes, place: int, estimate: Estimate, colours: Sequence[str]) -> None:
    total, left = sum(estimate.distribution), 0.0
    for count, colour in zip(estimate.distribution, colours, strict=True):
        share = count / total
        axes.barh(place, share, 0.62, left, color=colour, edgecolor=PAPER, linewidth=1.2)
        if share >= _ROOM_FOR_A_NUMBER:
            words = f"{100 * share:.0f}%"
            axes.text(
                left + share / 2, place, words, ha="center", va="center", fontsize=10, color=ink_on(colour)
            )
        left += share


def _set_axes(axes: Axes, estimates: Sequence[Estimate], *, narrow: bool) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(len(estimates) - 0.5, -0.75 if narrow else -0.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Share of answers")
    axes.set_yticks([] if narrow else range(len(estimates)))
    if not narrow:
        axes.set_yticklabels([shortened(estimate.label) for estimate in estimates])
        return
    for place, estimate in enumerate(estimates):
        axes.annotate(
            shortened(estimate.label, 40),
            (0, place),
            xytext=(0, 18),
            textcoords="offset points",
            fontsize=11,
        )


def _draw_legend(axes: Axes, labels: Sequence[str], colours: Sequence[str], *, narrow: bool) -> None:
    axes.figure.legend(
        [Patch(facecolor=colour) for colour in colours],
        labels,
        loc="outside lower left" if narrow else "outside lower center",
        ncols=1 if narrow else len(labels),
        fontsize=11,
        handlelength=1.1,
        handleheight=1.1,
        columnspacing=1.4,
    )
