"""What a study has cost so far: panels live above this app, so who knows is registered from above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from humaneval.studies.models import Study


@dataclass(frozen=True)
class Cost:
    """Money in one currency: ``spent`` is paid or owed, ``committed`` with open places; fees included."""

    currency: str
    spent: Decimal
    committed: Decimal


Teller = Callable[[Study], list[Cost]]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Make known who tells what a study costs; one registered later takes its place."""
    _tellers[:] = [teller]


def costs_of(study: Study) -> list[Cost]:
    """Return what a study costs, one entry a currency; nothing where nobody is paid or nobody tells."""
    return [cost for teller in _tellers for cost in teller(study)]
