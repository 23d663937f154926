"""What a study's votes say about how raters, images and times differ: a pilot for the next study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.models import Session
from humaneval.reports.loading import load_material
from humaneval.reports.votes import VoteTable, select_votes
from humaneval.stats import StatsError
from humaneval.stats.pilot import Pilot, preferences_of_pilot, rate_of_pilot, scores_of_pilot
from humaneval.stats.study_size import Aim
from humaneval.studies.models import Study
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.plans import NoPlan


@dataclass(frozen=True)
class Measured:
    """Values for the form that a pilot gives, and how many votes and raters they rest on."""

    values: dict[str, Any]
    votes: int
    raters: int


def measure(study: Study, *, aim: Aim) -> Measured:
    """Return what the votes of a study say for planning one like it; raises NoPlan with a reason.

    Votes are taken as the report takes them, of the first question, before any exclusion.
    """
    if study.protocol not in ASSUMED:
        raise NoPlan(f"How votes of “{study.name}” scatter is not known: its protocol cannot be planned.")
    material = load_material(study)
    votes = select_votes(material, np.zeros(len(material.votes.vote), dtype=bool))
    if not votes.questions or not len(votes.counted):
        raise NoPlan(f"“{study.name}” has no votes that count yet.")
    table = votes.table(votes.questions[0])
    try:
        found = _pilot(study.protocol, table, _real(study), aim)
    except StatsError as error:
        raise NoPlan(f"“{study.name}”: {error}") from error
    rounded = {name: round(getattr(found, name), 3) for name in ("effect", "rater", "item")}
    if ASSUMED[study.protocol].kind == "likert":
        rounded["deviation"] = round(found.deviation, 3)
    times = {"seconds": round(float(np.median(material.votes.response_ms)) / 1000, 2)}
    pace = _raters_an_hour(study)
    return Measured({**rounded, **times, **({"per_hour": pace} if pace else {})}, found.votes, found.raters)


def _real(study: Study) -> list[int]:
    return list(study.conditions.filter(sample_set__kind="real").values_list("pk", flat=True))


def _pilot(protocol: str, table: VoteTable, real: list[int], aim: Aim) -> Pilot:
    who = {"rater": table.rater, "item": table.item}
    kind = ASSUMED[protocol].kind
    if kind == "likert":
        return scores_of_pilot(table.value, condition=table.condition, aim=aim, **who)
    if kind == "pairwise":
        decided = table.where(np.isin(table.value, (0, 1)))
        return preferences_of_pilot(
            1 - decided.value,
            first=decided.condition,
            second=decided.other,
            rater=decided.rater,
            item=decided.item,
        )
    is_real = np.isin(table.condition, real)
    asked = table.where(~is_real)
    yes = PROTOCOLS[protocol].successes(asked.value, np.zeros(len(asked), dtype=bool))
    return rate_of_pilot(yes, condition=asked.condition, rater=asked.rater, item=asked.item)


def _raters_an_hour(study: Study) -> float | None:
    """Return how many people came in an hour, from the first to the last; None where all came at once."""
    times = list(Session.objects.filter(study=study).order_by("pk").values_list("started_at", flat=True))
    hours = (times[-1] - times[0]).total_seconds() / 3600 if times else 0.0
    return round((len(times) - 1) / hours, 2) if hours > 1 / 60 else None
