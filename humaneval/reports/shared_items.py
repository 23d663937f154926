"""What a report's intervals take to repeat besides raters, by :mod:`humaneval.rating.shared_items`.

Votes from elsewhere name what was judged in a column of their own, which conditions share.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from humaneval.rating.shared_items import FEW, count_prompts, what_repeats
from humaneval.rating.vote_columns import Bools, Ints
from humaneval.reports.material import Material, TrialColumns
from humaneval.stats.items import Items

FROM_ELSEWHERE = "item"


def repeats_of(material: Material) -> Items:
    """Return what the votes on each trial share with those on others, one row a trial."""
    trials = material.trials
    single = _single(trials)
    found = what_repeats(trials.prompt, _images(trials, single), single=single, counts=~trials.is_gold)
    return replace(found, name=FROM_ELSEWHERE) if material.is_from_elsewhere else found


def too_few_prompts(material: Material) -> int:
    """Return the number of prompts where they are too few for intervals to be about others; else 0."""
    count = count_prompts(material.trials.prompt, ~material.trials.is_gold)
    return count if 0 < count < FEW else 0


def _single(trials: TrialColumns) -> Bools:
    """Return which trials show single images in all their slots."""
    slots = np.where(trials.lineup.any(axis=1), (trials.lineup > 0).sum(axis=1), 1 + (trials.other > 0))
    return np.asarray((trials.samples > 0).sum(axis=1) >= slots)


def _images(trials: TrialColumns, single: Bools) -> Ints:
    """Return the images that each trial shows, 0 after the last; grids have one number together."""
    found = np.zeros((len(trials), max(trials.samples.shape[1], 1)), dtype=np.int64)
    found[single, : trials.samples.shape[1]] = trials.samples[single]
    found[~single, 0] = trials.unit[~single] + 1 + trials.samples.max(initial=0)
    return found
