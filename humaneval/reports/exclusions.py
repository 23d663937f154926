"""What a report leaves out, and what it would say if it left out something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from humaneval.rating.exclusions import RULES, default_rules
from humaneval.rating.vote_columns import Bools, Ints
from humaneval.reports.findings.people import ExcludedRater
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
    raters_by_rule: dict[str, int] = field(default_factory=dict)
    excluded: list[ExcludedRater] = field(default_factory=list)
    raters: int = 0

    @property
    def is_strict(self) -> bool:
        """Whether it is the one that applies every rule."""
        return self.rule_set is not None and self.rule_set.version == STRICT

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
            strict=self.is_strict,
            raters=self.raters,
            raters_by_rule=self.raters_by_rule,
            excluded=self.excluded,
            winners=_winners(estimates),
        )


STRICT = -1
"""The version of the rules that are nobody's: every rule there is."""
STRICT_NAME = "Every rule, strictly"
STRICTER = {"too_fast": {"percent_of_median": 50.0}}
"""Settings beyond the defaults: the upper end of what Greszki, Meyer and Schoen (2015) compare."""
ABOUT_PROGRAMS = ("simulated", "impossibly_fast")
"""Rules that would leave nothing of a study whose votes all come from programs."""
MOST_NAMED = 50


def _winners(estimates: list[Estimate]) -> dict[str, str]:
    """Return by question the generated condition with the highest headline estimate."""
    best: dict[str, Estimate] = {}
    for one in estimates:
        if one.headline and one.kind == "generated" and one.estimate is not None:
            before = best.get(one.question)
            if before is None or one.estimate > (before.estimate or 0.0):
                best[one.question] = one
    return {question: one.label for question, one in best.items()}


def strict_rules(material: Material) -> RuleSetFacts:
    """Return every rule, strictly set; those that find programs out only where people voted, too."""
    rules = {name: settings | STRICTER.get(name, {}) for name, settings in default_rules().items()}
    only_programs = bool(material.votes.simulated.all())
    kept = {name: rule for name, rule in rules.items() if not (only_programs and name in ABOUT_PROGRAMS)}
    return RuleSetFacts(STRICT, STRICT_NAME, kept, before_launch=False)


def ways_to_leave_out(material: Material) -> list[LeftOut]:
    """Return all of a study's ways: none at all first, then versions in order, every rule strictly last."""
    before = [one.version for one in material.rule_sets if one.before_launch]
    own = max(before, default=0)
    nothing = np.zeros(len(material.votes), dtype=bool)
    return [
        LeftOut(None, nothing, governs=not own),
        *(_by_rules(material, one, governs=one.version == own) for one in material.rule_sets),
        *([_by_rules(material, strict_rules(material), governs=False)] if len(nothing) else []),
    ]


def _by_rules(material: Material, rule_set: RuleSetFacts, *, governs: bool) -> LeftOut:
    votes = material.votes
    hits = {}
    for name, settings in sorted(rule_set.rules.items()):
        found = RULES[name].apply(votes, settings)
        if found:
            hits[name] = np.isin(votes.vote, np.fromiter(found, np.int64, len(found)))
    rows = np.any(list(hits.values()), axis=0) if hits else np.zeros(len(votes), dtype=bool)
    return LeftOut(
        rule_set,
        rows,
        governs,
        by_rule={name: int(hit.sum()) for name, hit in hits.items()},
        raters_by_rule={name: len(np.unique(votes.rater[hit])) for name, hit in hits.items()},
        excluded=_excluded(votes.rater, rows, hits),
        raters=len(np.unique(votes.rater[rows])),
    )


def _excluded(rater: Ints, rows: Bools, hits: Mapping[str, Bools]) -> list[ExcludedRater]:
    """Return the raters who lose most votes, at most fifty, with what each rule leaves out of theirs."""
    names, who = np.unique(rater, return_inverse=True)
    given, lost = np.bincount(who, minlength=len(names)), np.bincount(who[rows], minlength=len(names))
    by_rule = {name: np.bincount(who[hit], minlength=len(names)) for name, hit in hits.items()}
    most = np.argsort(-lost, kind="stable")[:MOST_NAMED]
    return [
        ExcludedRater(
            rater=f"r{names[one]}",
            votes=int(given[one]),
            left_out=int(lost[one]),
            by_rule={name: int(counts[one]) for name, counts in by_rule.items() if counts[one]},
        )
        for one in most.tolist()
        if lost[one]
    ]


def compare(ways: list[LeftOut], estimate: Callable[[LeftOut], list[Estimate]]) -> list[ExclusionSet]:
    """Return the headline under each way, as ``estimate`` finds it; nothing where there is only one way."""
    return [way.described(estimate(way)) for way in ways] if len(ways) > 1 else []
