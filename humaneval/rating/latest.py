"""A study's latest votes: how fast they come, and how well they were given, whatever its size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import QuerySet

from humaneval.rating.models import Answer, Seal, SealedVote, Vote
from humaneval.studies.models import Study

LATEST = 1_000
"""Votes that are looked at."""

HOUR = timedelta(hours=1)
QUICK = 1 / 3
"""Of the median time: an answer given faster is called quick."""
BAD_GOLD = 0.5
"""Who answers a smaller share of three gold trials or more rightly is called a rater to look at."""
LEAST_GOLD = 3


@dataclass(frozen=True)
class Latest:
    """The latest votes in numbers.

    ``an_hour`` is how many came within the last hour (or, if all the latest did, at what pace); ``quick``,
    ``unanswered``, ``spoilt`` and ``late`` count votes; ``doubtful`` counts raters who failed gold trials.
    """

    votes: int = 0
    raters: int = 0
    median_ms: float | None = None
    an_hour: float = 0.0
    quick: int = 0
    unanswered: int = 0
    spoilt: int = 0
    late: int = 0
    gold: int = 0
    gold_right: int = 0
    doubtful: int = 0

    @property
    def gold_share(self) -> float | None:
        """The percentage of gold trials answered rightly, None where there were none."""
        return 100 * self.gold_right / self.gold if self.gold else None


def latest_of(study: Study, unsealed: QuerySet[Vote], now: datetime) -> Latest:
    """Return what the latest votes say; five queries at most."""
    rows = _rows(_latest_ids(study, unsealed))
    if not rows:
        return Latest()
    middle = median(row["response_ms"] for row in rows)
    gold = [row for row in rows if row["assignment__trial__expected"] is not None]
    right = _right(gold)
    return Latest(
        votes=len(rows),
        raters=len({row["assignment__session__rater_id"] for row in rows}),
        median_ms=middle,
        an_hour=_pace([row["received_at"] for row in rows], now),
        quick=sum(row["outcome"] == "answered" and row["response_ms"] < QUICK * middle for row in rows),
        unanswered=sum(row["outcome"] != "answered" for row in rows),
        spoilt=sum(row["spoilt"] for row in rows),
        late=sum(row["late"] for row in rows),
        gold=len(gold),
        gold_right=sum(right.values()),
        doubtful=_doubtful(gold, right),
    )


def _rows(ids: list[int]) -> list[dict[str, Any]]:
    fields = ("pk", "response_ms", "received_at", "outcome", "spoilt", "late", "assignment__trial__expected",
              "assignment__session__rater_id")  # fmt: skip
    return list(Vote.objects.filter(pk__in=ids).values(*fields)) if ids else []


def _pace(times: list[datetime], now: datetime) -> float:
    """Return votes an hour: those of the last hour, or faster ones over the time that they took."""
    recent = [time for time in times if time > now - HOUR]
    if len(times) >= LATEST and len(recent) == len(times):
        return len(recent) * HOUR / max(now - min(recent), timedelta(seconds=1))
    return float(len(recent))


def _right(gold: list[dict[str, Any]]) -> dict[int, bool]:
    """Return of each vote on a gold trial whether every answer is the right one; one query."""
    answers = Answer.objects.filter(vote__in=[row["pk"] for row in gold])
    given: dict[int, dict[str, int]] = {}
    for vote, key, value in answers.values_list("vote_id", "question__key", "value"):
        given.setdefault(vote, {})[key] = value
    return {row["pk"]: given.get(row["pk"]) == row["assignment__trial__expected"] for row in gold}


def _doubtful(gold: list[dict[str, Any]], right: dict[int, bool]) -> int:
    by_rater: dict[int, list[bool]] = {}
    for row in gold:
        by_rater.setdefault(row["assignment__session__rater_id"], []).append(right[row["pk"]])
    judged = [found for found in by_rater.values() if len(found) >= LEAST_GOLD]
    return sum(sum(found) / len(found) < BAD_GOLD for found in judged)


def _latest_ids(study: Study, unsealed: QuerySet[Vote]) -> list[int]:
    ids = list(unsealed.order_by("-pk").values_list("pk", flat=True)[:LATEST])
    if seals := _latest_seals(study, LATEST - len(ids)):
        sealed = SealedVote.objects.filter(seal__in=seals).order_by("-vote_id")
        ids += sealed.values_list("vote_id", flat=True)[: LATEST - len(ids)]
    return ids


def _latest_seals(study: Study, votes: int) -> list[int]:
    """Return the ids of the newest seals that together hold so many votes, or of all."""
    seals = Seal.objects.filter(study=study).order_by("-number").values_list("vote_count", "pk")
    latest: list[int] = []
    for count, seal in seals[: max(0, votes)]:
        if votes <= 0:
            break
        latest.append(seal)
        votes -= count
    return latest
