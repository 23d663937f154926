"""Duplicates: the human half of the birthday paradox test for mode collapse (Arora, Risteski, Zhang 2018).

From each of several batches of samples of one generated set, the pairs nearest to each other (by features)
are shown: are the two the same image, but for small changes? The more batches hold a duplicate, the smaller
the set that the model draws from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from humaneval.protocols.base import (
    CANNOT_TELL,
    AnswerError,
    Design,
    Protocol,
    QuestionSpec,
    Setting,
    TrialSpec,
)
from humaneval.protocols.drawing import Draw, balanced_turns


class Duplicates(Protocol):
    """Pairs of images that come with the study as data, each in one trial, in random order and sides.

    The canonical value is 1 for "same" and 0 for "different".
    """

    name = "duplicates"
    title = "Duplicates"
    summary = (
        "Pairs of images that lie near each other inside one set: are they the same image? Estimates how "
        "many different images a model can make. Needs a table of pairs."
    )
    analysis = "duplicates"
    measure = "Share of pairs judged the same"
    settings = (
        Setting(
            "batch_size",
            "Samples in a batch",
            "How many samples each batch held, of which the nearest pairs are shown.",
            100,
            kind="integer",
            minimum=2,
            maximum=100_000,
        ),
        CANNOT_TELL,
    )
    default_questions = (
        QuestionSpec(key="same", text="Do both show the same image, but for small changes?"),
    )
    default_instructions = (
        "You will see two images side by side. Say whether they show the same image, but for small changes, "
        "or two different ones. Two images of the same kind of thing are still different."
    )
    real_sets = (0, None)
    generated_sets = (0, None)
    uses_pairs = True

    def _problems(self, design: Design) -> list[str]:
        if not design.pairs:
            return ["The study has no pairs to show: import a table of them."]
        if design.trial_count != len(design.pairs):
            return [
                f"The study has {len(design.pairs)} pairs and {design.trial_count} trials: each pair is one "
                f"trial, so set the number of trials to {len(design.pairs)}."
            ]
        shown = Counter(pair.condition for pair in design.pairs)
        bare = [condition for condition in design.conditions if not shown[condition.id]]
        return [f"“{condition}” has no pairs: import some, or take it out." for condition in bare]

    def draw_trials(self, design: Design) -> Iterator[TrialSpec]:
        """Yield trials; see :meth:`Protocol.draw_trials`."""
        draw = Draw(design.seed)
        order = np.argsort(draw.words("order", len(design.pairs)), kind="stable")
        pairs = [design.pairs[place] for place in order]
        place_of = {condition.id: place for place, condition in enumerate(design.conditions)}
        groups = np.array([place_of[pair.condition] for pair in pairs], dtype=np.int64)
        turns = balanced_turns(draw, "sides", groups, 2)
        for number, (pair, turn) in enumerate(zip(pairs, turns.tolist(), strict=True)):
            slots = ((pair.first,), (pair.second,))
            yield TrialSpec(number=number, condition=pair.condition, slots=slots, turn=turn)

    def decode(
        self, question: QuestionSpec, shown: Any, order: Sequence[int], settings: Mapping[str, Any]
    ) -> int:
        """Return 1 for ``"same"``, 0 for ``"different"``."""
        if shown not in ("same", "different"):
            raise AnswerError(f'{question.key}: the answer is "same" or "different"; got {shown!r}.')
        return int(shown == "same")

    def answer_names(self, questions: Sequence[QuestionSpec], settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return ``("same", "different")``."""
        return ("same", "different")
