"""Real or fake: one image at a time, yes or no (as HYPE-infinity asks; Zhou et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from humaneval.protocols.base import (
    CANNOT_TELL,
    AnswerError,
    Design,
    Kind,
    Protocol,
    QuestionSpec,
    Setting,
    TrialSpec,
)
from humaneval.protocols.drawing import Draw, even_picks, rows_of, spread_flags
from humaneval.protocols.requirements import advice_on_repeats

SHARE_REAL = Setting(
    "share_real",
    "Share of real images (%)",
    "50 as HYPE has it. The same share comes in every stretch of 20 trials.",
    50,
    kind="integer",
    minimum=10,
    maximum=90,
)
DISCLOSE_SHARE = Setting(
    "disclose_share",
    "Tell raters the share",
    "Say in the instructions how many of the images are real.",
    True,
)


class RealOrFake(Protocol):
    """One image at a time: a set share of real ones, by default half, the rest of each generated set equally.

    The canonical value is 1 for "real" and 0 for "fake".
    """

    name = "real_or_fake"
    title = "Real or fake"
    summary = (
        "One image at a time: real, or made by a computer? "
        "Faster for raters than two images, and the HYPE score comes from it."
    )
    analysis = "rate"
    measure = "Share judged real"
    settings: tuple[Setting, ...] = (SHARE_REAL, DISCLOSE_SHARE, CANNOT_TELL)
    default_questions = (QuestionSpec(key="real", text="Is this image real or fake?"),)
    default_instructions = (
        "You will see one image at a time. Some are real; the others were made by a computer. "
        "Say for each whether it is real or fake. If you are not sure, go with your first impression."
    )
    real_sets = (1, 1)
    generated_sets: tuple[int, int | None] = (1, None)
    knows_answers = True

    def advice(self, design: Design) -> list[str]:
        """Say where images come in more than one trial."""
        reals = math.ceil(design.trial_count * self.value(design.settings, "share_real") / 100)
        each = math.ceil((design.trial_count - reals) / len(design.generated))
        conditions = (*design.real, *design.generated)
        return advice_on_repeats(conditions, [reals, *[each] * len(design.generated)])

    def draw_trials(self, design: Design) -> Iterator[TrialSpec]:
        """Yield trials; see :meth:`Protocol.draw_trials`."""
        draw = Draw(design.seed)
        conditions = (design.real[0], *design.generated)
        share = self.value(design.settings, "share_real")
        shows_generated = ~spread_flags(draw, "kinds", design.trial_count, share)
        condition = np.zeros(design.trial_count, np.int64)
        turns = np.zeros(int(shows_generated.sum()), np.int64)
        condition[shows_generated] = 1 + even_picks(draw, "turns", turns, np.array([len(design.generated)]))
        sizes = np.array([len(c.samples) for c in conditions])
        picks = even_picks(draw, "samples", condition, sizes)
        for number, (index, pick) in enumerate(rows_of(condition, picks)):
            chosen = conditions[index]
            yield TrialSpec(number=number, condition=chosen.id, slots=((int(chosen.samples[pick]),),))

    def decode(
        self, question: QuestionSpec, shown: Any, order: Sequence[int], settings: Mapping[str, Any]
    ) -> int:
        """Return 1 for ``"real"``, 0 for ``"fake"``."""
        if shown not in ("real", "fake"):
            raise AnswerError(f'{question.key}: the answer is "real" or "fake"; got {shown!r}.')
        return int(shown == "real")

    def known_answer(self, kinds: Sequence[Kind]) -> int | None:
        """Return 1 for a real image, 0 for a generated one."""
        return int(kinds[0] == "real")

    def answer_names(self, questions: Sequence[QuestionSpec], settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return ``("real", "fake")``."""
        return ("real", "fake")

    def page_part(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``share_real`` (percent, or None if untold); a prompt would give generated images away."""
        told = self.value(settings, "disclose_share")
        return {"show_prompt": False, "share_real": self.value(settings, "share_real") if told else None}

    def chance(self, settings: Mapping[str, Any]) -> float | None:
        """Return 0.5 where half the images are real; with another share raters may lean either way."""
        return 0.5 if self.value(settings, "share_real") == 50 else None

    def successes(self, values: NDArray[np.int64], is_real: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return where the image was judged real, whether it was or not."""
        return np.asarray(values) == 1

    def errors(self, values: NDArray[np.int64], is_real: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return where a generated image was judged real or a real one fake."""
        return (np.asarray(values) == 1) != np.asarray(is_real, dtype=bool)
