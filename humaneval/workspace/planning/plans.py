"""What a plan is, and the form's values that it starts from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies.models import Study
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.forms import starting_values


class NoPlan(Exception):
    """There is no such plan; the message says why and what to change."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A study of so many raters. ``power`` is None where no effect is expected; ``hours`` to the end."""

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


def values_of(study: Study) -> dict[str, Any]:
    """Return the form's values before anybody has typed; raises NoPlan for protocols without a model."""
    if study.protocol not in ASSUMED:
        known = ", ".join(PROTOCOLS[name].title for name in ASSUMED)
        raise NoPlan(f"Sizes can be planned for {known}; how votes of other protocols scatter is not known.")
    conditions = [
        one
        for one in study.conditions.select_related("sample_set")
        if study.protocol != "two_afc" or one.sample_set.kind == "generated"
    ]
    counts = [one.sample_set.samples.count() for one in conditions]
    fields = {"conditions": len(conditions), "images": min(counts, default=0)}
    return starting_values(
        study.protocol,
        session=study.assignments_per_session,
        **{name: value for name, value in fields.items() if value},
    )
