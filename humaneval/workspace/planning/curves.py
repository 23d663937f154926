"""The curve of a plan: what more raters bring, with the wanted value and the planned size marked."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, ScalarFormatter

from humaneval.reports.charts.estimates import NARROW
from humaneval.reports.charts.palette import GENERATED, INK, PAPER, REAL
from humaneval.reports.charts.svg import Plot, svg_of
from humaneval.workspace.planning.plans import Plan, Row

_TITLE = {"power": "Power by number of raters", "width": "Width of the 95% interval by number of raters"}
_AXIS = {"power": "Chance to find the effect", "width": "Width of the 95% interval"}


def draw_curve(plan: Plan, *, name: str, width: float) -> str:
    """Return the chart as SVG with its words; ``width`` in CSS pixels."""
    narrow = width < NARROW

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        raters, values = [row.raters for row in plan.curve], [_value(plan, row) for row in plan.curve]
        axes.axhline(plan.target, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.plot(raters, values, "o-", color=GENERATED, linewidth=2, ms=5, mec=PAPER)
        axes.plot([plan.chosen.raters], [_value(plan, plan.chosen)], "D", color=REAL, ms=9, mec=PAPER)
        _set_axes(axes, plan, narrow=narrow)

    return svg_of(Plot(width, 300 if narrow else 320, _TITLE[plan.aim], describe_curve(plan), paint), name)


def describe_curve(plan: Plan) -> str:
    """Return the curve in words."""
    points = ", ".join(f"{row.raters} raters {_value(plan, row):.3g}" for row in plan.curve)
    return f"{_AXIS[plan.aim]}: {points}. Wanted: {plan.target:g}, reached with {plan.chosen.raters} raters."


def _value(plan: Plan, row: Row) -> float:
    return float(row.power or 0.0) if plan.aim == "power" else row.width


def _set_axes(axes: Axes, plan: Plan, *, narrow: bool) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    ticks = [row.raters for row in plan.curve][:: 4 if narrow else 2]
    apart = (tick for tick in ticks if not 0.75 < tick / plan.chosen.raters < 1.34)
    axes.set_xticks(sorted({*apart, plan.chosen.raters}))
    axes.tick_params(axis="x", which="minor", length=0)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    top = 1.02 if plan.aim == "power" else max(_value(plan, row) for row in plan.curve) * 1.05
    axes.set_ylim(0, top)
    axes.grid(True, axis="y")
    axes.set_xlabel("Raters")
    axes.set_ylabel(_AXIS[plan.aim], color=INK)
    axes.annotate(
        f"wanted {plan.target:g}",
        (plan.curve[0].raters if plan.aim == "power" else plan.curve[-1].raters, plan.target),
        xytext=(0, 5),
        textcoords="offset points",
        ha="left" if plan.aim == "power" else "right",
        fontsize=11,
    )
