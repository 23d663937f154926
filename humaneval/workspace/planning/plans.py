"""What a plan is, and what may be planned for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from humaneval.workspace.planning.assumptions import ASSUMED


class NoPlan(Exception):
    """There is no such plan; the message says why and what to change."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A study of so many raters. ``power`` is None where there is no effect to find; ``hours`` to the end."""

    raters: int
    votes: int
    trials: int
    votes_per_trial: int
    width: float
    power: float | None
    reward: Decimal
    pay: Decimal
    fee: Decimal
    cost: Decimal
    hours: float
    planned: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the row for programs; money as text, exact."""
        return {
            name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(self).items()
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a study needs, and what others of other sizes would have."""

    protocol: str
    aim: str
    target: float
    chosen: Row
    curve: tuple[Row, ...]
    session: int
    minutes: float

    @property
    def has_power(self) -> bool:
        """Whether there is an effect to find."""
        return self.chosen.power is not None


def check_aim(protocol: str, given: Mapping[str, Any]) -> None:
    """Raise NoPlan where power is asked of a protocol that has nothing to find."""
    aim = given.get("aim") or ("power" if given.get("power") else "width")
    if ASSUMED[protocol].no_power and aim == "power":
        raise NoPlan(str(ASSUMED[protocol].no_power))
