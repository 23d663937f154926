"""Likert scales: one image, or a grid of one set's images, rated on one or more scales."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from humaneval.protocols.base import (
    CANNOT_TELL,
    AnswerError,
    ConditionSpec,
    Design,
    Protocol,
    QuestionSpec,
    Setting,
    TrialSpec,
    is_integer,
)
from humaneval.protocols.drawing import Draw, Ints, even_hands, even_picks, offsets, rows_of
from humaneval.protocols.requirements import advice_on_repeats, has_prompts

SLIDER = (0, 100)


@dataclass(frozen=True)
class _Pool:
    """Samples that one grid may be filled from."""

    samples: Ints
    prompts: Ints

    @property
    def prompt(self) -> int:
        """The prompt that all samples share, or 0."""
        return int(self.prompts[0]) if (self.prompts == self.prompts[0]).all() else 0


def columns_of(grid_size: int) -> int:
    """Return how many columns make a grid nearly square, and no taller than wide."""
    return math.ceil(math.sqrt(grid_size))


class Likert(Protocol):
    """One image or one grid at a time, every condition equally often; answers are 1 .. points, or 0 .. 100.

    A grid holds different samples of one condition: the way to ask about diversity, which no single
    image shows.
    """

    name = "likert"
    title = "Likert scale"
    summary = (
        "One image, or a grid of images of one set, rated on one or more scales, "
        "such as realism, quality, or the diversity of a grid."
    )
    analysis = "scale"
    measure = "Mean opinion score"
    settings = (
        Setting(
            "grid_size",
            "Images in a grid",
            "1 shows single images; 16 shows grids of 4 × 4 from one set, to judge diversity.",
            1,
            kind="integer",
            minimum=1,
            maximum=64,
        ),
        Setting("same_prompt", "One prompt a grid", "Fill each grid with images of a single prompt.", False),
        Setting(
            "show_prompt",
            "Show the prompt",
            "Show the prompt that the image, or the whole grid, was made from; all sets need prompts.",
            False,
        ),
        Setting(
            "scale",
            "Kind of scale",
            "Worded points are what most people answer alike; a slider from 0 to 100 is finer.",
            "points",
            kind="choice",
            choices=(("points", "points, as many as the question says"), ("slider", "slider from 0 to 100")),
        ),
        Setting("show_numbers", "Show numbers", "Show a number at each point, or at the slider.", True),
        CANNOT_TELL,
    )
    default_questions = (
        QuestionSpec(
            key="realism",
            text="How realistic does this look?",
            points=5,
            low_label="Not at all realistic",
            middle_label="Somewhat realistic",
            high_label="Completely realistic",
        ),
    )
    default_instructions = (
        "You will see images one after another. Answer each question on its scale. "
        "There are no right or wrong answers: give your own impression."
    )
    real_sets = (0, None)
    generated_sets = (0, None)
    several_questions = True
    uses_scale = True

    def _problems(self, design: Design) -> list[str]:
        if not design.conditions:
            return ["Likert scale needs at least 1 sample set: add one."]
        found = [text for c in design.conditions for text in self._prompt_problem(c, design.settings)]
        return found or [text for c in design.conditions for text in self._size_problem(c, design.settings)]

    def _prompt_problem(self, condition: ConditionSpec, settings: Mapping[str, Any]) -> list[str]:
        needed = self.value(settings, "same_prompt") or self.value(settings, "show_prompt")
        if not needed or (condition.prompts > 0).all():
            return []
        some = "some samples without a prompt" if has_prompts(condition) else "no prompts"
        return [
            f"“{condition}” has {some}: whether a prompt is shown would give images away. "
            "Import the prompts, or switch “Show the prompt” and “One prompt a grid” off."
        ]

    def _size_problem(self, condition: ConditionSpec, settings: Mapping[str, Any]) -> list[str]:
        size = self.value(settings, "grid_size")
        if self._pools(condition, settings):
            return []
        if self.value(settings, "same_prompt"):
            return [f"“{condition}” has no prompt with {size} samples: import more, or make grids smaller."]
        return [
            f"“{condition}” has {len(condition.samples)} samples, too few for a grid of {size}: "
            "import more, or make grids smaller."
        ]

    def _pools(self, condition: ConditionSpec, settings: Mapping[str, Any]) -> list[_Pool]:
        """Return the pools of a condition that are big enough for one grid."""
        size = self.value(settings, "grid_size")
        pools = [_Pool(condition.samples, condition.prompts)]
        if self.value(settings, "same_prompt"):
            members = [condition.prompts == prompt for prompt in dict.fromkeys(condition.prompts.tolist())]
            pools = [_Pool(condition.samples[mine], condition.prompts[mine]) for mine in members]
        return [pool for pool in pools if len(pool.samples) >= size]

    def advice(self, design: Design) -> list[str]:
        """Say where single images come in more than one trial."""
        if self.value(design.settings, "grid_size") > 1:
            return []
        each = math.ceil(design.trial_count / len(design.conditions))
        return advice_on_repeats(design.conditions, [each] * len(design.conditions))

    def draw_trials(self, design: Design) -> Iterator[TrialSpec]:
        """Yield trials; see :meth:`Protocol.draw_trials`."""
        draw = Draw(design.seed)
        pools = [self._pools(condition, design.settings) for condition in design.conditions]
        pool_counts = np.array([len(some) for some in pools])
        turns = np.zeros(design.trial_count, np.int64)
        condition = even_picks(draw, "conditions", turns, np.array([len(design.conditions)]))
        nth = even_picks(draw, "pools", condition, pool_counts)
        pool_of = offsets(pool_counts)[condition] + nth
        every = [pool for some in pools for pool in some]
        sizes = np.array([len(pool.samples) for pool in every])
        hands = even_hands(draw, "samples", pool_of, sizes, self.value(design.settings, "grid_size"))
        cells = offsets(sizes)[pool_of][:, None] + hands
        samples = np.concatenate([pool.samples for pool in every])[cells]
        prompts = self._prompts(every, pool_of, cells)
        ids = np.array([c.id for c in design.conditions])[condition]
        for number, (condition_id, grid, prompt) in enumerate(rows_of(ids, samples, prompts)):
            yield TrialSpec(
                number=number, condition=condition_id, slots=(tuple(grid),), prompt=prompt or None
            )

    @staticmethod
    def _prompts(pools: Sequence[_Pool], pool_of: Ints, cells: Ints) -> Ints:
        """Return the prompt of each trial: its image's, or the one its whole grid is of, else 0."""
        if cells.shape[1] == 1:
            return np.concatenate([pool.prompts for pool in pools])[cells[:, 0]]
        return np.array([pool.prompt for pool in pools])[pool_of]

    def decode(
        self, question: QuestionSpec, shown: Any, order: Sequence[int], settings: Mapping[str, Any]
    ) -> int:
        """Return the point chosen, 1 .. points, or where the slider stands, 0 .. 100."""
        low, high = self.value_range(question.points, settings)
        if not (is_integer(shown) and low <= shown <= high):
            raise AnswerError(
                f"{question.key}: the answer is a whole number from {low} to {high}; got {shown!r}."
            )
        return shown

    def value_range(self, points: int, settings: Mapping[str, Any]) -> tuple[int, int]:
        """Return the least and the greatest answer: 1 .. points, or 0 .. 100 on a slider."""
        return SLIDER if self.value(settings, "scale") == "slider" else (1, points)

    def answer_names(self, questions: Sequence[QuestionSpec], settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the points of the longest scale; a slider has its own keys."""
        if self.value(settings, "scale") == "slider":
            return ()
        return tuple(str(point + 1) for point in range(max((q.points for q in questions), default=0)))

    def page_part(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``show_prompt``, ``grid_size``, ``columns``, ``scale`` and ``show_numbers``."""
        size = self.value(settings, "grid_size")
        return {
            "grid_size": size,
            "columns": columns_of(size),
            "show_prompt": bool(self.value(settings, "show_prompt")),
            "scale": self.value(settings, "scale"),
            "show_numbers": bool(self.value(settings, "show_numbers")),
        }
