"""Forced choice: a real image among generated ones, which is real?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from humaneval.protocols.base import (
    CANNOT_TELL,
    SIDES,
    AnswerError,
    ConditionSpec,
    Design,
    Kind,
    Protocol,
    QuestionSpec,
    Setting,
    TrialSpec,
    is_integer,
)
from humaneval.protocols.pairing import Hands, meetings, shared_prompts
from humaneval.protocols.repeats import advice_on_meetings
from humaneval.protocols.requirements import of_hands, of_shared_prompts

REAL_SLOT = 1


class TwoAFC(Protocol):
    """One real image beside a generated one, or among several of one generated set (m-AFC).

    Slot 1 is the real image, all others are generated; the canonical value is the slot judged real, so
    any but 1 means that the rater was fooled. With two images raters may be asked for the generated one
    instead; the value is then the slot that they did not choose. The real image's place is balanced in
    each condition.
    """

    name = "two_afc"
    title = "Two-alternative forced choice"
    summary = (
        "A real and a generated image side by side: which one is real? "
        "Half wrong means that raters cannot tell them apart."
    )
    analysis = "rate"
    measure = "Share fooled: generated taken for real"
    settings = (
        Setting(
            "images",
            "Images in a trial",
            "2 sets one real image beside one generated; more set it among several of the same generated "
            "set, which leaves less to luck.",
            2,
            kind="integer",
            minimum=2,
            maximum=6,
        ),
        Setting(
            "ask",
            "Ask for",
            "What raters look for. With more than two images it is the real one, since only it is alone.",
            "real",
            kind="choice",
            choices=(("real", "the real image"), ("generated", "the generated image")),
        ),
        Setting(
            "match_prompts",
            "Same prompt",
            "Set a generated image only beside a real one of the same prompt; all sets need prompts.",
            False,
        ),
        Setting("show_prompt", "Show the prompt", "Show the prompt that the images share.", False),
        CANNOT_TELL,
    )
    default_questions = (QuestionSpec(key="real", text="Which image is real?"),)
    default_instructions = (
        "You will see two images side by side. One is real; the other was made by a computer. "
        "Choose the one you think is real. If you are not sure, go with your first impression."
    )
    real_sets = (1, 1)
    generated_sets = (1, None)
    names_slots = True
    knows_answers = True

    def _problems(self, design: Design) -> list[str]:
        if self._images(design.settings) > 2 and self.value(design.settings, "ask") == "generated":
            return [
                "With more than two images raters can only be asked for the real one: the generated ones "
                "are several. Ask for the real image, or show two images."
            ]
        matched = self.value(design.settings, "match_prompts")
        bare = [c for c in design.conditions if matched and not (c.prompts > 0).any()]
        if bare:
            return [f"“{c}” has no prompts: import them, or switch “Same prompt” off." for c in bare]
        return [text for c in design.generated for text in self._pair_problems(c, design)]

    def _pair_problems(self, condition: ConditionSpec, design: Design) -> list[str]:
        real, hands = design.real[0], self._hands(design.settings)
        matched = self.value(design.settings, "match_prompts")
        if matched and (found := of_shared_prompts(condition, real)):
            return found
        if not shared_prompts((condition, real), matched, hands):
            return of_hands(condition, real, hands=hands)
        return []

    def _images(self, settings: Mapping[str, Any]) -> int:
        return int(self.value(settings, "images"))

    def _hands(self, settings: Mapping[str, Any]) -> Hands:
        return (self._images(settings) - 1, 1)

    def advice(self, design: Design) -> list[str]:
        """Say where the same pair comes in several trials, or images come very often."""
        return advice_on_meetings(
            pairs=[(condition, design.real[0]) for condition in design.generated],
            trial_count=design.trial_count,
            match_prompts=self.value(design.settings, "match_prompts"),
            hands=self._hands(design.settings),
        )

    def draw_trials(self, design: Design) -> Iterator[TrialSpec]:
        """Yield trials; see :meth:`Protocol.draw_trials`."""
        met = meetings(
            pairs=[(condition, design.real[0]) for condition in design.generated],
            trial_count=design.trial_count,
            seed=design.seed,
            match_prompts=self.value(design.settings, "match_prompts"),
            hands=self._hands(design.settings),
            places=self._images(design.settings),
        )
        for trial in met:
            generated, real = trial.slots
            singles = (generated[:1], real, *((sample,) for sample in generated[1:]))
            yield replace(trial, slots=singles)

    def decode(
        self, question: QuestionSpec, shown: Any, order: Sequence[int], settings: Mapping[str, Any]
    ) -> int:
        """Return the slot judged real from the place chosen, 0 .. images - 1."""
        if not (is_integer(shown) and 0 <= shown < len(order)):
            allowed = "0 or 1" if len(order) == 2 else f"0 to {len(order) - 1}"
            raise AnswerError(f"{question.key}: the answer is the place chosen, {allowed}; got {shown!r}.")
        slot = order[shown]
        return 1 - slot if self.value(settings, "ask") == "generated" else slot

    def known_answer(self, kinds: Sequence[Kind]) -> int | None:
        """Return the real image's slot; None unless it is the only real one and stands in slot 1."""
        reals = [slot for slot, kind in enumerate(kinds) if kind == "real"]
        return REAL_SLOT if reals == [REAL_SLOT] else None

    def answer_names(self, questions: Sequence[QuestionSpec], settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the sides, or the images' numbers where there are more than two."""
        images = self._images(settings)
        return SIDES if images == 2 else tuple(str(place + 1) for place in range(images))

    def page_part(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"show_prompt": bool, "images": int, "ask": "real" | "generated"}``."""
        matched = self.value(settings, "match_prompts")
        return {
            "show_prompt": bool(matched and self.value(settings, "show_prompt")),
            "images": self._images(settings),
            "ask": self.value(settings, "ask"),
        }

    def chance(self, settings: Mapping[str, Any]) -> float:
        """Return the share fooled among raters who guess: a half of two images, 1 - 1/m of m."""
        return 1 - 1 / self._images(settings)

    def successes(self, values: NDArray[np.int64], is_real: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return where a generated image was taken for real."""
        return np.asarray(values) != REAL_SLOT
