"""Groups that raters have come to: they keep their names, since votes are counted by them.

Raters live above this app, so who knows of them is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from humaneval.studies.strata import check_strata, groups_of

GroupsTeller = Callable[[int], set[str]]
"""Returns the names of the groups that a study's raters are in, by its id; "" is that of a study without."""
_tellers: list[GroupsTeller] = []


def register(teller: GroupsTeller) -> None:
    """Make known who tells the groups of raters; one registered later takes its place."""
    _tellers[:] = [teller]


def check_groups_kept(study_id: int, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise ValidationError on ``strata`` where a group that raters have come to would go or be renamed.

    Under another name the votes that it gave no longer count for their trials: all would be collected again,
    and raters who are at work would get nothing more.
    """
    try:
        check_strata(wanted)
    except ValidationError:  # told with the field itself
        return
    gone = _names(stored) - _names(wanted)
    if not gone or not (met := gone & _groups_met(study_id)):
        return
    if met == {""}:
        text = _(
            "Raters have come already, and every vote they gave would be collected again from groups. Leave "
            "the groups out, or make another study with them."
        )
        raise ValidationError({"strata": text})
    text = _(
        "Raters have come to %(groups)s already: a group that has raters keeps its name, by which its votes "
        "are counted, and may not be taken out. Put the name back. Its values and votes may change, and "
        "further groups may be added."
    )
    raise ValidationError({"strata": text % {"groups": ", ".join(f"“{name}”" for name in sorted(met))}})


def _names(strata: Mapping[str, Any]) -> set[str]:
    return {group.name for group in groups_of(strata)} or {""}


def _groups_met(study_id: int) -> set[str]:
    return set().union(*(teller(study_id) for teller in _tellers))
