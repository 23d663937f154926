"""Whether a rater was attentive by the rule that the study declared before its launch."""

from __future__ import annotations

from humaneval.rating.exclusions.declaring import declared_before_launch
from humaneval.rating.exclusions.rules import RULES
from humaneval.rating.models import Session
from humaneval.rating.reading import read_vote_columns

RULE = "failed_gold"


def failed_checks(session: Session) -> bool:
    """Return whether a session answered too few gold trials rightly; False where no rule was declared for it.

    Rules declared later decide about analyses, not about what a rater is told.
    """
    rule_set = declared_before_launch(session.study)
    if rule_set is None or RULE not in rule_set.rules:
        return False
    return bool(RULES[RULE].apply(read_vote_columns(session.study, session), rule_set.rules[RULE]))
