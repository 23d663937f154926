"""Colours of charts, as people see them whose eyes lack one kind of cone, in light, in dark and on paper."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from humaneval.reports.charts.palette import ON_PAPER, SERIES, THEMED, ink_on, scale_colours

ROOT = Path(__file__).resolve().parents[2]
FLOOR = 18.0
"""The least CIE76 distance between two colours of one chart: beside each other, 2.3 is just noticeable."""

STEP_FLOOR = 10.0
"""The same between neighbours on a scale of up to seven points, which are told apart by their order, too."""

EYES = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""From linear sRGB to linear sRGB: Machado, Oliveira and Fernandes (2009), the severest of each kind."""

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
TOGETHER = ("chart-generated", "chart-real"), ("heat-low", "heat-high")
"""Pairs that share a chart or a table."""


def linear(colour: str) -> NDArray[np.float64]:
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIELAB coordinates of linear sRGB under its own white."""
    relative = (TO_XYZ @ light.clip(0, 1)) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, eyes: str) -> float:
    """Return how far apart two colours look to such eyes (CIE76)."""
    matrix = np.array(EYES[eyes])
    return float(np.linalg.norm(lab(matrix @ linear(one)) - lab(matrix @ linear(other))))


def contrast(one: str, other: str) -> float:
    """Return the WCAG 2 contrast of two colours."""
    low, high = sorted(TO_XYZ[1] @ linear(colour) + 0.05 for colour in (one, other))
    return float(high / low)


def tokens(sheet: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the colours that a style sheet names, in light and in dark."""
    css = (ROOT / "frontend" / "styles" / sheet).read_text()
    light, dark = css.split("@media screen and (prefers-color-scheme: dark) {")
    named = r"--([\w-]+): (#[0-9a-f]{6});"
    found = dict(re.findall(named, light))
    return found, {**found, **dict(re.findall(named, dark.split("\n}")[0]))}


SCHEMES = dict(zip(("light", "dark"), tokens("report.css"), strict=True))
SURFACES = {scheme: named["surface"] for scheme, named in zip(SCHEMES, tokens("base.css"), strict=True)}


def series(scheme: str) -> list[str]:
    return [SCHEMES[scheme][f"series-{number}"] for number in range(1, len(SERIES) + 1)]


def test_the_distance_is_that_of_the_definition():
    assert distance("#000000", "#ffffff", "all cones") == pytest.approx(100)
    assert distance("#ff0000", "#00ff00", "all cones") == pytest.approx(170.6, abs=0.1)
    for eyes, mixed in {"protanopia": ("#0068a8", "#8f5aa8"), "deuteranopia": ("#b4500b", "#8a6a00")}.items():
        assert distance(*mixed, eyes) < 4 < 30 < distance(*mixed, "all cones")


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_any_two_colours_of_one_chart_stay_apart(scheme: str, eyes: str):
    named = SCHEMES[scheme]
    pairs = [*combinations(series(scheme), 2), *((named[one], named[other]) for one, other in TOGETHER)]
    assert {pair: found for pair in pairs if (found := distance(*pair, eyes)) < FLOOR} == {}


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("points", range(2, 8))
def test_neighbours_on_a_scale_stay_apart(points: int, eyes: str):
    steps = pairwise(scale_colours(points))
    assert {pair: found for pair in steps if (found := distance(*pair, eyes)) < STEP_FLOOR} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_marks_stand_out_from_their_ground(scheme: str):
    marks = [*series(scheme), SCHEMES[scheme]["chart-generated"], SCHEMES[scheme]["chart-real"]]
    assert [colour for colour in marks if contrast(colour, SURFACES[scheme]) < 3] == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_in_charts_can_be_read(scheme: str):
    assert contrast(SCHEMES[scheme]["chart-muted"], SURFACES[scheme]) >= 4.5
    assert contrast(SCHEMES[scheme]["chart-real"], SURFACES[scheme]) >= 4.5  # the mark “real” in tables


def test_numbers_on_a_scale_can_be_read():
    colours = {colour for points in range(1, 12) for colour in scale_colours(points)}
    assert [colour for colour in colours if contrast(ink_on(colour), colour) < 4.5] == []


def test_a_figure_for_a_paper_has_the_colours_of_the_light_page():
    assert [ON_PAPER[stand_in] for stand_in in SERIES] == series("light")
    assert [THEMED[stand_in].split()[-1] for stand_in in SERIES] == [f"{one})" for one in series("light")]
