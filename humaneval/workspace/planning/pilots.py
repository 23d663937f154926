"""What a study's votes say about how raters, images and times differ: a pilot for the next study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.models import Session
from humaneval.reports.analysis.orders import put_above
from humaneval.reports.loading import load_material
from humaneval.reports.material import Material
from humaneval.reports.votes import Exposed, IntArray, Votes, VoteTable, ballots_of, select_votes
from humaneval.stats import NotEstimableError, StatsError
from humaneval.stats.exposure_size import rise_of, spread_of
from humaneval.stats.items import Items
from humaneval.stats.modal_exposure import modal_exposure
from humaneval.stats.pilot import (
    Pilot,
    orders_of_pilot,
    preferences_of_pilot,
    rate_of_pilot,
    scores_of_pilot,
)
from humaneval.stats.pilot_exposures import exposures_of_pilot
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
    material = load_material(study)
    votes = select_votes(material, np.zeros(len(material.votes.vote), dtype=bool))
    if not votes.questions or not len(votes.counted):
        raise NoPlan(f"“{study.name}” has no votes that count yet.")
    try:
        values, counted, raters = _found(study, material, votes, aim)
    except StatsError as error:
        raise NoPlan(f"“{study.name}”: {error}") from error
    times = {"seconds": round(float(np.median(material.votes.response_ms)) / 1000, 2)}
    pace = _raters_an_hour(study)
    return Measured({**values, **times, **({"per_hour": pace} if pace else {})}, counted, raters)


def _found(study: Study, material: Material, votes: Votes, aim: Aim) -> tuple[dict[str, float], int, int]:
    """Return the form's values, and how many votes and raters they rest on."""
    table = votes.table(votes.questions[0])
    if ASSUMED[study.protocol].kind == "exposures":
        shown = votes.exposed.where(~votes.exposed.spoilt)
        return _exposures(study, shown), len(shown), len(np.unique(shown.rater))
    found = _pilot(study, material, table, aim)
    names = ("effect", "rater", "item", "deviation")
    kept = [name for name in names if name in ASSUMED[study.protocol].defaults]
    return {name: round(getattr(found, name), 3) for name in kept}, found.votes, found.raters


def _exposures(study: Study, shown: Exposed) -> dict[str, float]:
    """Return what timed votes say, of the exposure that the report is about by the study's method."""
    if not len(shown):
        raise NotEstimableError("The pilot has no votes that count.")
    correct = (shown.value == 1) == np.isin(shown.condition, _real(study))
    level = np.log(shown.frames * shown.frame_ms)
    found = exposures_of_pilot(correct, level=level, rater=shown.rater)
    effect = math.exp(found.threshold)
    if PROTOCOLS[study.protocol].look_ahead(study.settings) is not None:
        effect = modal_exposure(
            shown.frames, frame_ms=shown.frame_ms, block=shown.block, rater=shown.rater
        ).estimate
    return {
        "effect": round(effect, 1),
        "rater": round(spread_of(found.deviation), 3),
        "rise": round(rise_of(found.slope), 2),
    }


def _real(study: Study) -> list[int]:
    return list(study.conditions.filter(sample_set__kind="real").values_list("pk", flat=True))


def _pilot(study: Study, material: Material, table: VoteTable, aim: Aim) -> Pilot:
    who = {"rater": table.rater, "item": _item(table.shared, table.item)}
    protocol = PROTOCOLS[study.protocol]
    kind = ASSUMED[study.protocol].kind
    if kind == "likert":
        return scores_of_pilot(table.value, condition=table.condition, aim=aim, **who)
    if kind == "orders":
        ballots = ballots_of(material, table)
        above = put_above(ballots, protocol, study.settings)
        item = _item(ballots.shared, ballots.unit)
        return orders_of_pilot(above, lineup=ballots.lineup, rater=ballots.rater, item=item)
    if kind == "pairwise":
        decided = table.where(np.isin(table.value, (0, 1)))
        return preferences_of_pilot(
            1 - decided.value,
            first=decided.condition,
            second=decided.other,
            rater=decided.rater,
            item=_item(decided.shared, decided.item),
        )
    if protocol.analysis == "duplicates":
        return rate_of_pilot(table.value == 1, condition=table.condition, **who)
    is_real = np.isin(table.condition, _real(study))
    asked = table.where(~is_real)
    yes = protocol.successes(asked.value, np.zeros(len(asked), dtype=bool))
    return rate_of_pilot(
        yes, condition=asked.condition, rater=asked.rater, item=_item(asked.shared, asked.item)
    )


def _item(shared: Items, images: IntArray) -> IntArray:
    """Return what intervals take to repeat where that is one thing a vote, else the images."""
    return images if shared.several else shared.codes[:, 0]


def _raters_an_hour(study: Study) -> float | None:
    """Return how many people came in an hour, from the first to the last; None where all came at once."""
    times = list(Session.objects.filter(study=study).order_by("pk").values_list("started_at", flat=True))
    hours = (times[-1] - times[0]).total_seconds() / 3600 if times else 0.0
    return round((len(times) - 1) / hours, 2) if hours > 1 / 60 else None
