"""What raters were paid, as a report tells it: who knows is registered by ``config`` (panels lie beside
reports).

A posting is a mapping of ``panel``, ``reward``, ``currency``, ``minutes`` (as announced), ``paid`` (to all),
``submissions`` and ``hourly`` (the median pay for an hour, or ""); amounts are decimals as text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from humaneval.studies.models import Study

Teller = Callable[[Study], list[dict[str, Any]]]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Make known who tells of a study's postings; twice is once."""
    if teller not in _tellers:
        _tellers.append(teller)


def postings_of(study: Study) -> list[dict[str, Any]]:
    """Return the postings through which a study's raters were recruited and paid."""
    return [one for teller in _tellers for one in teller(study)]
