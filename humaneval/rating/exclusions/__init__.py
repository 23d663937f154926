"""Which votes an analysis leaves out: rules with names and settings, declared in versions, applied as a view.

Votes are never marked or changed. :func:`excluded` says of each vote that a set of rules leaves out why.
"""

from humaneval.rating.exclusions.declaring import (
    check_rules,
    declare_rules,
    declared_before_launch,
    default_rules,
)
from humaneval.rating.exclusions.rules import RULES, Reason, rule_title
from humaneval.rating.exclusions.view import counts_by_rule, excluded, reasons_against

__all__ = [
    "RULES",
    "Reason",
    "check_rules",
    "counts_by_rule",
    "declare_rules",
    "declared_before_launch",
    "default_rules",
    "excluded",
    "reasons_against",
    "rule_title",
]
