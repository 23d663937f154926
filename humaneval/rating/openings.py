"""Openings: finding the least-filled trials for a rater, and keeping two raters off one opening.

**Lanes.** Openings stand in lanes, each a queue of its own: one lane in most studies, one for each group of
raters where votes are wanted from several (:mod:`humaneval.rating.lanes`).

**Order.** Openings of a lane are taken by ``turn``, that is all first votes of all trials, then all second
votes, and so on; an opening whose lease ran out comes back at its old turn, so before everything fuller. That
is least-filled first, counting votes and live leases, without counting anything.

**Cost.** Openings are made :data:`AHEAD` at a time at the end of the turns. The index over what is unfilled
and free holds those few and the expired ones, never those under a live lease; so neither the study's size
nor the number of open sessions makes the search longer.

**Locks.** On PostgreSQL a draw locks the rows that it takes with FOR UPDATE SKIP LOCKED: draws run side by
side and never see one another's openings. A draw that finds nothing, of a session that has nothing either,
holds no opening that another could wait for: it looks again without skipping, for what it then waits for may
come free. Making openings meets in the unique constraint on (study, lane, turn), always in ascending order.
On SQLite every transaction is IMMEDIATE (settings), so draws come one after the other and the row locks are
not needed.

**Samples and prompts once.** Where a rater is to meet no sample or prompt twice, a draw first looks at what
is free without locking it, page by page, and locks only what this rater may have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from django.db.models import F, Max, QuerySet

from humaneval.monitoring.instruments import LEASE_EXPIRIES
from humaneval.rating.lanes import Lane
from humaneval.rating.met import Met
from humaneval.rating.models import Assignment, Opening
from humaneval.studies.models import Study, Trial

AHEAD = 100
"""How many openings are made at a time."""

PAIR_AHEAD = 10
"""How many, where a lane holds one pair's trials only: there are many such lanes."""

PAGE = 500
"""How many openings or trials are looked at together by a draw that has to choose among them."""

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""``free_from`` of an opening that nobody has had: before any web server's clock."""


def take_openings(study: Study, lane: Lane, *, met: Met, count: int, now: datetime) -> list[Opening]:
    """Return up to ``count`` free openings of trials that a rater may meet, least-filled trials first.

    Their trials are added to ``met``. They stay locked until the transaction ends; the caller sets their
    leases in it. Fewer come back only if the lane has no more for this rater now.
    """
    take = _choose if met.is_choosy else _take_first
    return sorted(take(study, lane, met, count, now), key=lambda opening: opening.turn)


def wait_for_openings(study: Study, lane: Lane, *, met: Met, count: int, now: datetime) -> list[Opening]:
    """Return as :func:`take_openings` what others hold locked just now, if it comes free.

    Only for a draw that has taken nothing, so that no two draws wait for each other.
    """
    if met.is_choosy:
        return _lock_admitted(_free_pages(study, lane, met, now), met, count, now, skip_locked=False)
    found = _lock_free(study, lane, met.trials, count, now, skip_locked=False)
    return _admitted(found, met, count)


def has_opening(study: Study, lane: Lane, *, met: Met, now: datetime) -> bool:
    """Return whether a rater who has met this could be handed another trial now."""
    if any(met.admits(opening.trial) for opening in _free_pages(study, lane, met, now)):
        return True
    return _steps_to_admitted(study, lane, met) is not None


def lease_openings(openings: Collection[Opening], until: datetime) -> None:
    """Give openings that this transaction has locked to a new holder; whoever had them before has lapsed."""
    ids = [opening.pk for opening in openings]
    Opening.objects.filter(pk__in=ids).update(free_from=until)
    had_before = [opening.pk for opening in openings if opening.free_from != ALWAYS]
    if had_before:
        unanswered = Assignment.objects.filter(opening__in=had_before, vote=None, lapsed=False)
        LEASE_EXPIRIES.inc(unanswered.update(lapsed=True))


def _take_first(study: Study, lane: Lane, met: Met, count: int, now: datetime) -> list[Opening]:
    """Take the first free openings of trials not met yet."""
    taken: list[Opening] = []
    while len(taken) < count:
        wanted = count - len(taken)
        found = _lock_free(study, lane, met.trials, wanted, now, skip_locked=True)
        taken += _admitted(found, met, wanted)
        # Of any run of turns as long as what was met and is wanted, those wanted are of other trials.
        if not found and not _make_openings(study, lane, len(met.trials) + wanted):
            break
    return taken


def _choose(study: Study, lane: Lane, met: Met, count: int, now: datetime) -> list[Opening]:
    """Take the first free openings that fit what this rater has met."""
    taken: list[Opening] = []
    after = -1
    while len(taken) < count:
        looked_at = _free_pages(study, lane, met, now, after)
        taken += _lock_admitted(looked_at, met, count - len(taken), now, skip_locked=True)
        if len(taken) == count:
            break
        after, steps = _last_made(study, lane), _steps_to_admitted(study, lane, met)
        if steps is None or not _make_openings(study, lane, steps):
            break
    return taken


def _admitted(openings: Collection[Opening], met: Met, count: int) -> list[Opening]:
    """Return the first of some openings that fit what was met and one another, and note their trials."""
    admitted: list[Opening] = []
    for opening in openings:
        if len(admitted) < count and met.admits(opening.trial):
            met.add(opening.trial)
            admitted.append(opening)
    return admitted


def _lock_admitted(
    looked_at: Iterator[Opening], met: Met, count: int, now: datetime, *, skip_locked: bool
) -> list[Opening]:
    """Lock the first ``count`` that fit of openings looked at unlocked; where others are quicker, go on."""
    taken: list[Opening] = []
    while len(taken) < count:
        chosen: list[Opening] = []
        for opening in looked_at:
            chosen += _admitted([opening], met, 1)
            if len(taken) + len(chosen) == count:
                break
        if not chosen:
            break
        rows = Opening.objects.filter(pk__in=[row.pk for row in chosen], free_from__lte=now)
        locked = {
            row.pk: row
            for row in rows.order_by("pk").select_for_update(skip_locked=skip_locked, of=("self",))
        }
        for opening in chosen:
            if opening.pk in locked:
                opening.free_from = locked[opening.pk].free_from
                taken.append(opening)
            else:
                met.forget(opening.trial)
    return taken


def _lock_free(
    study: Study, lane: Lane, but: Collection[int], count: int, now: datetime, *, skip_locked: bool
) -> list[Opening]:
    free = free_openings(study, lane, now).exclude(trial_id__in=but)
    rows = free.select_for_update(skip_locked=skip_locked, of=("self",))
    return list(rows.select_related("trial")[:count])


def free_openings(study: Study, lane: Lane, now: datetime, after: int = -1) -> QuerySet[Opening]:
    """Return a lane's free openings after a turn, those first that are to be filled first.

    The turn is spelt as a sum so that no database takes the index over all turns for it: that one reads
    every opening that was ever filled, where the index over the free ones reads the few that matter.
    """
    free = Opening.objects.filter(study=study, lane=lane.key, free_from__lte=now)
    placed = free.alias(place=F("turn") + 0)
    return placed.filter(place__gt=after, place__lt=_end(study, lane)).order_by("place")


def _free_pages(study: Study, lane: Lane, met: Met, now: datetime, after: int = -1) -> Iterator[Opening]:
    """Yield free openings in order of turn, of trials not met, read a page at a time and not locked."""
    while True:
        free = free_openings(study, lane, now, after).exclude(trial_id__in=met.trials)
        page = list(free.select_related("trial")[: PAGE if met.is_choosy else 1])
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].turn


def _end(study: Study, lane: Lane) -> int:
    """Return the turn after a lane's last one."""
    return study.trial_count * lane.votes


def _last_made(study: Study, lane: Lane) -> int:
    last = Opening.objects.filter(study=study, lane=lane.key).aggregate(last=Max("turn"))["last"]
    return -1 if last is None else last


def _steps_to_admitted(study: Study, lane: Lane, met: Met) -> int | None:
    """Return how many openings are to be made until there is one that the rater may have; None: no number."""
    first, steps = _last_made(study, lane) + 1, 0
    size = PAGE if met.is_choosy else len(met.trials) + 1
    while steps < study.trial_count:  # further on, the same trials come again
        page = _turns_ahead(study, lane, first, size)
        for turn, trial in page:
            first, steps = turn + 1, steps + 1
            if met.admits(trial):
                return steps
        if len(page) < size:
            break
    return None


def _make_openings(study: Study, lane: Lane, wanted: int) -> bool:
    """Make the next openings, at least ``wanted`` of them if there are; return False at the end."""
    ahead = AHEAD if lane.pair is None else PAIR_AHEAD
    if lane.pair is not None:  # draws that go through several lanes make openings one after the other
        Study.objects.select_for_update(no_key=True, of=("self",)).get(pk=study.pk)
    turns = _turns_ahead(study, lane, _last_made(study, lane) + 1, max(ahead, wanted))
    Opening.objects.bulk_create(
        (
            Opening(study=study, lane=lane.key, turn=turn, trial=trial, free_from=ALWAYS)
            for turn, trial in turns
        ),
        ignore_conflicts=True,
    )
    return bool(turns)


def _turns_ahead(study: Study, lane: Lane, first: int, count: int) -> list[tuple[int, Trial]]:
    """Return a lane's next ``count`` turns from ``first`` on, each with its trial; fewer at its end."""
    found: list[tuple[int, Trial]] = []
    vote, number = divmod(first, study.trial_count)
    while vote < lane.votes and len(found) < count:
        wanted = count - len(found)
        trials = lane.trials(study).filter(number__gte=number).order_by("number")[:wanted]
        found += ((vote * study.trial_count + trial.number, trial) for trial in trials)
        vote, number = vote + 1, 0
    return found
