"""Lanes: the queues of openings that a session draws from, in the order in which it turns to them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from humaneval.rating.models import Opening, Session
from humaneval.studies.models import Study, Trial
from humaneval.studies.strata import groups_of


@dataclass(frozen=True)
class Lane:
    """One queue of openings: ``votes`` of each trial, after those ``before`` them that other lanes give."""

    key: str
    votes: int
    before: int = 0

    def trials(self, study: Study) -> QuerySet[Trial]:
        """Return the trials whose votes the lane holds: never a gold one."""
        return Trial.objects.filter(study=study, number__lt=study.trial_count)


@dataclass(frozen=True)
class Drawn:
    """An opening that a session has drawn, and which of its trial's votes it is, from 0, over all lanes."""

    opening: Opening
    vote: int


def lanes_of(session: Session) -> tuple[Lane, ...]:
    """Return the lanes that a session draws from; none for somebody who is in no group that is asked."""
    study = session.study
    if not study.strata:
        return (Lane("", study.votes_per_trial),)
    groups = [group for group in groups_of(study.strata) if group.name == session.stratum]
    return tuple(Lane(group.name, group.votes, group.before) for group in groups)
