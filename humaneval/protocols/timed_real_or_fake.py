"""Timed real or fake: one image for a moment, then masks (as HYPE-time asks; Zhou et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from humaneval.protocols.base import CANNOT_TELL, Design, PastVote, Setting
from humaneval.protocols.exposures import COMMON_REFRESH_HZ, ExposureError, Shown, frames_for
from humaneval.protocols.real_or_fake import DISCLOSE_SHARE, SHARE_REAL, RealOrFake
from humaneval.protocols.staircases import RULES, Staircase

EXPOSURES = (
    Setting("start_ms", "First exposure (ms)", "Each block starts here.", 500, "integer", 1, 10_000),
    Setting("shortest_ms", "Shortest exposure (ms)", "No image is shown shorter.", 100, "integer", 1, 10_000),
    Setting("longest_ms", "Longest exposure (ms)", "No image is shown longer.", 1000, "integer", 1, 10_000),
)
MASKING = (
    Setting("masks", "Masks", "Patterns shown after each image, one after another.", 4, "integer", 0, 20),
    Setting("mask_ms", "Mask (ms)", "How long each stands, in whole frames.", 30, "integer", 10, 1000),
)


class TimedRealOrFake(RealOrFake):
    """One image for a set time, followed by masks; the time follows from the rater's answers, or is drawn.

    With ``method`` "staircase" each block is a staircase of its own (:mod:`humaneval.protocols.staircases`);
    with "constant" every round of ``levels`` trials shows each of so many exposures once, in random order
    (method of constant stimuli). Canonical values are those of real or fake.
    """

    name = "timed_real_or_fake"
    title = "Timed real or fake"
    summary = (
        "One image for a fraction of a second: real or fake? The time at which raters can just tell is "
        "the HYPE-time score: the longer they need, the better the model."
    )
    settings = (
        Setting(
            "method",
            "Exposures",
            "A staircase follows each rater to the edge of what they can tell; constant ones give a curve.",
            "staircase",
            "choice",
            choices=(("staircase", "adaptive staircase"), ("constant", "constant stimuli")),
        ),
        Setting(
            "rule",
            "Staircase rule",
            "What one answer does to the next exposure, and the share correct at which it comes to rest.",
            next(iter(RULES)),
            "choice",
            choices=tuple((name, rule.title) for name, rule in RULES.items()),
        ),
        *EXPOSURES,
        Setting("levels", "Levels", "Exposures of the method of constant stimuli.", 7, "integer", 2, 20),
        Setting("block_length", "Trials in a block", "Raters may rest between.", 150, "integer", 10, 1000),
        *MASKING,
        Setting("feedback", "Feedback", "Say after each answer whether it was right.", True),
        Setting(
            "replace_spoilt",
            "Replace spoilt trials",
            "A trial with lost frames or a hidden page steers no staircase, and is asked of another rater.",
            True,
        ),
        SHARE_REAL,
        DISCLOSE_SHARE,
        CANNOT_TELL,
    )
    default_instructions = (
        "An image will appear for a moment and then be covered by patterns. Some images are real; the others "
        "were made by a computer. Say for each whether it was real or fake. If you are not sure, go with "
        "your first impression."
    )
    generated_sets = (1, 1)
    timed = True

    def _problems(self, design: Design) -> list[str]:
        start, shortest, longest = (self.value(design.settings, s.name) for s in EXPOSURES)
        if not shortest <= start <= longest:
            return [
                f"The first exposure ({start} ms) must lie between the shortest ({shortest} ms) and the "
                f"longest ({longest} ms)."
            ]
        try:
            frames_for(shortest, 1000 / COMMON_REFRESH_HZ)
        except ExposureError as error:
            return [f"{error} Make the shortest exposure longer."]
        return []

    def advice(self, design: Design) -> list[str]:
        """Say how many trials a rater needs for the published score, and where images come again."""
        length = self.value(design.settings, "block_length")
        return [
            f"As published, a rater answers 3 blocks: set the trials of one rater to {3 * length}.",
            *([] if RULES[self.value(design.settings, "rule")].converges else [self._drift()]),
            *super().advice(design),
        ]

    @staticmethod
    def _drift() -> str:
        return (
            "This staircase rule comes to rest below chance, so it drifts to the shortest exposure whatever "
            "raters see: choose it only to reproduce earlier work."
        )

    def page_part(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return what real or fake does, and ``timed``, masks, blocks, ``feedback``, ``lookahead``."""
        return {
            **super().page_part(settings),
            "timed": True,
            "masks": self.value(settings, "masks"),
            "mask_ms": self.value(settings, "mask_ms"),
            "block_length": self.value(settings, "block_length"),
            "feedback": self.gives_feedback(settings),
            "lookahead": self.look_ahead(settings) or 0,
        }

    def gives_feedback(self, settings: Mapping[str, Any]) -> bool:
        """Return whether raters are told after each vote whether they were right."""
        return bool(self.value(settings, "feedback"))

    def look_ahead(self, settings: Mapping[str, Any]) -> int | None:
        """Return 1 for staircases, whose next exposure follows from the vote before; None otherwise."""
        return 1 if self.value(settings, "method") == "staircase" else None

    def parameters(
        self, *, past: Sequence[PastVote], ahead: int, seed: int, settings: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return ``{"exposure_ms": int, "block": int}`` for the trial ``ahead`` after the past ones."""
        number = len(past) + ahead
        block = number // self.value(settings, "block_length")
        if self.look_ahead(settings) is None:
            return {"exposure_ms": self._constant(number, seed, settings), "block": block}
        answers = (
            vote.correct
            for vote in past
            if vote.parameters.get("block") == block
            and vote.correct is not None
            and self._steers(vote, settings)
        )
        return {"exposure_ms": self._staircase(settings).next_exposure(answers), "block": block}

    def _steers(self, vote: PastVote, settings: Mapping[str, Any]) -> bool:
        return not (vote.spoilt and self.replaces_spoilt(settings))

    def _staircase(self, settings: Mapping[str, Any]) -> Staircase:
        start, shortest, longest = (self.value(settings, setting.name) for setting in EXPOSURES)
        return Staircase(RULES[self.value(settings, "rule")], start, shortest, longest)

    def _constant(self, number: int, seed: int, settings: Mapping[str, Any]) -> int:
        levels = self.constant_levels(settings)
        round_number, place = divmod(number, len(levels))
        order = Random(f"exposures {seed} {round_number}")
        order.shuffle(levels)
        return levels[place]

    def replaces_spoilt(self, settings: Mapping[str, Any]) -> bool:
        """Return whether spoilt trials are asked again of other raters."""
        return bool(self.value(settings, "replace_spoilt"))

    def constant_levels(self, settings: Mapping[str, Any]) -> list[int]:
        """Return the exposures of the method of constant stimuli, in equal ratios, shortest first."""
        count = self.value(settings, "levels")
        shortest, longest = self.value(settings, "shortest_ms"), self.value(settings, "longest_ms")
        ratio = (longest / shortest) ** (1 / (count - 1))
        return [round(shortest * ratio**step) for step in range(count)]

    def is_spoilt(self, timings: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
        """Return whether an exposure went wrong; raises ExposureError for timings that do not say."""
        return Shown.read(timings).is_spoilt(parameters["exposure_ms"])
