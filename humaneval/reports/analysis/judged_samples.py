"""People's side of correlations over single samples: answers about each, or their places in orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.votes import IntArray
from humaneval.stats import StatsError, item_correlations, lineup_correlations
from humaneval.stats.columns import encode
from humaneval.stats.items_left_out import ItemCorrelation
from humaneval.stats.permutations import Kind

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Correlations = dict[tuple[Kind, bool], ItemCorrelation]


@dataclass(frozen=True, eq=False)
class Judged:
    """Answers about single samples: ``place`` of each among the samples, whose condition is ``condition``."""

    value: Floats
    rater: IntArray
    place: IntArray
    samples: IntArray
    condition: IntArray

    within: ClassVar[str] = "condition"
    compared: ClassVar[str] = "mean answer against value"
    also: ClassVar[str] = "each condition's means are taken out of both"

    @classmethod
    def of(cls, outcomes: Outcomes, samples: IntArray) -> Judged:
        """Return the answers about one sample each; ``samples`` is 0 where an answer is not."""
        single = samples > 0
        known = encode(samples[single])
        condition = outcomes.condition[single][known.first]
        return cls(outcomes.value[single], outcomes.rater[single], known.codes, known.labels, condition)

    def _rows(self, kept: Bools) -> Any:
        """Return the answers about samples that are kept: all, where none is left out."""
        return slice(None) if kept.all() else kept[self.place]

    def correlate(self, kept: Bools, scored: Floats) -> list[Correlations]:
        """Return the correlations of each row of scores, a column for each sample that is kept."""
        rows = self._rows(kept)
        try:
            return item_correlations(
                self.value[rows],
                rater=self.rater[rows],
                item=self.place[rows],
                scores=scored,
                stratum=self.condition[kept],
            )
        except StatsError:
            return [{}] * len(scored)


@dataclass(frozen=True, eq=False)
class Ordered(Judged):
    """Places of samples in orders: ``lineup`` codes the samples on each ballot, ``group`` their prompt."""

    lineup: IntArray
    group: IntArray

    within: ClassVar[str] = "ballot"
    compared: ClassVar[str] = (
        "share of the others on its ballot that an image is put above, against value, each ballot's means "
        "taken out of both since places are relative"
    )
    also: ClassVar[str] = "conditions' effects are taken out too"

    @classmethod
    def of_places(
        cls, value: Floats, rater: IntArray, condition: IntArray, samples: IntArray, **ballots: IntArray
    ) -> Ordered:
        """Return places of single samples, one entry a place; ``ballots`` are ``lineup`` and ``group``."""
        known = encode(samples)
        return cls(value, rater, known.codes, known.labels, condition[known.first], **ballots)

    def correlate(self, kept: Bools, scored: Floats) -> list[Correlations]:
        """Return the correlations of each row of scores, a column for each sample that is kept."""
        rows = self._rows(kept)
        try:
            return lineup_correlations(
                self.value[rows],
                rater=self.rater[rows],
                item=self.place[rows],
                lineup=self.lineup[rows],
                group=self.group[rows],
                scores=scored,
                stratum=self.condition[kept],
            )
        except StatsError:
            return [{}] * len(scored)
