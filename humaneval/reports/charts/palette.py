"""Colours of charts: each is a stand-in for a style variable, so that one SVG serves light and dark.

The first two hues are Okabe and Ito's (2008) blue and vermilion; the others were searched for, in light and
in dark, so that any two stay apart for every kind of colour-blindness, which a test looks at. Nothing is told
by colour alone (kinds differ by marker, intervals by width).
"""

from __future__ import annotations

INK = "#010203"
MUTED = "#040506"
GRID = "#070809"
GENERATED = "#0a0b0c"
REAL = "#0d0e0f"
PAPER = "#101112"

THEMED = {
    INK: "currentColor",
    MUTED: "var(--chart-muted, #5d6572)",
    GRID: "var(--chart-grid, #d5d9df)",
    GENERATED: "var(--chart-generated, #0072b2)",
    REAL: "var(--chart-real, #c2570c)",
    PAPER: "var(--chart-paper, #ffffff)",
}
"""What each stand-in becomes in the SVG; the fallback is the light page's colour."""

_LOW, _MIDDLE, _HIGH = (194, 87, 12), (190, 190, 186), (0, 104, 168)


def scale_colours(points: int) -> list[str]:
    """Return one colour for each point of a scale, from orange by grey to blue, as hex strings.

    ``points`` is at least 1. The ends are as far apart in lightness from the middle as from each other
    in hue, so that the order survives grey printing on either half.
    """
    if points == 1:
        return [_hex(_HIGH)]
    return [_at(index / (points - 1)) for index in range(points)]


def _at(position: float) -> str:
    low, high, share = (
        (_LOW, _MIDDLE, position * 2) if position <= 0.5 else (_MIDDLE, _HIGH, position * 2 - 1)
    )
    return _hex(tuple(round(a + (b - a) * share) for a, b in zip(low, high, strict=True)))


def ink_on(colour: str) -> str:
    """Return white or black as a hex string: the one with the higher WCAG 2 contrast to ``colour``."""
    luminance = _luminance(colour)
    return "#ffffff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"


def _luminance(colour: str) -> float:
    """Return the relative luminance of an sRGB colour, from 0 to 1."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _hex(colour: tuple[int, ...]) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in colour)


SERIES = ("#112233", "#122334", "#132435", "#142536", "#152637", "#162738", "#172839", "#18293a")
"""Stand-ins for up to eight conditions in one chart; each has a marker of its own, too."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_SERIES = ("#0068a8", "#b4500b", "#004e23", "#5e2c72", "#ac894d", "#399bcf", "#ec6789", "#424043")
THEMED |= {
    stand_in: f"var(--series-{number}, {colour})"
    for number, (stand_in, colour) in enumerate(zip(SERIES, _SERIES, strict=True), 1)
}

ON_PAPER = {
    INK: "#111418",
    MUTED: "#5d6572",
    GRID: "#d5d9df",
    GENERATED: "#0068a8",
    REAL: "#b4500b",
    PAPER: "#ffffff",
} | dict(zip(SERIES, _SERIES, strict=True))
"""What each stand-in becomes in a figure for a paper."""
