"""Strata as the rows of a form, and back: a row a group, with its values one a line.

Pure: values in, strata out. ``strata_2_votes`` is how many of a trial's votes the third group gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from humaneval.studies.flow_rows import RowError
from humaneval.studies.strata import (
    DEVICE,
    DEVICES,
    LONGEST_NAME,
    MOST_GROUPS,
    PARAMETER,
    groups_of,
    wrong_parameter,
    wrong_value,
)

PREFIX = "strata_"
BY, NAME_OF_PARAMETER = PREFIX + "by", PREFIX + "parameter"
LINK = "parameter"
"""What ``strata_by`` says of groups that a parameter of the link tells apart."""
_ROW = ("name", "votes", "values")
_POSTED = re.compile(rf"{PREFIX}([0-9]{{1,3}})_(?:{'|'.join(_ROW)})")
BLANK = 2
"""Empty rows offered after those that are filled in."""

Values = Mapping[str, Any]


def row_field(place: int, name: str) -> str:
    """Return the name of a row's field."""
    return f"{PREFIX}{place}_{name}"


def shown_rows(strata: Values) -> int:
    """Return how many rows a form shows."""
    return min(len(strata.get("groups", {})) + BLANK, MOST_GROUPS)


def posted_rows(names: Iterable[str]) -> int:
    """Return how many rows the fields of these names make: as many as the form had that was sent."""
    found = [row[1] for name in names if (row := _POSTED.fullmatch(name))]
    return min(max(map(int, found), default=-1) + 1, MOST_GROUPS)


def values_of(strata: Values) -> dict[str, Any]:
    """Return the form's values for strata that are in order, or for none."""
    by = strata.get("by", "")
    found = {BY: LINK if by.startswith(PARAMETER) else by, NAME_OF_PARAMETER: ""}
    if by.startswith(PARAMETER):
        found[NAME_OF_PARAMETER] = by.removeprefix(PARAMETER)
    for place, (name, group) in enumerate(strata.get("groups", {}).items()):
        found[row_field(place, "name")] = name
        found[row_field(place, "votes")] = group["votes"]
        found[row_field(place, "values")] = "\n".join(group.get("values", ()))
    return found


def strata_of(values: Values, rows: int) -> dict[str, Any]:
    """Return the strata that a form's values say; ``rows`` is how many were shown.

    Empty rows are left out. Raises :class:`RowError` on the field that is wrong.
    """
    filled = [place for place in range(rows) if any(values.get(row_field(place, n)) for n in _ROW)]
    by = values.get(BY) or ""
    if not by:
        if filled:
            raise RowError(BY, _("Say by what the groups below are told apart, or empty their rows."))
        return {}
    if not filled:
        raise RowError(row_field(0, "name"), _("Name at least one group, or take anybody."))
    known = _by(by, values)
    groups: dict[str, Any] = {}
    for place in filled:
        name, group = _group(place, values)
        if name in groups:
            raise RowError(row_field(place, "name"), _("There is a group of this name already."))
        groups[name] = group
    _check_values(filled, groups, known)
    return {"by": known, "groups": groups}


def _by(by: str, values: Values) -> str:
    if by == DEVICE:
        return DEVICE
    name = (values.get(NAME_OF_PARAMETER) or "").strip()
    if not name:
        raise RowError(NAME_OF_PARAMETER, _("Name the parameter of the link, such as country."))
    if wrong := wrong_parameter(name):
        raise RowError(NAME_OF_PARAMETER, wrong)
    return PARAMETER + name


def _group(place: int, values: Values) -> tuple[str, dict[str, Any]]:
    name = (values.get(row_field(place, "name")) or "").strip()
    if not name:
        raise RowError(row_field(place, "name"), _("Give the group a name."))
    if len(name) > LONGEST_NAME:
        raise RowError(row_field(place, "name"), _("A group's name has 1 to %d characters.") % LONGEST_NAME)
    votes = values.get(row_field(place, "votes"))
    if not votes:
        raise RowError(row_field(place, "votes"), _("Say how many votes of each trial the group gives."))
    cells = re.split(r"[\n,;]", values.get(row_field(place, "values")) or "")
    listed = [cell.strip() for cell in cells if cell.strip()]
    return name, {"votes": votes, **({"values": listed} if listed else {})}


def _check_values(filled: list[int], groups: Mapping[str, Any], by: str) -> None:
    """Raise RowError for a value that is in two groups, that nobody has, or for an unknown device."""
    seen: set[str] = set()
    for place, (name, group) in zip(filled, groups.items(), strict=True):
        where = row_field(place, "values" if "values" in group else "name")
        for value in group.get("values", [name]):
            if by == DEVICE and value not in DEVICES:
                text = _("“%(value)s” is no kind of device; there are %(all)s.")
                raise RowError(where, text % {"value": value, "all": ", ".join(DEVICES)})
            if wrong := wrong_value(value):
                raise RowError(where, wrong)
            if value.casefold() in seen:
                raise RowError(where, _("“%(value)s” is in a group already.") % {"value": value})
            seen.add(value.casefold())


def told_apart(strata: Values) -> str:
    """Return by what raters are put into groups, as a sentence; empty where anybody is taken."""
    if not strata:
        return ""
    if strata["by"] == DEVICE:
        return _("Votes come from groups of raters, by their device; whoever is in none is turned away.")
    text = _(
        "Votes come from groups of raters, by %(name)s in their link (?%(name)s=%(value)s); whoever comes "
        "without it, or is in no group, is turned away."
    )
    name = strata["by"].removeprefix(PARAMETER)
    return text % {"name": name, "value": groups_of(strata)[0].values[0]}


def strata_in_words(strata: Values) -> list[str]:
    """Return strata in sentences, none where anybody is taken."""
    return [
        _("%(group)s: %(votes)d of each trial's votes (%(values)s)")
        % {"group": group.name, "votes": group.votes, "values": ", ".join(group.values)}
        for group in groups_of(strata)
    ]
