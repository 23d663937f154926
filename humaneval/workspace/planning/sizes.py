"""From a form's values to a plan: raters, trials, votes a trial, cost, duration, and the curve around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np

from humaneval.recruitment import recruiters
from humaneval.recruitment.models import LedgerKind, Posting
from humaneval.stats import StatsError
from humaneval.stats.study_size import (
    Expected,
    Size,
    Supply,
    expected_power,
    expected_width,
    plan_size,
)
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.plans import NoPlan, Plan, Row

CENT = Decimal("0.01")
CURVE_POINTS = 12


def make_plan(protocol: str, values: Mapping[str, Any], *, images_shown: int = 2) -> Plan:
    """Return the smallest study that reaches its aim; ``values`` are a valid form's. Raises NoPlan."""
    expected = _expected(protocol, values, images_shown)
    aim = values["aim"]
    try:
        supply = Supply(
            votes_each=_votes_each(protocol, values),
            images=values["images"],
            votes_per_trial=values["votes_per_trial"],
        )
        planned = plan_size(expected, supply, aim=aim, target=values[aim])
        many = _around(planned.size.raters)
        rows = tuple(
            _row(protocol, values, expected, supply.size(raters), raters == planned.size.raters)
            for raters in many
        )
    except StatsError as error:
        raise NoPlan(str(error)) from error
    chosen = next(row for row in rows if row.planned)
    return Plan(
        protocol=protocol,
        aim=aim,
        target=values[aim],
        chosen=chosen,
        curve=rows,
        session=_votes_each(protocol, values) * _shares(protocol, values),
        minutes=_minutes(protocol, values),
    )


def _expected(protocol: str, values: Mapping[str, Any], images_shown: int) -> Expected:
    return Expected(
        kind=ASSUMED[protocol].kind,
        effect=values["effect"],
        rater=values["rater"],
        item=values["item"],
        deviation=values.get("deviation") or 1.0,
        null=1 - 1 / images_shown if protocol == "two_afc" else 0.5,
        conditions=max(values["conditions"], 2),
    )


def _shares(protocol: str, values: Mapping[str, Any]) -> int:
    """Return among how many conditions a rater's trials are divided; a preference is about all of them."""
    return 1 if ASSUMED[protocol].kind == "pairwise" else values["conditions"]


def _votes_each(protocol: str, values: Mapping[str, Any]) -> int:
    return max(1, values["session"] // _shares(protocol, values))


def _around(raters: int) -> list[int]:
    """Return sizes around the planned one, that one among them."""
    ends = np.geomspace(max(2, raters / 5), raters * 2.5, CURVE_POINTS)
    return sorted({*(round(value) for value in ends), raters})


def _row(protocol: str, values: Mapping[str, Any], expected: Expected, size: Size, planned: bool) -> Row:
    shares = _shares(protocol, values)
    trials = math.ceil(size.votes / max(values["votes_per_trial"], math.ceil(size.votes / size.items)))
    trials = max(trials, size.votes_each)
    reward, fee = _money(protocol, values, size.raters)
    nothing = expected.null if expected.kind == "rate" else 0.0
    return Row(
        raters=size.raters,
        votes=size.votes * shares,
        trials=trials * shares,
        votes_per_trial=math.ceil(size.votes / trials),
        width=expected_width(expected, size),
        power=None if expected.effect == nothing else expected_power(expected, size),
        reward=reward,
        pay=reward * size.raters,
        fee=fee * size.raters,
        cost=(reward + fee) * size.raters,
        hours=size.raters / values["per_hour"] + _minutes(protocol, values) / 60,
        planned=planned,
    )


def _minutes(protocol: str, values: Mapping[str, Any]) -> float:
    """Return how long one sitting takes."""
    trials = _votes_each(protocol, values) * _shares(protocol, values)
    return float(values["besides"] + trials * values["seconds"] / 60)


def _money(protocol: str, values: Mapping[str, Any], raters: int) -> tuple[Decimal, Decimal]:
    """Return what one rater is paid, rounded up to the cent, and the panel's fee on that."""
    minutes = Decimal(str(round(_minutes(protocol, values), 6)))
    reward = (values["wage"] * minutes / 60).quantize(CENT, ROUND_CEILING)
    if not values.get("panel"):
        return reward, Decimal("0.00")
    posting = Posting(panel=values["panel"], places=raters, reward=reward)
    return reward, recruiters.get(values["panel"]).fee(posting, LedgerKind.BASE, reward)
