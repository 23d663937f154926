"""From a form's values and a study's settings to what its report will estimate, and what it has to give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from humaneval.protocols.registry import PROTOCOLS
from humaneval.protocols.timed_real_or_fake import TimedRealOrFake
from humaneval.stats.exposure_size import ExpectedThreshold
from humaneval.stats.order_size import ExpectedOrders
from humaneval.stats.study_size import Estimand, ListedSupply, Supply
from humaneval.stats.vote_size import Expected
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.staircases import expected_exposures

Values = Mapping[str, Any]


def estimand_of(protocol: str, values: Values, settings: Values) -> Estimand:
    """Return what is expected of a study's votes; raises StatsError where nothing can be."""
    kind = ASSUMED[protocol].kind
    if kind == "orders":
        return _orders(protocol, values, settings)
    if kind == "exposures":
        return _exposures(values, settings)
    return Expected(
        kind=kind,
        effect=values["effect"],
        rater=values["rater"],
        item=values["item"],
        deviation=values.get("deviation") or 1.0,
        null=_null(protocol, settings),
        conditions=max(values["conditions"], 2),
    )


def supply_of(protocol: str, values: Values) -> Supply:
    """Return what a study has to give, for one condition or, where trials are about all, for all."""
    sides = 2 if ASSUMED[protocol].kind == "exposures" else 1  # real and generated images are trials alike
    kind = ListedSupply if PROTOCOLS[protocol].uses_pairs else Supply
    return kind(
        votes_each=votes_each(protocol, values),
        images=sides * values["images"],
        votes_per_trial=values["votes_per_trial"],
    )


def shares(protocol: str, values: Values) -> int:
    """Return among how many conditions a rater's trials are divided; some trials are about all of them."""
    return 1 if ASSUMED[protocol].kind in ("pairwise", "orders", "exposures") else values["conditions"]


def votes_each(protocol: str, values: Values) -> int:
    """Return a rater's votes for one of these."""
    return max(1, values["session"] // shares(protocol, values))


def _null(protocol: str, settings: Values) -> float:
    """Return the share that a rate is to be told from: of wrong guesses, or one half."""
    images = PROTOCOLS[protocol].value(settings, "images") if protocol == "two_afc" else 2
    return 1 - 1 / int(images)


def _orders(protocol: str, values: Values, settings: Values) -> ExpectedOrders:
    images, mode = (PROTOCOLS[protocol].value(settings, name) for name in ("images", "mode"))
    return ExpectedOrders(
        effect=values["effect"],
        rater=values["rater"],
        item=values["item"],
        conditions=values["conditions"],
        images=int(images),
        ends_only=mode == "best_worst",
    )


def _exposures(values: Values, settings: Values) -> Estimand:
    protocol = TimedRealOrFake()
    if protocol.look_ahead(settings) is not None:
        return expected_exposures(values, settings)
    return ExpectedThreshold(
        effect=values["effect"],
        reference=values["reference"],
        rater=values["rater"],
        rise=values["rise"],
        levels=tuple(protocol.constant_levels(settings)),
    )
