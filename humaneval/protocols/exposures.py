"""Exposures in whole display frames: what is asked for, what was really shown, and whether it was spoilt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEWEST_FRAMES = 3
"""Shorter exposures are refused: one frame more or less would be half of them."""

COMMON_REFRESH_HZ = 60
"""The display that studies are planned for; most raters' displays have it or a faster one."""

SLOWEST_FRAME_MS = 100.0


class ExposureError(ValueError):
    """An exposure that a display cannot show, or timings that do not say what was shown; for people."""


def frames_for(exposure_ms: float, frame_ms: float) -> int:
    """Return the whole frames nearest to an exposure; raises :class:`ExposureError` below three.

    ``frame_ms`` is the display's refresh period in milliseconds.
    """
    frames = round(exposure_ms / frame_ms)
    if frames < FEWEST_FRAMES:
        raise ExposureError(
            f"An exposure of {exposure_ms:g} ms is under {FEWEST_FRAMES} frames of a display that shows "
            f"{1000 / frame_ms:.0f} frames a second: one frame lost would change it too much. "
            f"{FEWEST_FRAMES * frame_ms:.0f} ms is the shortest that can be shown."
        )
    return frames


@dataclass(frozen=True)
class Shown:
    """What a display really did with one stimulus, as the vote's timings say."""

    frames: int
    frame_ms: float
    dropped: int
    hidden_ms: float

    @classmethod
    def read(cls, timings: Mapping[str, Any]) -> Shown:
        """Return what timings say; raises :class:`ExposureError` where they lack it or cannot be."""
        frames, dropped = _whole(timings, "frames"), _whole(timings, "dropped")
        frame_ms, hidden_ms = _number(timings, "frame_ms"), _number(timings, "hidden_ms")
        if not 0 < frame_ms <= SLOWEST_FRAME_MS:
            raise ExposureError(f"frame_ms is a refresh period above 0 and up to {SLOWEST_FRAME_MS:g} ms.")
        if frames < FEWEST_FRAMES:
            raise ExposureError(
                f"The image stood for {frames} frames; fewer than {FEWEST_FRAMES} do not count."
            )
        return cls(frames, frame_ms, dropped, hidden_ms)

    @property
    def exposure_ms(self) -> float:
        """How long the image really stood, in milliseconds: whole frames."""
        return self.frames * self.frame_ms

    def is_spoilt(self, asked_ms: float) -> bool:
        """Return whether frames were lost, the page was hidden, or it stood a frame too long or short."""
        asked = max(FEWEST_FRAMES, round(asked_ms / self.frame_ms))
        return self.dropped > 0 or self.hidden_ms > 0 or abs(self.frames - asked) > 1


def _number(timings: Mapping[str, Any], name: str) -> float:
    value = timings.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ExposureError(f"The timings of a timed trial hold “{name}”, a number from 0; got {value!r}.")
    return float(value)


def _whole(timings: Mapping[str, Any], name: str) -> int:
    value = _number(timings, name)
    if not value.is_integer():
        raise ExposureError(f"“{name}” is a whole number of frames; got {value:g}.")
    return int(value)
