"""The headline estimates by prompt category and by rater stratum, and whether the differences differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from humaneval.reports.analysis.adapters import distinct
from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.findings.people import Breakdown, Group, GroupEstimate
from humaneval.reports.numbers import counted, p_words
from humaneval.reports.results import Estimate, QuestionFacts
from humaneval.reports.votes import IntArray, VoteTable
from humaneval.stats import condition_means

TITLES = {"category": "prompt category", "stratum": "rater stratum", "panel": "panel"}
MOST_GROUPS = 30
LEVEL = 0.05

Estimator = Callable[[VoteTable], list[Estimate]]


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which group each answer of a table belongs to: ``code`` indexes ``names``, the first of them none."""

    by: str
    code: IntArray
    names: Sequence[str]

    @property
    def several(self) -> bool:
        """Whether answers are of more than one group."""
        return bool(len(self.names)) and bool((self.code != self.code[:1]).any())


def break_down(
    table: VoteTable,
    outcomes: Outcomes,
    grouping: Grouping,
    question: QuestionFacts,
    estimate: Estimator,
    measured: str = "",
) -> Breakdown | None:
    """Return the headline estimates of each group; ``None`` where votes are all of one group.

    The largest thirty groups are shown. ``measured`` says what the outcomes are where that is not what is
    estimated: the interaction is tested on their means.
    """
    codes, sizes = np.unique(grouping.code, return_counts=True)
    if len(codes) < 2:
        return None
    largest = codes[np.argsort(-sizes, kind="stable")][:MOST_GROUPS]
    groups, first = [], None
    for code in sorted(largest.tolist(), key=lambda one: (one == 0, grouping.names[one])):
        mine = table.where(grouping.code == code)
        found = [one for one in estimate(mine) if one.headline]
        first = first or next(iter(found), None)
        name = grouping.names[code]
        groups.append(Group(name, len(mine), distinct(mine.rater), [_estimate(one) for one in found]))
    if first is None:
        return None
    pvalue, method = interaction(outcomes, grouping, largest)
    on = f" on the {measured}" if measured and pvalue is not None else ""
    return Breakdown(
        question=question.key,
        by=grouping.by,
        title=TITLES[grouping.by],
        measure_label=first.measure_label,
        unit=first.unit,
        groups=groups,
        pvalue=pvalue,
        method=method + on,
        words=_words(grouping, pvalue, method, len(codes)),
        simulated=bool(table.simulated.any()),
    )


def _estimate(one: Estimate) -> GroupEstimate:
    return GroupEstimate(
        condition=one.condition,
        label=one.label,
        kind=one.kind,
        estimate=one.estimate,
        low=one.interval.low,
        high=one.interval.high,
        votes=one.votes,
        raters=one.raters,
        items=one.items,
        design_effect=one.design_effect,
        note=one.note,
    )


def interaction(outcomes: Outcomes, grouping: Grouping, groups: IntArray) -> tuple[float | None, str]:
    """Return the p-value that differences between conditions are the same in all groups, and how, or why not.

    A Wald test on the joint covariance of the means of every condition in every group, as Hotelling's T² in
    F.
    """
    code = grouping.code[outcomes.row]
    conditions = np.unique(outcomes.condition)
    kept = outcomes.where(np.isin(code, groups))
    code = code[np.isin(code, groups)]
    cell = code * np.int64(outcomes.condition.max() + 1) + kept.condition
    if len(np.unique(cell)) < len(groups) * len(conditions):
        return None, "some condition has no votes in some group"
    found = condition_means(kept.value, condition=cell, rater=kept.rater, item=kept.item)
    contrast = _contrasts(len(groups), len(conditions))
    freedom, clusters = len(contrast), int(found.degrees_of_freedom) + 1
    if freedom < 1 or clusters <= freedom + 1:
        return None, f"{counted(clusters, 'cluster')} cannot test {counted(freedom, 'difference')} at once"
    difference, covariance = contrast @ found.estimate, contrast @ found.covariance @ contrast.T
    if np.linalg.matrix_rank(covariance) < freedom:
        return None, "the votes do not show how much some of the differences vary"
    wald = float(difference @ np.linalg.solve(covariance, difference))
    ratio = wald * (clusters - freedom) / (freedom * (clusters - 1))
    pvalue = float(stats.f.sf(ratio, freedom, clusters - freedom))
    return pvalue, f"Wald test of the interaction ({freedom} and {clusters - freedom} df), {found.method}"


def _contrasts(groups: int, conditions: int) -> np.ndarray:
    """Return the rows that compare each condition's difference from the first between groups."""
    across = np.hstack([-np.ones((groups - 1, 1)), np.eye(groups - 1)])
    down = np.hstack([-np.ones((conditions - 1, 1)), np.eye(conditions - 1)])
    return np.asarray(np.kron(across, down))


def _words(grouping: Grouping, pvalue: float | None, method: str, groups: int) -> str:
    plural = {"category": "prompt categories", "stratum": "rater strata", "panel": "panels"}[grouping.by]
    cut = f" The {MOST_GROUPS} largest of {groups} are shown." if groups > MOST_GROUPS else ""
    if pvalue is None:
        return f"Whether the differences are the same in all {plural} is not tested: {method}.{cut}"
    if pvalue < LEVEL:
        return (
            f"How far conditions differ depends on the {TITLES[grouping.by]} ({p_words(pvalue)}): one order "
            f"for all hides that. Say for which {plural} a result holds.{cut}"
        )
    return (
        f"These votes do not show that the differences between conditions depend on the "
        f"{TITLES[grouping.by]} ({p_words(pvalue)}); single rows have few votes and wander.{cut}"
    )
