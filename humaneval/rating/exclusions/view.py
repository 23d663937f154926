"""The view: which of a study's votes a set of rules leaves out, and for what reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from humaneval.rating.exclusions.rules import RULES, Reason, Settings
from humaneval.rating.models import RuleSet
from humaneval.rating.reading import read_vote_columns
from humaneval.rating.vote_columns import VoteColumns
from humaneval.studies.models import Study


def excluded(study: Study, rule_set: RuleSet | None) -> dict[int, tuple[Reason, ...]]:
    """Return the votes of a study that a set of rules leaves out, by id, each with all its reasons.

    Nothing is left out where there is no set. The same votes and the same set give the same answer.
    """
    if rule_set is None:
        return {}
    if rule_set.study_id != study.pk:
        raise ValueError(f"{rule_set} is of another study.")
    return reasons_against(read_vote_columns(study), rule_set.rules)


def reasons_against(votes: VoteColumns, rules: Mapping[str, Settings]) -> dict[int, tuple[Reason, ...]]:
    """Return the votes that rules leave out, by id, each with all its reasons."""
    reasons: dict[int, list[Reason]] = defaultdict(list)
    for name in sorted(rules):
        for vote, text in RULES[name].apply(votes, rules[name]).items():
            reasons[vote].append(Reason(name, text))
    return {vote: tuple(found) for vote, found in reasons.items()}


def counts_by_rule(reasons: Mapping[int, tuple[Reason, ...]]) -> dict[str, int]:
    """Return how many votes each rule leaves out; one that several leave out counts for each of them."""
    return dict(Counter(reason.rule for found in reasons.values() for reason in found))
