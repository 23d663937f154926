"""What a report leaves out, and what it would say if it left out something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from humaneval.rating.exclusions import RULES, default_rules
from humaneval.rating.vote_columns import Bools, Ints
from humaneval.reports.analysis.adapters import distinct
from humaneval.reports.analysis.ranking import first_of
from humaneval.reports.findings.people import ExcludedRater
from humaneval.reports.material import Material, RuleSetFacts
from humaneval.reports.numbers import listed
from humaneval.reports.results import Estimate, ExclusionSet
from humaneval.stats.columns import encode


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

    def described(self, estimates: list[Estimate], better: int) -> ExclusionSet:
        """Return it as the report tells it, with the headline estimates that it leads to.

        ``better`` is +1 where the highest of them is first and -1 where the lowest is.
        """
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
            winners=_winners(estimates, better),
        )


STRICT = -1
"""The version of the rules that are nobody's: every rule there is."""
STRICT_NAME = "Every rule, strictly"
STRICT_OF_ELSEWHERE = "Every rule that the file tells enough for, strictly"
STRICTER = {"too_fast": {"percent_of_median": 50.0}}
"""Settings beyond the defaults: the upper end of what Greszki, Meyer and Schoen (2015) compare."""
ABOUT_PROGRAMS = ("simulated", "impossibly_fast")
"""Rules that would leave nothing of a study whose votes all come from programs."""
MOST_NAMED = 50


def _winners(estimates: list[Estimate], better: int) -> dict[str, str]:
    """Return by question the generated conditions with the best headline estimate, as words."""
    headline = [one for one in estimates if one.headline]
    questions = dict.fromkeys(one.question for one in headline)
    best = {key: first_of([one for one in headline if one.question == key], better) for key in questions}
    return {key: listed([one.label for one in first]) for key, first in best.items() if first}


def strict_rules(material: Material) -> RuleSetFacts | None:
    """Return every rule, strictly set; those that find programs out only where people voted, too.

    Of votes from elsewhere only the rules that their file tells enough for; None where that is none.
    """
    rules = {name: settings | STRICTER.get(name, {}) for name, settings in default_rules().items()}
    only_programs = bool(material.votes.simulated.all())
    unasked = set(ABOUT_PROGRAMS if only_programs else ()) | set(rules_without_ground(material))
    kept = {name: rule for name, rule in rules.items() if name not in unasked}
    if not kept:
        return None
    name = STRICT_OF_ELSEWHERE if material.is_from_elsewhere else STRICT_NAME
    return RuleSetFacts(STRICT, name, kept, before_launch=False)


def rules_without_ground(material: Material) -> list[str]:
    """Return the rules that votes from elsewhere do not tell enough for; none for a study's own votes.

    Files say nothing of hand-outs, gold trials, repeats and qualification. Straight lines need the order of
    votes, and where on screen the chosen one of several stood.
    """
    if not material.is_from_elsewhere:
        return []
    votes = material.votes
    told = {
        "simulated": votes.simulated.any(),
        "impossibly_fast": np.isfinite(votes.response_ms).any(),
        "too_fast": np.isfinite(votes.response_ms).any(),
        "straight_lining": (votes.position >= 0).any() and (votes.order >= 0).any(axis=1).all(),
    }
    return [name for name in default_rules() if not told.get(name, False)]


def ways_to_leave_out(material: Material) -> list[LeftOut]:
    """Return all of a study's ways: none at all first, then versions in order, every rule strictly last."""
    before = [one.version for one in material.rule_sets if one.before_launch]
    own = max(before, default=0)
    nothing = np.zeros(len(material.votes), dtype=bool)
    strict = strict_rules(material) if len(nothing) else None
    return [
        LeftOut(None, nothing, governs=not own),
        *(_by_rules(material, one, governs=one.version == own) for one in material.rule_sets),
        *([_by_rules(material, strict, governs=False)] if strict else []),
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
        raters_by_rule={name: distinct(votes.rater[hit]) for name, hit in hits.items()},
        excluded=_excluded(votes.rater, rows, hits),
        raters=distinct(votes.rater[rows]),
    )


def _excluded(rater: Ints, rows: Bools, hits: Mapping[str, Bools]) -> list[ExcludedRater]:
    """Return the raters who lose most votes, at most fifty, with what each rule leaves out of theirs."""
    known = encode(rater)
    names, who = known.labels, known.codes
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


def compare(
    ways: list[LeftOut], estimate: Callable[[LeftOut], list[Estimate]], better: int
) -> list[ExclusionSet]:
    """Return the headline under each way, as ``estimate`` finds it; nothing where there is only one way."""
    return [way.described(estimate(way), better) for way in ways] if len(ways) > 1 else []
