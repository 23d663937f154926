"""What a report leaves out, and what it would say if it left out something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from humaneval.rating.exclusions import RULES
from humaneval.rating.vote_columns import Bools
from humaneval.reports.material import Material, RuleSetFacts
from humaneval.reports.results import Estimate, ExclusionSet


@dataclass(frozen=True, eq=False)
class LeftOut:
    """One way of leaving votes out: a version of the study's rules, or none of them.

    ``rows`` marks the votes that go (V); ``by_rule`` says how many each rule leaves out. ``governs`` marks
    the way that the report rests on: the last version declared before launch, else none.
    """

    rule_set: RuleSetFacts | None
    rows: Bools
    governs: bool
    by_rule: dict[str, int] = field(default_factory=dict)

    def described(self, estimates: list[Estimate]) -> ExclusionSet:
        """Return it as the report tells it, with the headline estimates that it leads to."""
        return ExclusionSet(
            version=self.rule_set.version if self.rule_set else 0,
            name=self.rule_set.name if self.rule_set else "",
            before_launch=bool(self.rule_set and self.rule_set.before_launch),
            governs=self.governs,
            left_out=int(self.rows.sum()),
            by_rule=self.by_rule,
            estimates=[one for one in estimates if one.headline],
        )


def ways_to_leave_out(material: Material) -> list[LeftOut]:
    """Return all of a study's ways, none at all first, then versions in order."""
    before = [one.version for one in material.rule_sets if one.before_launch]
    own = max(before, default=0)
    nothing = np.zeros(len(material.votes), dtype=bool)
    return [
        LeftOut(None, nothing, governs=not own),
        *(_by_rules(material, one, governs=one.version == own) for one in material.rule_sets),
    ]


def _by_rules(material: Material, rule_set: RuleSetFacts, *, governs: bool) -> LeftOut:
    votes = material.votes
    rows, by_rule = np.zeros(len(votes), dtype=bool), {}
    for name, settings in sorted(rule_set.rules.items()):
        found = RULES[name].apply(votes, settings)
        if found:
            by_rule[name] = len(found)
            rows |= np.isin(votes.vote, np.fromiter(found, np.int64, len(found)))
    return LeftOut(rule_set, rows, governs, by_rule)


def compare(ways: list[LeftOut], estimate: Callable[[LeftOut], list[Estimate]]) -> list[ExclusionSet]:
    """Return the headline under each way, as ``estimate`` finds it; nothing where there is only one way."""
    return [way.described(estimate(way)) for way in ways] if len(ways) > 1 else []
