"""What a report leaves out, and what it would say if it left out something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from humaneval.rating import exclusions
from humaneval.rating.exclusions import Reason
from humaneval.rating.models import RuleSet
from humaneval.reports.results import Estimate, ExclusionSet
from humaneval.studies.models import Study


@dataclass(frozen=True)
class LeftOut:
    """One way of leaving votes out: a version of the study's rules, or none of them.

    ``governs`` marks the one that the report rests on: the last version declared before launch, else none.
    """

    rule_set: RuleSet | None
    reasons: Mapping[int, tuple[Reason, ...]]
    governs: bool

    def described(self, estimates: list[Estimate]) -> ExclusionSet:
        """Return it as the report tells it, with the headline estimates that it leads to."""
        return ExclusionSet(
            version=self.rule_set.version if self.rule_set else 0,
            name=self.rule_set.name if self.rule_set else "",
            before_launch=bool(self.rule_set and self.rule_set.before_launch),
            governs=self.governs,
            left_out=len(self.reasons),
            by_rule=exclusions.counts_by_rule(self.reasons),
            estimates=[one for one in estimates if one.headline],
        )


def ways_to_leave_out(study: Study) -> list[LeftOut]:
    """Return all of a study's ways, none at all first, then versions in order; just none where no rules are.

    Three queries for each version.
    """
    own = exclusions.declared_before_launch(study)
    versions = list(RuleSet.objects.filter(study=study).order_by("version"))
    return [
        LeftOut(None, {}, governs=own is None),
        *(LeftOut(one, exclusions.excluded(study, one), governs=one == own) for one in versions),
    ]


def compare(ways: list[LeftOut], estimate: Callable[[LeftOut], list[Estimate]]) -> list[ExclusionSet]:
    """Return the headline under each way, as ``estimate`` finds it; nothing where there is only one way."""
    return [way.described(estimate(way)) for way in ways] if len(ways) > 1 else []
