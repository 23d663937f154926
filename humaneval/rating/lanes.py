"""Lanes: the queues of openings that a session draws from, and how much from each.

Most studies have one lane. Where votes are wanted from several groups of raters, each group has one. Where
an adaptive design chooses between pairs of conditions, each pair has one (of each group), and the study's
course says which pairs come first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations
from random import Random

from django.db.models import QuerySet

from humaneval.rating.history import History
from humaneval.rating.models import Course, Opening, Session
from humaneval.studies.models import Study, Trial
from humaneval.studies.strata import groups_of

Pair = tuple[int, int]
"""Two conditions, in the study's order."""


@dataclass(frozen=True)
class Lane:
    """One queue of openings: ``votes`` of each trial, after those ``before`` them that other lanes give.

    It holds the trials of one ``pair`` of conditions, or all of them.
    """

    key: str
    votes: int
    before: int = 0
    pair: Pair | None = None

    def trials(self, study: Study) -> QuerySet[Trial]:
        """Return the trials whose votes the lane holds: never a gold one."""
        trials = Trial.objects.filter(study=study, number__lt=study.trial_count)
        return trials if self.pair is None else trials.filter(condition=self.pair[0], other=self.pair[1])


@dataclass(frozen=True)
class Drawn:
    """An opening that a session has drawn, and which of its trial's votes it is, from 0, over all lanes."""

    opening: Opening
    vote: int


@dataclass(frozen=True)
class Route:
    """The lanes of a session, and from which of them it draws how many first, before it turns to any."""

    lanes: tuple[Lane, ...]
    first: tuple[tuple[Lane, int], ...] = ()


def route_of(session: Session, history: History, count: int) -> Route:
    """Return where a session draws ``count`` openings: no lane if it is in no group that is asked.

    One query where a study is steered, none otherwise.
    """
    study = session.study
    course = Course.objects.filter(study=study).first() if study.adaptive or study.stop_rule else None
    if study.stop_rule and course is not None and course.enough:
        return Route(())
    lanes = _lanes_of_group(session)
    if not study.adaptive:
        return Route(lanes)
    listed = course.pairs if course is not None else []
    pairs = [(first, other) for first, other in listed] or _every_pair(study)
    return _spread(lanes, pairs, count, f"{study.seed} {session.pk} pairs {history.next_position}")


def _lanes_of_group(session: Session) -> tuple[Lane, ...]:
    study = session.study
    if not study.strata:
        return (Lane("", study.votes_per_trial),)
    groups = [group for group in groups_of(study.strata) if group.name == session.stratum]
    return tuple(Lane(group.name, group.votes, group.before) for group in groups)


def groups_met(study_id: int) -> set[str]:
    """Return the names of the groups that a study's sessions are in: their lanes are known by these names."""
    return set(Session.objects.filter(study=study_id).order_by().values_list("stratum", flat=True).distinct())


def _spread(lanes: tuple[Lane, ...], pairs: list[Pair], count: int, seed: str) -> Route:
    """Return a route by pairs: drawn from the course by how often it lists them, lanes always in one order.

    The one order keeps two draws that make openings from waiting for each other.
    """
    by_pair = {
        pair: [replace(lane, key=f"{lane.key}|{pair[0]}-{pair[1]}", pair=pair) for lane in lanes]
        for pair in sorted(set(pairs))
    }
    wanted = Counter(Random(seed).choices(pairs, k=count)) if count > 0 else Counter()
    return Route(
        lanes=tuple(lane for pair in by_pair for lane in by_pair[pair]),
        first=tuple((lane, wanted[pair]) for pair in by_pair if wanted[pair] for lane in by_pair[pair]),
    )


def _every_pair(study: Study) -> list[Pair]:
    """Return every pair of a study's conditions once: the course before there are votes."""
    return list(combinations(study.conditions.values_list("pk", flat=True), 2))
