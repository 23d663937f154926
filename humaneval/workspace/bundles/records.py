"""Frozen records to JSON and back, by their type hints; arrays are not among them."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any


def to_plain(value: Any) -> Any:
    """Return a record, or a list or mapping of them, as plain data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(part) for part in value]
    return value


def from_plain(kind: Any, value: Any) -> Any:
    """Return the value of type ``kind`` that plain data was made from.

    Raises TypeError or ValueError where the data cannot have come from one.
    """
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, value)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _one_of(inner, value)
    if origin is list:
        return [from_plain(inner[0], part) for part in _checked(value, list)]
    if origin is tuple:
        return tuple(from_plain(inner[0], part) for part in _checked(value, list))
    if origin in (dict, Mapping):
        return {key: from_plain(inner[1], part) for key, part in _checked(value, dict).items()}
    return _plain(kind, value)


def _record(kind: Any, value: Any) -> Any:
    given, hints = _checked(value, dict), typing.get_type_hints(kind)
    return kind(**{name: from_plain(hints.get(name, Any), part) for name, part in given.items()})


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None and types.NoneType in kinds:
        return None
    return from_plain(next(kind for kind in kinds if kind is not types.NoneType), value)


def _plain(kind: Any, value: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _checked(value, kind) if kind in (str, int, float, bool) else value


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value
