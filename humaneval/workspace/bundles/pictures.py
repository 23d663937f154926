"""Which samples a report's pictures show, so that a bundle carries them."""

from __future__ import annotations

import numpy as np

from humaneval.reports.material import Material

EACH_CONDITION = 8
"""Samples of each condition, the first ones that raters were shown."""
PAIRS = 50
"""Pairs of near-duplicates, the first ones."""


def pictured_samples(material: Material) -> list[int]:
    """Return the ids of the samples of which a bundle has thumbnails, in ascending order."""
    trials = material.trials
    found: set[int] = set()
    for condition in material.study.conditions:
        for slot, column in enumerate((trials.condition, trials.other)):
            if slot < trials.samples.shape[1]:
                shown = trials.samples[(column == condition.id) & ~trials.is_gold, slot]
                _, first = np.unique(shown, return_index=True)
                found.update(shown[np.sort(first)][:EACH_CONDITION].tolist())
    for column in (material.pairs.first, material.pairs.second):
        found.update(column[:PAIRS].tolist())
    return sorted(found - {0})
