"""Checks of nested JSON: each raises :class:`Wrong` with the path of the first thing that cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

Check = Callable[[Any, str], None]
LONGEST = 5_000


class Wrong(ValueError):
    """What is wrong, with its path."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'flow'}: {reason}")
        self.path, self.reason = path, reason


def object_of(fields: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Return a check of an object with exactly these names, and any of the optional ones."""
    may = {**fields, **(optional or {})}

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise Wrong(path, _("must be an object."))
        for name in fields:
            if name not in value:
                raise Wrong(path, _("needs “%s”.") % name)
        for name, inner in value.items():
            if name not in may:
                raise Wrong(
                    path, _("has no “%(name)s”; it has %(all)s.") % {"name": name, "all": ", ".join(may)}
                )
            may[name](inner, f"{path}.{name}" if path else name)

    return check


def number_in(least: float, most: float, *, whole: bool = True) -> Check:
    """Return a check of a number within bounds, by default a whole one."""

    def check(value: Any, path: str) -> None:
        kinds: Any = int if whole else int | float
        if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
            named = _("must be a number from %g to %g."), _("must be a whole number from %g to %g.")
            raise Wrong(path, named[whole] % (least, most))

    return check


def boolean(value: Any, path: str) -> None:
    """Check that a value is true or false."""
    if not isinstance(value, bool):
        raise Wrong(path, _("must be true or false."))


def text(value: Any, path: str, *, empty: bool = True) -> None:
    """Check that a value is text that a database can keep, and by default that it may be empty."""
    if not isinstance(value, str) or len(value) > LONGEST or "\x00" in value:
        raise Wrong(path, _("must be text of up to %d characters.") % LONGEST)
    if not (empty or value.strip()):
        raise Wrong(path, _("must not be empty."))


def words(value: Any, path: str) -> None:
    """Check that a value is text, and not empty."""
    text(value, path, empty=False)


def matching(pattern: re.Pattern[str], example: str) -> Check:
    """Return a check of text of a pattern, which the example shows."""

    def check(value: Any, path: str) -> None:
        if not (isinstance(value, str) and pattern.fullmatch(value)):
            raise Wrong(path, _("must be a short name such as %s.") % example)

    return check


def list_of(check_item: Check, least: int, most: int) -> Check:
    """Return a check of a list of so many items, each of which passes its own check."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Wrong(path, _("must be a list of %(least)d to %(most)d.") % {"least": least, "most": most})
        for place, item in enumerate(value):
            check_item(item, f"{path}[{place}]")

    return check


def by_name(name: Check, check_item: Check) -> Check:
    """Return a check of an object with names that pass one check, and values that pass another."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise Wrong(path, _("must be an object."))
        for key, item in value.items():
            name(key, path)
            check_item(item, f"{path}.{key}")

    return check


def one_of(*allowed: str) -> Check:
    """Return a check of a value that is one of a few words."""

    def check(value: Any, path: str) -> None:
        if value not in allowed:
            raise Wrong(path, _("must be one of %s.") % ", ".join(allowed))

    return check
