"""Human estimates against an automated score: one marker a condition, with both error bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from humaneval.reports.charts.estimates import shortened
from humaneval.reports.charts.palette import GENERATED, INK, MUTED
from humaneval.reports.charts.svg import Plot, svg_of
from humaneval.reports.numbers import ends, in_unit, significant

_OFFSETS = ((9, 6), (9, -13), (-9, 6), (-9, -13), (0, 12), (0, -20))
_CHARACTER = 6.1


@dataclass(frozen=True)
class Point:
    """One condition: its automated score and its human estimate, each with its interval or ``None``."""

    label: str
    score: float
    score_low: float | None
    score_high: float | None
    human: float
    human_low: float | None
    human_high: float | None


def draw_scatter(
    points: Sequence[Point],
    *,
    name: str,
    title: str,
    score_label: str,
    human_label: str,
    unit: str,
    width: float = 400,
    height: float = 330,
) -> str:
    """Return the chart as SVG; see :func:`plot_scatter`."""
    plot = plot_scatter(
        points,
        title=title,
        score_label=score_label,
        human_label=human_label,
        unit=unit,
        width=width,
        height=height,
    )
    return svg_of(plot, name)


def plot_scatter(
    points: Sequence[Point],
    *,
    title: str,
    score_label: str,
    human_label: str,
    unit: str,
    width: float = 400,
    height: float = 330,
) -> Plot:
    """Return the chart. ``unit`` is the human estimate's (``share``, ``points``, ``log-strength``)."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for point in points:
            _draw_point(axes, point)
        _set_axes(axes, score_label, human_label, unit)
        _name_points(axes, points, width, height)

    return Plot(width, height, title, describe_scatter(points, unit), paint)


def describe_scatter(points: Sequence[Point], unit: str) -> str:
    """Return both numbers of every point in words, with their intervals."""
    return "; ".join(_in_words(point, unit) for point in points) + "."


def _in_words(point: Point, unit: str) -> str:
    human = f"{in_unit(point.human, unit)} {ends(point.human_low, point.human_high, unit)}"
    return f"{point.label}: people {human}, score {_score_in_words(point)}"


def _score_in_words(point: Point) -> str:
    """Return a score with the ends of its bar, where it has one."""
    if point.score_low is None or point.score_high is None:
        return significant(point.score)
    return f"{significant(point.score)} [{significant(point.score_low)}, {significant(point.score_high)}]"


def _draw_point(axes: Axes, point: Point) -> None:
    bars: dict[str, Any] = {
        "color": GENERATED,
        "alpha": 0.5,
        "linewidth": 2,
        "solid_capstyle": "round",
        "zorder": 2,
    }
    if point.human_low is not None and point.human_high is not None:
        axes.plot([point.score] * 2, [point.human_low, point.human_high], **bars)
    if point.score_low is not None and point.score_high is not None:
        axes.plot([point.score_low, point.score_high], [point.human] * 2, **bars)
    axes.plot([point.score], [point.human], "o", ms=8, color=GENERATED, zorder=3)


def _set_axes(axes: Axes, score_label: str, human_label: str, unit: str) -> None:
    axes.grid(True)
    axes.margins(0.14, 0.1)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    if unit == "share":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))
    axes.set_xlabel(score_label, color=INK)
    axes.set_ylabel(human_label, color=INK)


def _name_points(axes: Axes, points: Sequence[Point], width: float, height: float) -> None:
    """Put each name where it covers least, in the order of the points."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across, up = 0.82 * width / (right - left), 0.78 * height / (top - bottom)
    places = [((point.score - left) * across, (point.human - bottom) * up) for point in points]
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    for point, (x, y) in zip(points, places, strict=True):
        label = shortened(point.label, 24)
        boxes = [_box(x, y, offset, label) for offset in _OFFSETS]
        frame = (0.0, 0.0, 0.82 * width, 0.78 * height)
        best = min(range(len(boxes)), key=lambda index: _cost(boxes[index], taken, frame))
        taken.append(boxes[best])
        _annotate(axes, point, label, _OFFSETS[best])


Box = tuple[float, float, float, float]


def _box(x: float, y: float, offset: tuple[int, int], label: str) -> Box:
    length = _CHARACTER * len(label)
    start = x + offset[0] - (length if offset[0] < 0 else length / 2 if offset[0] == 0 else 0)
    return (start, y + offset[1], start + length, y + offset[1] + 12)


def _cost(box: Box, taken: Sequence[Box], frame: Box) -> float:
    outside = max(0.0, frame[0] - box[0]) + max(0.0, box[2] - frame[2])
    outside += max(0.0, frame[1] - box[1]) + max(0.0, box[3] - frame[3])
    return 40 * outside + sum(_overlap(box, other) for other in taken)


def _overlap(one: Box, two: Box) -> float:
    across = min(one[2], two[2]) - max(one[0], two[0])
    up = min(one[3], two[3]) - max(one[1], two[1])
    return max(0.0, across) * max(0.0, up)


def _annotate(axes: Axes, point: Point, label: str, offset: tuple[int, int]) -> None:
    axes.annotate(
        label,
        (point.score, point.human),
        xytext=offset,
        textcoords="offset points",
        ha="right" if offset[0] < 0 else "center" if offset[0] == 0 else "left",
        fontsize=10.5,
        color=MUTED,
        zorder=4,
    )
