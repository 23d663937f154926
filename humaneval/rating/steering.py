"""Steering: from a study's votes to what is handed out next, through one small interface.

A :class:`Steersman` turns counted votes into :class:`Bearings`: which pairs of conditions to show next, and
whether there is enough. :func:`steer` asks it in the background and keeps the answer as the study's
:class:`~humaneval.rating.models.Course`, which the hand-out reads; so no rater ever waits for an estimate,
and the votes alone decide. (Staircases, which set the exposures of one session's own trials, follow from that
session's votes at once: :mod:`humaneval.rating.adapting`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from humaneval.protocols import registry
from humaneval.rating.counted import CountedVotes, Ints, counted_votes
from humaneval.rating.lanes import Pair
from humaneval.rating.looks import look_at, sequences
from humaneval.rating.models import Course, Vote
from humaneval.rating.shared_items import what_repeats
from humaneval.stats import (
    StopDecision,
    bradley_terry,
    next_pairs,
    stop_for_best,
    stop_for_width,
    stop_for_winner,
)
from humaneval.stats.errors import StatsError
from humaneval.stats.items import Items
from humaneval.studies.models import Study, StudyState
from humaneval.studies.steering import StopRule

PAIRS_AHEAD = 200
"""Pairs that a course lists: many more than raters are handed before the next one."""

GROWTH = 0.02
"""Share of new votes from which a course is computed anew: large studies change slowly."""


@dataclass(frozen=True)
class Bearings:
    """What votes ask for: ``pairs`` in order (none: any), and why there are ``enough`` ("": not yet)."""

    pairs: tuple[Pair, ...] = ()
    enough: str = ""


class Steersman(Protocol):
    """Decides from the votes so far what is to be shown next, and whether anything is."""

    def __call__(self, study: Study, votes: CountedVotes) -> Bearings:
        """Return where to go; the same votes give the same answer."""


def by_information(study: Study, votes: CountedVotes) -> Bearings:
    """Return the pairs whose comparison tells most about the ranking, a share of them drawn evenly."""
    conditions = list(study.conditions.values_list("pk", flat=True))
    place = {condition: position for position, condition in enumerate(conditions)}
    winner, loser, tie = _preferences(votes)
    found = next_pairs(
        conditions=np.array(conditions),
        winner=winner,
        loser=loser,
        tie=tie,
        count=PAIRS_AHEAD,
        seed=study.seed + len(votes),
    )
    in_order = (sorted(map(int, pair), key=place.__getitem__) for pair in found.pairs)
    return Bearings(pairs=tuple((first, other) for first, other in in_order))


def by_rule(study: Study, votes: CountedVotes) -> Bearings:
    """Return whether the study's stopping rule asks for no more votes."""
    try:
        decisions = _decisions(study, votes)
    except StatsError:  # nothing can be estimated yet
        return Bearings()
    if not decisions or not all(decision.stop for decision in decisions):
        return Bearings()
    return Bearings(enough=" ".join(dict.fromkeys(decision.reason for decision in decisions)))


def steersmen_of(study: Study) -> list[Steersman]:
    """Return who steers a study: nobody, where its trials simply get their votes."""
    chosen: list[Steersman] = []
    if study.adaptive:
        chosen.append(by_information)
    if study.stop_rule:
        chosen.append(by_rule)
    return chosen


def steer(study: Study) -> Course:
    """Compute a study's course from its votes, keep it, and return it."""
    votes = counted_votes(study)
    bearings = [ask(study, votes) for ask in steersmen_of(study)]
    enough = " ".join(found.enough for found in bearings if found.enough)
    kept, _made = Course.objects.update_or_create(
        study=study,
        defaults={
            "pairs": [pair for found in bearings for pair in found.pairs],
            "enough": enough,
            "enough_since": _since(study) if enough else None,
            "looks": [asdict(look) for look in look_at(study, votes)],
            "votes": len(votes),
        },
    )
    return kept


def _since(study: Study) -> datetime | None:
    """Return when the rule was reached: now, unless the course that is kept says it already."""
    before = Course.objects.filter(study=study).exclude(enough="").first()
    return timezone.now() if before is None else before.enough_since


def steer_open_studies() -> int:
    """Compute the courses of open studies that have enough new votes; return how many these were."""
    due = [study for study in Study.objects.filter(state=StudyState.OPEN) if _is_due(study)]
    for study in due:
        steer(study)
    return len(due)


def _is_due(study: Study) -> bool:
    """Return whether a study has grown by :data:`GROWTH` since its course was computed."""
    course = Course.objects.filter(study=study).first()
    if course is None:
        return True
    new = Vote.objects.filter(assignment__session__study=study, received_at__gt=course.computed_at)
    wanted = int(course.votes * GROWTH)
    return new.order_by()[wanted : wanted + 1].exists()


def _preferences(
    votes: CountedVotes,
) -> tuple[Ints | None, Ints | None, NDArray[np.bool_] | None]:
    """Return winners, losers and ties of votes between two slots; a tie has the two in either order."""
    if not len(votes):
        return None, None, None
    first_won = votes.value != 1
    winner = np.where(first_won, votes.condition, votes.other)
    return winner, np.where(first_won, votes.other, votes.condition), votes.value < 0


def _shared(study: Study, votes: CountedVotes) -> Items:
    """Return what the votes share besides raters, as the report takes it. One query."""
    rows = study.trials.order_by("pk")
    ids, prompts, slots = zip(*rows.values_list("pk", "prompt", "slots"), strict=True)
    whole: dict[str, int] = {}
    single = np.array([all(len(slot) == 1 for slot in one) for one in slots])
    most = max(sample for one in slots for slot in one for sample in slot)
    images = [
        [slot[0] for slot in one] if alone else [most + 1 + whole.setdefault(str(one), len(whole)), 0]
        for one, alone in zip(slots, single.tolist(), strict=True)
    ]
    found = what_repeats(
        np.array([prompt or 0 for prompt in prompts], dtype=np.int64),
        np.array(images, dtype=np.int64),
        single=single,
        counts=np.isin(ids, votes.trial),
    )
    return found[np.searchsorted(np.array(ids), votes.trial)]


def _decisions(study: Study, votes: CountedVotes) -> Sequence[StopDecision]:
    if study.stop_rule == StopRule.BEST:
        names = {row.pk: str(row) for row in study.conditions.select_related("sample_set")}
        winner, loser, tie = _preferences(votes)
        if winner is None or loser is None:
            return []
        named = [np.array([names[condition] for condition in side.tolist()]) for side in (winner, loser)]
        fitted = bradley_terry(
            winner=named[0], loser=named[1], tie=tie, rater=votes.rater, item=_shared(study, votes)
        )
        return [stop_for_best(fitted)] if len(fitted.labels) == len(set(names.values())) else []
    found = sequences(study, votes)
    judged = study.trials.order_by().values("condition").distinct().count()
    if len(found) < judged * len(votes.keys):
        return []
    if study.stop_rule == StopRule.WIDTH:
        return [stop_for_width(sequence, width=study.stop_goal) for sequence in found.values()]
    chance = registry.get(study.protocol).chance(study.settings)
    return [
        stop_for_winner(sequence, null=0.5 if chance is None else chance, smallest=study.stop_goal)
        for sequence in found.values()
    ]
