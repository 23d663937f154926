"""Pairwise comparison: images of two conditions side by side, which is better?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from humaneval.protocols.base import (
    BOTH_BAD,
    BOTH_GOOD,
    CANNOT_TELL,
    SIDES,
    TIE,
    AnswerError,
    ConditionSpec,
    Design,
    Protocol,
    QuestionSpec,
    Setting,
    TrialSpec,
    is_integer,
)
from humaneval.protocols.likert import columns_of
from humaneval.protocols.pairing import Pair, meetings, shared_prompts
from humaneval.protocols.repeats import advice_on_meetings
from humaneval.protocols.requirements import of_hands, of_shared_prompts

WORDS = {"tie": TIE, "both_good": BOTH_GOOD, "both_bad": BOTH_BAD}
"""The answers that prefer neither, each offered by a setting."""


class Pairwise(Protocol):
    """Images or grids of two conditions side by side, of the same prompt where both sets have prompts.

    The slots are the two conditions in the study's order; the canonical value is the slot preferred, or one
    of :data:`WORDS`. Every pair of conditions comes equally often, with balanced sides.
    """

    name = "pairwise"
    title = "Pairwise comparison"
    summary = (
        "Images of two sets side by side: which is better? Ranks models against each other, "
        "and is the finest way to tell good models apart."
    )
    analysis = "preference"
    measure = "Strength (Bradley-Terry)"
    settings = (
        Setting("allow_tie", "Allow a tie", "Let raters say that neither is better.", False),
        Setting("allow_both_good", "Allow “both good”", "Let raters say that both are good.", False),
        Setting("allow_both_bad", "Allow “both bad”", "Let raters say that both are bad.", False),
        Setting(
            "grid_size",
            "Images on each side",
            "1 compares single images; 8 compares grids of 8, as DrawBench does.",
            1,
            kind="integer",
            minimum=1,
            maximum=64,
        ),
        Setting(
            "match_prompts",
            "Same prompt",
            "Compare images of the same prompt wherever both sets have prompts.",
            True,
        ),
        Setting("show_prompt", "Show the prompt", "Show the prompt that both sides share.", True),
        CANNOT_TELL,
    )
    default_questions = (QuestionSpec(key="preference", text="Which image is better?"),)
    default_instructions = (
        "You will see two images side by side. Choose the one you find better. "
        "If a description is shown above them, take into account how well each image matches it."
    )
    real_sets = (0, None)
    generated_sets = (1, None)
    several_questions = True
    names_slots = True

    def _problems(self, design: Design) -> list[str]:
        if len(design.conditions) < 2:
            return ["Pairwise comparison needs at least 2 sample sets: add another one."]
        return [text for pair in self._pairs(design) for text in self._pair_problems(*pair, design)]

    def _pair_problems(self, left: ConditionSpec, right: ConditionSpec, design: Design) -> list[str]:
        matched = self.value(design.settings, "match_prompts")
        if matched and (found := of_shared_prompts(left, right)):
            return found
        size = self._size(design.settings)
        if not shared_prompts((left, right), matched, (size, size)):
            return of_hands(left, right, hands=(size, size))
        return []

    @staticmethod
    def _pairs(design: Design) -> list[Pair]:
        return list(combinations(design.conditions, 2))

    def _size(self, settings: Mapping[str, Any]) -> int:
        return int(self.value(settings, "grid_size"))

    def advice(self, design: Design) -> list[str]:
        """Say where the same pair comes in several trials, or images come very often."""
        return advice_on_meetings(
            pairs=self._pairs(design),
            trial_count=design.trial_count,
            match_prompts=self.value(design.settings, "match_prompts"),
            hands=(self._size(design.settings),) * 2,
        )

    def draw_trials(self, design: Design) -> Iterator[TrialSpec]:
        """Yield trials; see :meth:`Protocol.draw_trials`."""
        size = self._size(design.settings)
        return meetings(
            pairs=self._pairs(design),
            trial_count=design.trial_count,
            seed=design.seed,
            match_prompts=self.value(design.settings, "match_prompts"),
            hands=(size, size),
            places=2,
        )

    def _answers(self, settings: Mapping[str, Any]) -> list[str]:
        """Return the answers offered that prefer neither."""
        return [word for word in WORDS if self.value(settings, f"allow_{word}")]

    def decode(
        self, question: QuestionSpec, shown: Any, order: Sequence[int], settings: Mapping[str, Any]
    ) -> int:
        """Return the slot preferred from the place chosen (0 or 1), or the value of a word offered."""
        offered = self._answers(settings)
        if isinstance(shown, str) and shown in offered:
            return WORDS[shown]
        if not (is_integer(shown) and shown in (0, 1)):
            *others, last = ["0", "1", *(f'"{word}"' for word in offered)]
            allowed = f"{', '.join(others)} or {last}"
            raise AnswerError(f"{question.key}: the answer is the place chosen, {allowed}; got {shown!r}.")
        return order[shown]

    def answer_names(self, questions: Sequence[QuestionSpec], settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the sides, and the words offered that prefer neither."""
        return (*SIDES, *self._answers(settings))

    def page_part(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``show_prompt``, ``tie``, ``answers`` (that prefer neither), ``grid_size``, ``columns``."""
        matched, size = self.value(settings, "match_prompts"), self._size(settings)
        offered = self._answers(settings)
        return {
            "show_prompt": bool(matched and self.value(settings, "show_prompt")),
            "tie": "tie" in offered,
            "answers": offered,
            "grid_size": size,
            "columns": columns_of(size),
        }
