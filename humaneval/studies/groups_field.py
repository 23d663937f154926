"""The column of a study's strata: JSON whose groups keep the order that they were declared in.

PostgreSQL keeps no order of an object's keys, and which group's votes come before which, as forms, files and
hand-out have it, is the order of the groups. So it is stored beside them, and nobody else sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

ORDER = "order"


class GroupsField(models.JSONField):
    """JSON with the object ``groups``, whose keys come back in the order in which they were given."""

    def deconstruct(self) -> Any:
        """Return what makes the field again; in the database it is JSON like any other: nothing migrates."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Return what is stored: the value, and the order of its groups."""
        return super().get_db_prep_value(with_order(value), connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the value as it was given."""
        return in_order(super().from_db_value(value, expression, connection))


def with_order(value: Any) -> Any:
    """Return a value with the order of its groups beside them; one that has no groups as it is."""
    if isinstance(value, Mapping) and isinstance(value.get("groups"), Mapping):
        return {**value, ORDER: list(value["groups"])}
    return value


def in_order(stored: Any) -> Any:
    """Return what :func:`with_order` was given; rows of former releases have their keys' own order."""
    if not isinstance(stored, dict) or ORDER not in stored:
        return stored
    groups = stored["groups"]
    rest = {name: part for name, part in stored.items() if name not in {"groups", ORDER}}
    return {**rest, "groups": {name: groups[name] for name in stored[ORDER]}}
