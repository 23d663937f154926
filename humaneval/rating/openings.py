"""Openings: finding the least-filled trials for a rater, and keeping two raters off one opening.

**Order.** Openings are taken by ``turn``, that is all first votes of all trials, then all second votes, and
so on; an opening whose lease ran out comes back at its old turn, so before everything fuller. That is
least-filled first, counting votes and live leases, without counting anything.

**Cost.** Openings are made :data:`AHEAD` at a time at the end of the turns. The index over what is unfilled
and free holds those few and the expired ones, never those under a live lease; so neither the study's size
nor the number of open sessions makes the search longer.

**Locks.** On PostgreSQL a draw locks the rows that it takes with FOR UPDATE SKIP LOCKED: draws run side by
side and never see one another's openings. A draw that finds nothing, and so holds nothing that another
could wait for, looks again without skipping: what it then waits for may come free. Making openings meets
in the unique constraint on (study, turn), always in ascending order. On SQLite every transaction is
IMMEDIATE (settings), so draws come one after the other and the row locks are not needed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from django.db.models import Max, QuerySet

from humaneval.rating.models import Assignment, Opening
from humaneval.studies.models import Study, Trial

AHEAD = 100
"""How many openings are made at a time."""

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""``free_from`` of an opening that nobody has had: before any web server's clock."""


def take_openings(study: Study, *, but: Collection[int], count: int, now: datetime) -> list[Opening]:
    """Return up to ``count`` free openings of as many trials, none of ``but``, least-filled trials first.

    They stay locked until the transaction ends; the caller sets their leases in it. Fewer come back only
    if the study has no more for this rater now.
    """
    taken: dict[int, Opening] = {}
    while len(taken) < count:
        found = _lock_free(study, {*but, *taken}, count - len(taken), now, skip_locked=True)
        for opening in found:
            taken.setdefault(opening.trial_id, opening)
        if not found and not _make_openings(study, len(but) + count):
            break
    if count > 0 and not taken:
        waited_for = _lock_free(study, but, count, now, skip_locked=False)
        taken = {opening.trial_id: opening for opening in reversed(waited_for)}
    return sorted(taken.values(), key=lambda opening: opening.turn)


def has_opening(study: Study, *, but: Collection[int], now: datetime) -> bool:
    """Return whether a rater who has had the trials ``but`` could be handed another one now."""
    if _free(study, but, now).exists():
        return True
    return len(but) < study.trial_count and _first_unmade(study) < _end(study)


def lease_openings(openings: Collection[Opening], until: datetime) -> None:
    """Give openings that this transaction has locked to a new holder; whoever had them before has lapsed."""
    ids = [opening.pk for opening in openings]
    Opening.objects.filter(pk__in=ids).update(free_from=until)
    had_before = [opening.pk for opening in openings if opening.free_from != ALWAYS]
    if had_before:
        Assignment.objects.filter(opening__in=had_before, vote=None, lapsed=False).update(lapsed=True)


def _lock_free(
    study: Study, but: Collection[int], count: int, now: datetime, *, skip_locked: bool
) -> list[Opening]:
    free = _free(study, but, now).select_for_update(skip_locked=skip_locked, of=("self",))
    return list(free.select_related("trial").order_by("turn")[:count])


def _free(study: Study, but: Collection[int], now: datetime) -> QuerySet[Opening]:
    free = Opening.objects.filter(study=study, free_from__lte=now, turn__lt=_end(study))
    return free.exclude(trial_id__in=but)


def _end(study: Study) -> int:
    """Return the number of votes that the study wants: the turn after its last one."""
    return study.trial_count * study.votes_per_trial


def _first_unmade(study: Study) -> int:
    last = Opening.objects.filter(study=study).aggregate(last=Max("turn"))["last"]
    return 0 if last is None else last + 1


def _make_openings(study: Study, wanted: int) -> bool:
    """Make the next openings, at least ``wanted`` of them if there are; return False at the end.

    Of any run of ``len(but) + count`` turns, ``count`` are of other trials than ``but`` (or all other
    trials are in it), so a draw makes openings once, and a rater's own history bounds how many.
    """
    first, end = _first_unmade(study), _end(study)
    if first >= end:
        return False
    turns = range(first, min(end, first + max(AHEAD, wanted)))
    numbers = {turn % study.trial_count for turn in turns}
    trials = dict(Trial.objects.filter(study=study, number__in=numbers).values_list("number", "id"))
    Opening.objects.bulk_create(
        (
            Opening(study=study, turn=turn, trial_id=trials[turn % study.trial_count], free_from=ALWAYS)
            for turn in turns
        ),
        ignore_conflicts=True,
    )
    return True
