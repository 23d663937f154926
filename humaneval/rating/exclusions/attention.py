"""Whether a rater was attentive by the rule that the study declared before its launch."""

from __future__ import annotations

from collections.abc import Mapping

from humaneval.rating.exclusions.declaring import declared_before_launch
from humaneval.rating.exclusions.rules import RULES
from humaneval.rating.models import Session
from humaneval.rating.reading import read_vote_columns
from humaneval.studies.models import Study

RULE = "failed_gold"


def failed_checks(session: Session) -> bool:
    """Return whether a session answered too few gold trials rightly; False where no rule was declared for it.

    Rules declared later decide about analyses, not about what a rater is told.
    """
    settings = _declared(session.study)
    if settings is None:
        return False
    return bool(RULES[RULE].apply(read_vote_columns(session.study, session), settings))


def sessions_that_failed(study: Study) -> set[int]:
    """Return the ids of the study's sessions of which :func:`failed_checks` is true: six queries at most."""
    settings = _declared(study)
    if settings is None:
        return set()
    votes = read_vote_columns(study)
    left_out = RULES[RULE].apply(votes, settings)
    pairs = zip(votes.vote.tolist(), votes.session.tolist(), strict=True)
    return {session for vote, session in pairs if vote in left_out}


def _declared(study: Study) -> Mapping[str, float] | None:
    rule_set = declared_before_launch(study)
    return None if rule_set is None else rule_set.rules.get(RULE)
