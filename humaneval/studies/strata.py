"""Strata: so many votes of each trial from each group of raters, such as half from phones.

Set as JSON::

    {"by": "device", "groups": {"phones": {"values": ["phone", "tablet"], "votes": 2},
                                "desktops": {"values": ["desktop"], "votes": 2}}}

``by`` is ``device`` or ``parameter:NAME``, a query parameter of the link that a panel fills in. A group that
lists no values has its own name as the only one. Capital and small letters of values are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

DEVICE, PARAMETER = "device", "parameter:"
DEVICES = ("phone", "tablet", "desktop")
MOST_GROUPS = 12
LONGEST_NAME = 40


@dataclass(frozen=True)
class Group:
    """A group of raters: what of each trial's votes it gives, after those ``before`` it."""

    name: str
    values: tuple[str, ...]
    votes: int
    before: int


def groups_of(strata: Mapping[str, Any]) -> tuple[Group, ...]:
    """Return the groups of a study's strata, in order; none where it has no strata."""
    groups: list[Group] = []
    for name, given in strata.get("groups", {}).items():
        values = tuple(given.get("values") or (name,))
        groups.append(Group(name, values, given["votes"], sum(group.votes for group in groups)))
    return tuple(groups)


def stratum_of(
    strata: Mapping[str, Any], device: Mapping[str, Any], parameters: Mapping[str, str]
) -> str | None:
    """Return the name of an arriving rater's group: "" without strata, None for somebody in none of them."""
    if not strata:
        return ""
    by = strata["by"]
    value = device_class(device) if by == DEVICE else parameters.get(by.removeprefix(PARAMETER), "")
    value = value.strip().casefold()
    return next((group.name for group in groups_of(strata) if value in map(str.casefold, group.values)), None)


def device_class(device: Mapping[str, Any]) -> str:
    """Return ``phone``, ``tablet`` or ``desktop``, from what a browser tells of its device.

    Browsers of phones say "Mobi" in their user agent, as they are told to; those of tablets say Android or
    iPad without it, or Macintosh on a touch screen.
    """
    agent = str(device.get("user_agent", ""))
    if "iPad" in agent or "Tablet" in agent:
        return "tablet"
    if "Mobi" in agent:
        return "phone"
    touches_mac = "Macintosh" in agent and device.get("touch") is True
    return "tablet" if touches_mac or "Android" in agent else "desktop"


def check_strata(strata: Any) -> None:
    """Raise ValidationError that says what is wrong with strata; nothing is with an empty object."""
    if strata == {}:
        return
    if not isinstance(strata, Mapping) or set(strata) != {"by", "groups"}:
        raise ValidationError(_("Strata are an object with “by” and “groups”, or empty: {}."))
    by, groups = strata["by"], strata["groups"]
    if not isinstance(by, str) or not (by == DEVICE or (by.startswith(PARAMETER) and by != PARAMETER)):
        raise ValidationError(_("“by” is “device”, or “parameter:” and the name of a query parameter."))
    if by != DEVICE and (wrong := wrong_parameter(by.removeprefix(PARAMETER))):
        raise ValidationError(wrong)
    if not isinstance(groups, Mapping) or not 1 <= len(groups) <= MOST_GROUPS:
        raise ValidationError(_("“groups” names 1 to %d groups of raters.") % MOST_GROUPS)
    for name, group in groups.items():
        _check_group(name, group)
    values = [value for group in groups_of(strata) for value in group.values]
    if wrong := next(filter(None, map(wrong_value, values)), ""):
        raise ValidationError(wrong)
    if len(set(map(str.casefold, values))) < len(values):
        raise ValidationError(_("Each value belongs to one group."))
    if by == DEVICE and (unknown := [value for value in values if value not in DEVICES]):
        text = _("“%(value)s” is no kind of device; there are %(all)s.")
        raise ValidationError(text % {"value": unknown[0], "all": ", ".join(DEVICES)})


def wrong_parameter(name: str) -> str:
    """Return why no link has a parameter of this name, as a sentence; empty where one may."""
    if not re.search(r"[\s?&=#/]", name):
        return ""
    text = _("“%(name)s” is no parameter's name: write country for links that end with ?country=NL.")
    return text % {"name": name}


def wrong_value(value: str) -> str:
    """Return why no rater could have this value, or a list was taken for one; empty where it is in order."""
    if value and value == value.strip() and not re.search(r"[,;\n]", value):
        return ""
    text = _("“%(value)s” is not one value: give each value by itself, without commas and blanks around it.")
    return text % {"value": value}


def _check_group(name: str, group: Any) -> None:
    if not name or len(name) > LONGEST_NAME:
        raise ValidationError(_("A group's name has 1 to %d characters.") % LONGEST_NAME)
    if not isinstance(group, Mapping) or not {"votes"} <= set(group) <= {"votes", "values"}:
        raise ValidationError(_("Group “%s” is an object with “votes” and, if you like, “values”.") % name)
    votes, values = group["votes"], group.get("values", [name])
    if isinstance(votes, bool) or not isinstance(votes, int) or votes < 1:
        raise ValidationError(_("“votes” of group “%s” is a whole number from 1.") % name)
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise ValidationError(_("“values” of group “%s” is a list of texts.") % name)


def check_votes(strata: Mapping[str, Any], votes_per_trial: int) -> None:
    """Raise ValidationError on ``strata`` unless the groups' votes add up to the votes of a trial."""
    try:
        check_strata(strata)
    except ValidationError:  # told with the field itself
        return
    wanted = sum(group.votes for group in groups_of(strata))
    if strata and wanted != votes_per_trial:
        text = _("The groups' votes add up to %(sum)d; a trial wants %(votes)d. Make them the same.")
        raise ValidationError({"strata": text % {"sum": wanted, "votes": votes_per_trial}})
