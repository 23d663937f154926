"""Staircases: rules by which the next exposure follows from the answers so far.

A rule shortens the exposure by ``down_ms`` after ``run`` correct answers in a row, counted anew after each
change, and lengthens it by ``up_ms`` after each wrong answer. It comes to rest where both happen equally
often by their size, that is at the share correct ``p`` with ``p ** run = up_ms / (up_ms + down_ms)``:

=====================  =====  =======  ========  ==========================================================
rule                   ``run``  ``up``   ``down``    comes to rest at
=====================  =====  =======  ========  ==========================================================
weighted               1      30 ms    10 ms     75.0% correct (weighted up-down, Kaernbach 1991)
two_down               2      20 ms    20 ms     70.7% (Levitt 1971)
three_down             3      20 ms    20 ms     79.4% (Levitt 1971)
published_runs         3      10 ms    30 ms     63.0% (HYPE's steps, read as "down after three correct")
published_literal      1      10 ms    30 ms     25.0%: below chance, so it drifts to the shortest exposure
=====================  =====  =======  ========  ==========================================================

References: H. Levitt, Transformed up-down methods in psychoacoustics, JASA 49 (1971); C. Kaernbach, Simple
adaptive testing with the weighted up-down method, Perception & Psychophysics 49 (1991); S. Zhou et al.,
HYPE, NeurIPS 2019 ("3-up/1-down ... raised by 10 ms and reduced by 30 ms").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHANCE = 0.5
"""Share correct of somebody who cannot tell real from fake."""


@dataclass(frozen=True)
class StaircaseRule:
    """One rule; see the module."""

    title: str
    run: int
    up_ms: int
    down_ms: int

    @property
    def target(self) -> float:
        """The share correct at which the rule comes to rest, 0 .. 1."""
        return float((self.up_ms / (self.up_ms + self.down_ms)) ** (1 / self.run))

    @property
    def converges(self) -> bool:
        """Whether its target lies above chance; otherwise it drifts to the shortest exposure."""
        return self.target > CHANCE


RULES: dict[str, StaircaseRule] = {
    "weighted": StaircaseRule("+30 ms wrong, −10 ms correct: comes to rest at 75% correct", 1, 30, 10),
    "two_down": StaircaseRule("+20 ms wrong, −20 ms after 2 correct: 70.7%", 2, 20, 20),
    "three_down": StaircaseRule("+20 ms wrong, −20 ms after 3 correct: 79.4%", 3, 20, 20),
    "published_runs": StaircaseRule("+10 ms wrong, −30 ms after 3 correct (HYPE): 63.0%", 3, 10, 30),
    "published_literal": StaircaseRule(
        "+10 ms wrong, −30 ms correct (HYPE, read literally): 25%, drifts to the shortest", 1, 10, 30
    ),
}
"""The rules there are, by name; the first is the default."""


@dataclass(frozen=True)
class Staircase:
    """A rule between a shortest and a longest exposure, from a start, in milliseconds."""

    rule: StaircaseRule
    start_ms: int
    shortest_ms: int
    longest_ms: int

    def next_exposure(self, answers: Iterable[bool]) -> int:
        """Return the exposure that follows answers (True: correct), in milliseconds."""
        exposure, correct_in_row = self.start_ms, 0
        for correct in answers:
            correct_in_row = correct_in_row + 1 if correct else 0
            if not correct:
                exposure = min(self.longest_ms, exposure + self.rule.up_ms)
            elif correct_in_row == self.rule.run:
                exposure, correct_in_row = max(self.shortest_ms, exposure - self.rule.down_ms), 0
        return exposure

    def walk(
        self, chance: Callable[[Floats], Floats], *, observers: int, trials: int, random: np.random.Generator
    ) -> Floats:
        """Return the exposures (trials, observers), in milliseconds, that simulated observers meet.

        ``chance`` returns each observer's chance of a correct answer at an exposure of their own.
        """
        exposure, run = np.full(observers, float(self.start_ms)), np.zeros(observers)
        shown = np.empty((trials, observers))
        for trial in range(trials):
            shown[trial] = exposure
            correct = random.random(observers) < chance(exposure)
            run = np.where(correct, run + 1, 0)
            down = run == self.rule.run
            step = np.where(correct, -self.rule.down_ms * down, self.rule.up_ms)
            exposure = np.clip(exposure + step, self.shortest_ms, self.longest_ms)
            run[down] = 0
        return shown
