"""What votes share besides the rater, for every protocol: the prompt, or the images shown.

Where a trial has a prompt (conditions are set side by side on one prompt, or its image was made from one),
that is what repeats: all images of a prompt, in whichever condition, are as hard as the prompt is, and an
image that stands in several pairs has one prompt. Without prompts each image shown is such a thing by itself:
two votes that show one of them have something in common, whatever stood beside it. A slot that holds several
images (a grid) is taken whole, with what stands beside it: grids of other images are others.
"""

from __future__ import annotations

import numpy as np

from humaneval.rating.vote_columns import Bools, Ints
from humaneval.stats.items import Items, named_items

FEW = 5
"""Fewer prompts than these do not show how prompts differ (Gelman and Hill 2007, 11.5): then images are what
repeats, and the intervals are about these prompts only."""


def what_repeats(prompt: Ints, images: Ints, *, single: Bools, counts: Bools) -> Items:
    """Return what the votes on each trial share with those on others, one row a trial.

    ``prompt`` (T) is 0 where there is none; ``images`` (T x S) are those shown, 0 after the last, or where
    not ``single`` one number for all of them. Trials that do not count (gold) do not say which of both it is.
    """
    noun = "image" if single[counts].all() else "image set"
    if count_prompts(prompt, counts) < FEW:
        return named_items(images, noun, none=0)
    has_prompt = prompt > 0
    shown = np.where((images > 0) & ~has_prompt[:, None], images + prompt.max(), 0)  # apart from prompts
    shown[has_prompt, 0] = prompt[has_prompt]
    return named_items(shown, "prompt" if has_prompt[counts].all() else f"prompt or {noun}", none=0)


def count_prompts(prompt: Ints, counts: Bools) -> int:
    """Return how many prompts the trials that count have."""
    return len(np.unique(prompt[counts & (prompt > 0)]))
