"""Active units of a latent space: what each dimension carries, strongest first, beside the threshold."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from humaneval.reports.charts.palette import GENERATED, INK, MUTED
from humaneval.reports.charts.svg import Plot
from humaneval.reports.findings.scores import ActiveUnits
from humaneval.reports.numbers import significant

_LEAST = 1e-6
_MOST_BARS = 256


def plot_units(units: ActiveUnits, *, title: str, width: float = 400, height: float = 250) -> Plot:
    """Return the chart on a logarithmic axis: bars above the dashed line are active."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        values = [max(value, _LEAST) for value in units.values[:_MOST_BARS]]
        colours = [GENERATED if value > units.threshold else MUTED for value in values]
        axes.set_yscale("log")
        axes.bar(range(1, len(values) + 1), values, color=colours, width=0.8)
        axes.axhline(units.threshold, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_ylim(_LEAST if min(values) <= _LEAST * 10 else None, None)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.grid(True, axis="y")
        axes.set_xlabel("Latent dimension, strongest first")
        axes.set_ylabel(units.measure)

    return Plot(width, height, title, describe_units(units), paint)


def describe_units(units: ActiveUnits) -> str:
    """Return how many dimensions are active, and the strongest of them."""
    strongest = ", ".join(significant(value, 2) for value in units.values[:8])
    return (
        f"{units.active} of {units.dimension} latent dimensions are active ({units.measure} above "
        f"{units.threshold:g}). The strongest: {strongest}."
    )
