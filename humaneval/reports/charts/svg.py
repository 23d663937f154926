"""From a matplotlib figure to an SVG that a strict page may carry inline.

The page's content security policy forbids style attributes, two charts on one page may not share ids,
and the same numbers must give the same bytes. So style attributes become presentation attributes,
stand-in colours become style variables (see :mod:`.palette`), ids get the chart's name as prefix, and
dates and random salts are left out.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from humaneval.reports.charts.palette import GRID, INK, MUTED, THEMED

POINTS_PER_INCH = 72
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_SETTINGS: Any = {
    "svg.hashsalt": "humaneval",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # TrueType: many venues refuse Type 3
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
}
drawing = threading.RLock()
"""Held while a figure is drawn: matplotlib's settings and font cache are shared by all threads."""

ET.register_namespace("", "http://www.w3.org/2000/svg")


@dataclass(frozen=True, eq=False)
class Plot:
    """A chart before it is put into a form: its size in CSS pixels, its words, and who paints it."""

    width: float
    height: float
    title: str
    description: str
    paint: Callable[[Figure], None]


def svg_of(plot: Plot, name: str) -> str:
    """Return a plot as an ``<svg>`` element for a page; ``name`` is unique there."""
    with Canvas(plot.width, plot.height) as figure:
        plot.paint(figure)
        return render_svg(figure, name=name, title=plot.title, description=plot.description)


class Canvas:
    """A figure of ``width`` by ``height`` CSS pixels; used as a context that holds the drawing lock."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height

    def __enter__(self) -> Figure:
        drawing.acquire()
        self._settings = mpl.rc_context(_SETTINGS)
        self._settings.__enter__()
        size = (self.width / POINTS_PER_INCH, self.height / POINTS_PER_INCH)
        self.figure = Figure(figsize=size, dpi=POINTS_PER_INCH, layout="constrained")
        return self.figure

    def __exit__(self, *exception: object) -> None:
        self._settings.__exit__(None, None, None)
        drawing.release()


def render_svg(figure: Figure, *, name: str, title: str, description: str) -> str:
    """Return the figure as an ``<svg>`` element with a text alternative.

    ``name`` must be unique on the page and fit for an id; ``title`` names the chart and ``description``
    says in words what it shows.
    """
    root = _drawn(figure)
    _drop(root, {f"{_SVG}metadata", f"{_SVG}style"})
    for element in root.iter():
        _unstyle(element)
    _prefix_ids(root, name)
    _describe(root, name, title, description)
    return ET.tostring(root, encoding="unicode")


def _drawn(figure: Figure) -> ET.Element:
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return ET.fromstring(buffer.getvalue())  # noqa: S314 (our own drawing, not a stranger's file)


def _drop(root: ET.Element, tags: set[str]) -> None:
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in tags]:
            parent.remove(child)


def _unstyle(element: ET.Element) -> None:
    """Turn the style attribute into presentation attributes, in the page's colours."""
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            size = re.search(r"([\d.]+)px", value)
            element.set("font-size", size.group(1) if size else "12")
            if re.match(r"(600|700|bold)\b", value):
                element.set("font-weight", "600")
        elif name and name != "font-family":
            element.set(name, value)
    for name in ("fill", "stroke"):
        if element.get(name) in THEMED:
            element.set(name, THEMED[element.attrib[name]])
    if element.tag == f"{_SVG}text" and "fill" not in element.attrib:
        element.set("fill", "currentColor")


def _prefix_ids(root: ET.Element, name: str) -> None:
    """Keep only ids that something refers to, under names of this chart."""
    text = ET.tostring(root, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    for element in root.iter():
        identifier = element.attrib.pop("id", None)
        if identifier in used:
            element.set("id", f"{name}-{identifier}")
        for attribute, value in list(element.attrib.items()):
            if value.startswith("url(#"):
                element.set(attribute, f"url(#{name}-{value[5:]}")
        reference = element.attrib.pop(f"{_XLINK}href", None)
        if reference:
            element.set("href", f"#{name}-{reference[1:]}")


def _describe(root: ET.Element, name: str, title: str, description: str) -> None:
    width, height = (root.get("viewBox") or "0 0 1 1").split()[2:]
    root.attrib.pop("version", None)
    root.attrib.update(
        {
            "class": "chart",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-description",
            "width": width,
            "height": height,
            "stroke-linejoin": "round",
            "stroke-linecap": "butt",
        }
    )
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        part = ET.Element(f"{_SVG}{tag}", {"id": f"{name}-{'title' if tag == 'title' else 'description'}"})
        part.text = text
        root.insert(place, part)
