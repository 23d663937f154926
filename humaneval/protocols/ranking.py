"""Ranking: images of several conditions on one prompt, put in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
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
from humaneval.protocols.drawing import Draw, Ints, even_picks, offsets, rank_within
from humaneval.protocols.orders import MOST, code_of, order_of
from humaneval.protocols.pairing import Pools, draw_hands
from humaneval.protocols.requirements import has_prompts

Lineup = tuple[ConditionSpec, ...]


class Ranking(Protocol):
    """One image of each of several conditions, of the same prompt where all sets have prompts.

    ``lineup`` holds the condition in each slot. The canonical value is the code of the slots' order, best
    first (:mod:`humaneval.protocols.orders`), or ``best * images + worst``. Every choice of conditions
    comes equally often, and each condition equally often at each place.
    """

    name = "ranking"
    title = "Ranking"
    summary = (
        "Images of several sets at once, put in order from best to worst: more is learnt from one screen "
        "than by pairs, as long as there are few images."
    )
    analysis = "ranking"
    measure = "Strength (Plackett-Luce)"
    settings = (
        Setting("images", "Images in a trial", "Each of another set.", 4, "integer", minimum=3, maximum=MOST),
        Setting(
            "mode",
            "Answer",
            "Naming only the best and the worst is faster, and says nearly as much.",
            "order",
            kind="choice",
            choices=(("order", "full order"), ("best_worst", "best and worst")),
        ),
        Setting(
            "match_prompts", "Same prompt", "Show images of one prompt wherever all sets have prompts.", True
        ),
        Setting("show_prompt", "Show the prompt", "Show the prompt that the images share.", True),
        CANNOT_TELL,
    )
    default_questions = (QuestionSpec(key="preference", text="Put the images in order, the best one first."),)
    default_instructions = (
        "You will see several images at once. Put them in order, from the one you find best to the one you "
        "find worst. If a description is shown above them, take into account how well each image matches it."
    )
    real_sets = (0, None)
    generated_sets = (1, None)
    several_questions = True

    def _problems(self, design: Design) -> list[str]:
        images = self._images(design.settings)
        if len(design.conditions) < images:
            return [
                f"A ranking of {images} images needs {images} sample sets; the study has "
                f"{len(design.conditions)}. Add more, or show fewer images."
            ]
        if not self._shared(design):
            return [
                "The sample sets have no prompt in common: import samples of the same prompts, "
                "or switch the matching of prompts off."
            ]
        return []

    def _images(self, settings: Mapping[str, Any]) -> int:
        return int(self.value(settings, "images"))

    def _shared(self, design: Design) -> list[int]:
        """Return the prompts that all conditions have; the one prompt 0 where they are not matched."""
        matched = self.value(design.settings, "match_prompts")
        if not (matched and all(has_prompts(condition) for condition in design.conditions)):
            return [0]
        first, *others = (list(dict.fromkeys(c.prompts[c.prompts > 0].tolist())) for c in design.conditions)
        return [prompt for prompt in first if all(prompt in other for other in others)]

    def draw_trials(self, design: Design) -> Iterator[TrialSpec]:
        """Yield trials; see :meth:`Protocol.draw_trials`."""
        images, count = self._images(design.settings), design.trial_count
        draw, choices = Draw(design.seed), list(combinations(design.conditions, images))
        prompts = self._shared(design)
        choice = even_picks(draw, "choices", np.zeros(count, np.int64), np.array([len(choices)]))
        nth = even_picks(draw, "prompts", choice, np.full(len(choices), len(prompts)))
        orders, turns = _lineups(draw, choice, len(choices), images)
        lineups = [_arranged(choices[c], order) for c, order in zip(choice, orders.tolist(), strict=True)]
        samples = _samples(draw, lineups, [prompts[n] for n in nth])
        rows = zip(lineups, samples.tolist(), nth.tolist(), turns.tolist(), strict=True)
        for number, (lineup, shown, place, turn) in enumerate(rows):
            yield TrialSpec(
                number=number,
                condition=lineup[0].id,
                slots=tuple((sample,) for sample in shown),
                other=lineup[1].id,
                prompt=prompts[place] or None,
                turn=turn,
                lineup=tuple(condition.id for condition in lineup),
            )

    def decode(
        self, question: QuestionSpec, shown: Any, order: Sequence[int], settings: Mapping[str, Any]
    ) -> int:
        """Return the code of the slots' order from places, best first; or of the best and the worst place."""
        count = len(order)
        if not (isinstance(shown, list) and all(is_integer(place) and 0 <= place < count for place in shown)):
            raise AnswerError(f"{question.key}: the answer is a list of places, best first; got {shown!r}.")
        wanted = 2 if self.value(settings, "mode") == "best_worst" else count
        if len(shown) != wanted or len(set(shown)) != wanted:
            words = "the best and the worst place" if wanted < count else f"all {count} places, each once"
            raise AnswerError(f"{question.key}: the answer lists {words}; got {shown!r}.")
        slots = [order[place] for place in shown]
        return slots[0] * count + slots[1] if wanted < count else code_of(slots)

    def ordered_slots(self, value: int, count: int, settings: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the slots from best to worst that a value stands for: all, or the best and the worst."""
        if self.value(settings, "mode") == "best_worst":
            return divmod(value, count)
        return order_of(value, count)

    def answer_names(self, questions: Sequence[QuestionSpec], settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the images' numbers."""
        return tuple(str(place + 1) for place in range(self._images(settings)))

    def page_part(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"show_prompt": bool, "images": int, "mode": "order" | "best_worst"}``."""
        matched = self.value(settings, "match_prompts")
        return {
            "show_prompt": bool(matched and self.value(settings, "show_prompt")),
            "images": self._images(settings),
            "mode": self.value(settings, "mode"),
        }


def _lineups(draw: Draw, choice: Ints, choices: int, images: int) -> tuple[Ints, Ints]:
    """Return for each trial the order of its conditions in the slots, and its turn.

    The trials of one choice of conditions come in rounds of as many as there are images. A round has one
    random order of its conditions and each turn once, so that each condition stands once at each place.
    """
    turns = even_picks(draw, "turns", choice, np.full(choices, images))
    rounds = -(-np.bincount(choice, minlength=choices) // images)
    words = draw.words("lineups", int(rounds.sum()) * images).reshape(-1, images)
    round_of = offsets(rounds)[choice] + rank_within(choice) // images
    return np.argsort(words, axis=1, kind="stable")[round_of], turns


def _arranged(conditions: Lineup, order: Sequence[int]) -> Lineup:
    return tuple(conditions[place] for place in order)


def _samples(draw: Draw, lineups: Sequence[Lineup], prompts: Sequence[int]) -> Ints:
    """Return a sample for each slot of each trial, every condition's of a prompt used evenly."""
    pools = Pools()
    groups = np.array(
        [
            [pools.number(condition, prompt) for condition in lineup]
            for lineup, prompt in zip(lineups, prompts, strict=True)
        ]
    )
    return draw_hands(draw, "samples", pools, groups.ravel(), 1).reshape(groups.shape)
