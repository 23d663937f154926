"""Fields that take what browsers send and refuse what no database could keep."""

from __future__ import annotations

import json
import math
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

MOST_MILLISECONDS = 10_000_000_000.0
"""Some 115 days: a laptop may have been shut meanwhile, and its vote is still a vote."""


@extend_schema_field({"type": "object", "additionalProperties": {}})
class ObjectField(serializers.Field):
    """A JSON object of at most ``max_bytes``, free of what JSON columns do not store.

    PostgreSQL refuses U+0000 and lone surrogates in text and has no infinite numbers.
    """

    default_error_messages = {
        "type": _("Send a JSON object."),
        "size": _("This is too large: at most {max_bytes} bytes of JSON."),
        "text": _("Text may not hold U+0000, half a surrogate pair, or a number that is not finite."),
    }

    def __init__(self, *, max_bytes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_bytes = max_bytes

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object as it came."""
        if not isinstance(data, dict):
            self.fail("type")
        try:
            encoded = json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
        except ValueError:
            self.fail("text")
        if b"\\u0000" in encoded:
            self.fail("text")
        if len(encoded) > self.max_bytes:
            self.fail("size", max_bytes=self.max_bytes)
        return data

    def to_representation(self, value: Any) -> Any:
        """Return the object as it is kept."""
        return value


@extend_schema_field({})
class AnythingField(serializers.Field):
    """Whatever came, to be looked at later."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Return what came."""
        return data

    def to_representation(self, value: Any) -> Any:
        """Return what came."""
        return value


class MillisecondsField(serializers.FloatField):
    """A finite duration in milliseconds, 0 or more."""

    default_error_messages = {"finite": _("Send a finite number.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=MOST_MILLISECONDS, **kwargs)

    def to_internal_value(self, data: Any) -> float:
        """Return the number; text such as "nan" is refused."""
        value = float(super().to_internal_value(data))
        if not math.isfinite(value):
            self.fail("finite")
        return value
