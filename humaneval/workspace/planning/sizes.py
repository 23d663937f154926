"""From a form's values to a plan: raters, trials, votes a trial, cost, duration, and the curve around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np

from humaneval.recruitment import recruiters
from humaneval.recruitment.models import LedgerKind, Posting
from humaneval.stats import InputError, StatsError
from humaneval.stats.study_size import Estimand, Supply, plan_size
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.estimands import estimand_of, shares, supply_of, votes_each
from humaneval.workspace.planning.plans import NoPlan, Plan, Row

CENT = Decimal("0.01")
CURVE_POINTS = 12


@dataclass(frozen=True)
class _Planning:
    """What a plan is made from."""

    protocol: str
    values: Mapping[str, Any]
    expected: Estimand
    supply: Supply
    has_power: bool

    def row(self, raters: int, *, planned: bool) -> Row:
        """Return the study of so many raters."""
        values, size = self.values, self.supply.size(raters)
        many = shares(self.protocol, values)
        trials = self.supply.trials(size)
        reward, fee = _money(self.protocol, values, raters)
        return Row(
            raters=raters,
            votes=size.votes * many,
            trials=trials * many,
            votes_per_trial=math.ceil(size.votes / trials),
            width=self.expected.width(size),
            power=self.expected.power(size) if self.has_power else None,
            reward=reward,
            pay=reward * raters,
            fee=fee * raters,
            cost=(reward + fee) * raters,
            hours=raters / values["per_hour"] + _minutes(self.protocol, values) / 60,
            planned=planned,
        )


def make_plan(protocol: str, values: Mapping[str, Any], settings: Mapping[str, Any]) -> Plan:
    """Return the smallest study that reaches its aim. Raises NoPlan.

    ``values`` are a valid form's, ``settings`` the study's of its protocol.
    """
    aim = values["aim"]
    try:
        expected, supply = estimand_of(protocol, values, settings), supply_of(protocol, values)
        planned = plan_size(expected, supply, aim=aim, target=values[aim])
        planning = _Planning(protocol, values, expected, supply, _has_power(protocol, expected))
        raters = planned.size.raters
        rows = tuple(planning.row(n, planned=n == raters) for n in _around(raters, supply.fewest))
    except StatsError as error:
        raise NoPlan(str(error)) from error
    return Plan(
        protocol=protocol,
        aim=aim,
        target=values[aim],
        chosen=next(row for row in rows if row.planned),
        curve=rows,
        session=_session(protocol, values),
        minutes=_minutes(protocol, values),
    )


def _has_power(protocol: str, expected: Estimand) -> bool:
    """Return whether there is an effect to find."""
    if ASSUMED[protocol].no_power:
        return False
    try:
        expected.check("power")
    except InputError:
        return False
    return True


def _around(raters: int, fewest: int) -> list[int]:
    """Return sizes around the planned one, that one among them."""
    ends = np.geomspace(max(fewest, raters / 5), raters * 2.5, CURVE_POINTS)
    return sorted({*(round(value) for value in ends), raters})


def _session(protocol: str, values: Mapping[str, Any]) -> int:
    """Return how many trials a rater answers."""
    return votes_each(protocol, values) * shares(protocol, values)


def _minutes(protocol: str, values: Mapping[str, Any]) -> float:
    """Return how long one sitting takes."""
    return float(values["besides"] + _session(protocol, values) * values["seconds"] / 60)


def _money(protocol: str, values: Mapping[str, Any], raters: int) -> tuple[Decimal, Decimal]:
    """Return what one rater is paid, rounded up to the cent, and the panel's fee on that."""
    minutes = Decimal(str(round(_minutes(protocol, values), 6)))
    reward = (values["wage"] * minutes / 60).quantize(CENT, ROUND_CEILING)
    if not values.get("panel"):
        return reward, Decimal("0.00")
    posting = Posting(panel=values["panel"], places=raters, reward=reward)
    return reward, recruiters.get(values["panel"]).fee(posting, LedgerKind.BASE, reward)
