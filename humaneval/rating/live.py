"""How a study stands just now, in numbers derived from votes: no counter is kept anywhere.

Votes are counted batch by batch when they are sealed: a seal, which never changes, holds the numbers of its
batch and the sums up to it. The newest seal is read, and the few votes since are counted as they lie; so a
page costs hardly more at a million votes than at a thousand. :func:`recount` counts everything anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from humaneval.rating.latest import Latest, latest_of
from humaneval.rating.models import Assignment, Seal, SealedVote, Session, SessionState, Tombstone, Vote
from humaneval.rating.votes import JUDGED
from humaneval.studies.models import Study


@dataclass(frozen=True)
class Tally:
    """Votes in numbers. Those by condition are the ones that count: answered, no repeats, no gold trials."""

    votes: int
    late: int
    repeats: int
    by_condition: dict[int, int]

    @classmethod
    def of(cls, votes: QuerySet[Vote]) -> Tally:
        """Return the tally of some votes: one query."""
        rows = votes.annotate(judged=JUDGED).values_list("outcome", "late", "assignment__is_repeat", "judged")
        return cls.of_rows(rows.iterator(chunk_size=5_000))

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[str, bool, bool, int | None]]) -> Tally:
        """Return the tally of votes given as outcome, late, repeat, and condition if they tell of one."""
        votes = late = repeats = 0
        by_condition: Counter[int] = Counter()
        for outcome, is_late, is_repeat, condition in rows:
            votes, late, repeats = votes + 1, late + is_late, repeats + is_repeat
            if condition is not None:
                by_condition[condition] += outcome == "answered" and not is_repeat
        return cls(votes, late, repeats, {key: count for key, count in by_condition.items() if count})

    @property
    def counting(self) -> int:
        """Votes that count, over all conditions."""
        return sum(self.by_condition.values())

    def __add__(self, other: Tally) -> Tally:
        conditions = Counter(self.by_condition) + Counter(other.by_condition)
        return Tally(
            self.votes + other.votes, self.late + other.late, self.repeats + other.repeats, dict(conditions)
        )

    def as_summary(self) -> dict[str, Any]:
        """Return the tally as JSON."""
        by_condition = {str(key): count for key, count in sorted(self.by_condition.items())}
        return {
            "votes": self.votes,
            "late": self.late,
            "repeats": self.repeats,
            "by_condition": by_condition,
        }

    @classmethod
    def from_summary(cls, summary: dict[str, Any]) -> Tally:
        """Return a tally from its JSON."""
        by_condition = {int(key): count for key, count in summary["by_condition"].items()}
        return cls(summary["votes"], summary["late"], summary["repeats"], by_condition)


NOTHING = Tally(0, 0, 0, {})


@dataclass(frozen=True)
class LiveState:
    """A study just now.

    ``given`` counts votes that were withdrawn since, and ``withdrawn`` says how many those are. Sessions
    that hold nothing under a live lease and have not completed are ``abandoned`` (their raters may still come
    back). ``completed`` ones met a trial; for ``unasked`` ones none was left when they had come so far.
    ``latest`` says how fast the latest votes came, and how well they were given.
    """

    wanted: int
    given: Tally
    withdrawn: int
    active: int
    abandoned: int
    completed: int
    unasked: int
    screened_out: int
    latest: Latest

    @property
    def median_response_ms(self) -> float | None:
        """The median response time of the latest votes."""
        return self.latest.median_ms


def live_state(study: Study) -> LiveState:
    """Return how a study stands; twelve queries at most, whatever its size."""
    newest = SealedVote.objects.aggregate(newest=Max("vote_id"))["newest"] or 0
    unsealed = Vote.objects.filter(pk__gt=newest, assignment__session__study=study)
    states, unasked = _sessions_by_state(study)
    now = timezone.now()
    present = _sessions_present(study, now)
    return LiveState(
        wanted=study.trial_count * study.votes_per_trial,
        given=sealed_tally(study) + Tally.of(unsealed),
        withdrawn=Tombstone.objects.filter(study=study).count(),
        active=present,
        abandoned=max(0, states[SessionState.ACTIVE] - present),
        completed=states[SessionState.COMPLETED] - unasked,
        unasked=unasked,
        screened_out=states[SessionState.SCREENED_OUT],
        latest=latest_of(study, unsealed, now),
    )


def sealed_tally(study: Study) -> Tally:
    """Return the tally of all sealed votes of a study, withdrawn ones too: the sums in its newest seal."""
    newest = Seal.objects.filter(study=study).order_by("-number").values_list("totals", flat=True).first()
    return Tally.from_summary(newest) if newest else NOTHING


def recount(study: Study) -> Tally:
    """Return the tally of all votes of a study that are there, each looked at."""
    return Tally.of(Vote.objects.filter(assignment__session__study=study))


def _sessions_by_state(study: Study) -> tuple[Counter[str], int]:
    """Return how many sessions are in each state, and how many of the completed ones met no trial."""
    met = Exists(Assignment.objects.filter(session=OuterRef("pk")))
    sessions = Session.objects.filter(study=study).order_by().annotate(met=met).values_list("state", "met")
    states: Counter[str] = Counter()
    unasked = 0
    for state, has_met, count in sessions.annotate(count=Count("pk")):
        states[state] += count
        if state == SessionState.COMPLETED and not has_met:
            unasked = count
    return states, unasked


def _sessions_present(study: Study, now: datetime) -> int:
    """Return how many sessions hold something unanswered under a live lease: openings tell by their index.

    As a subquery and a count, since for a join or a SELECT DISTINCT SQLite may walk through all assignments.
    """
    openings = study.openings.filter(free_from__gt=now).order_by().values("pk")
    held = Assignment.objects.filter(opening__in=openings, lapsed=False, lease_until__gt=now)
    return held.aggregate(sessions=Count("session", distinct=True))["sessions"]
