"""Charts whose rows have names: on the axis, or on narrow pages above each row with its value."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from humaneval.reports.charts.palette import INK


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write the rows' names beside the axis, from row 0 at its top."""
    axes.set_yticks(range(len(names)), names)


def name_rows_above(axes: Axes, texts: Sequence[str], *, points: int) -> None:
    """Write a text above each row, so many points over its middle."""
    axes.set_yticks([])
    for place, text in enumerate(texts):
        axes.annotate(
            text,
            (0, place),
            xycoords=("axes fraction", "data"),
            xytext=(0, points),
            textcoords="offset points",
            fontsize=11,
        )


def frame_rows(axes: Axes) -> None:
    """Leave only what rows need: upright grid lines, and neither ticks nor a line at their names."""
    axes.grid(True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def put_legend_below(
    axes: Axes, handles: Sequence[Artist], names: Sequence[str], *, narrow: bool, columns: int
) -> None:
    """Explain the marks under the chart, in so many columns, in one on narrow pages."""
    axes.figure.legend(
        handles,
        names,
        loc="outside lower left" if narrow else "outside lower center",
        ncols=1 if narrow else columns,
        fontsize=11,
        labelcolor=INK,
    )
