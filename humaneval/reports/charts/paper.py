"""A chart as a file of its own, for a paper: PDF, or SVG with fixed colours and its text kept as text."""

from __future__ import annotations

import io
import logging
from typing import Any

from matplotlib.artist import Artist
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from humaneval.reports.charts.palette import ON_PAPER, THEMED
from humaneval.reports.charts.svg import Canvas, Plot, svg_of

_COLOURS = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")
logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of each table that it drops from a font
_FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"


def paper_svg(plot: Plot, name: str) -> str:
    """Return a plot as a stand-alone SVG file: colours of a light page, title and description inside."""
    svg = svg_of(plot, name)
    for stand_in, themed in THEMED.items():
        svg = svg.replace(f'"{themed}"', f'"{ON_PAPER[stand_in]}"')
    svg = svg.replace("<svg ", f'<svg color="{ON_PAPER[next(iter(ON_PAPER))]}" font-family="{_FONT}" ', 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'


def paper_pdf(plot: Plot) -> bytes:
    """Return a plot as PDF, its fonts embedded and without a date: the same plot gives the same bytes."""
    with Canvas(plot.width, plot.height) as figure:
        plot.paint(figure)
        figure.patch.set_alpha(0)
        for axes in figure.axes:
            axes.patch.set_alpha(0)
        canvas = FigureCanvasPdf(figure)
        canvas.draw()
        _recolour(figure)
        target = io.BytesIO()
        metadata: dict[str, Any] = {
            "Title": plot.title,
            "CreationDate": None,
            "Creator": None,
            "Producer": None,
        }
        canvas.print_pdf(target, metadata=metadata)
        return target.getvalue()


def _recolour(figure: Figure) -> None:
    """Turn every stand-in into its colour on paper, in all artists that the figure has by now."""
    for artist in figure.findobj():
        for name in _COLOURS:
            _recolour_one(artist, name)


def _recolour_one(artist: Artist, name: str) -> None:
    read, write = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
    if read is None or write is None:
        return
    try:
        colour = to_hex(read())
    except (TypeError, ValueError):
        return  # no single colour: none, or one a segment, of which our charts have none in stand-ins
    if colour in ON_PAPER:
        write(ON_PAPER[colour])
