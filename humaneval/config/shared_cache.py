"""The cache that all web processes share, and what they do while it is away: raters must not notice.

Rate limits are counted in it, on every request of a rater, and reports are kept that can be drawn anew.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0
"""How long a request waits for Redis, once in LEFT_ALONE_SECONDS where it does not answer."""

LEFT_ALONE_SECONDS = 5.0
MOST_ENTRIES = 20_000

_away_until = 0.0


def is_away() -> bool:
    """Return whether Redis did not answer this process just now, which counts for itself meanwhile."""
    return time.monotonic() < _away_until


class SharedCache(RedisCache):
    """Redis; this process's own memory for as long as it does not answer.

    Nothing else than reading and storing single values is made up for: nothing else is used.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            "socket_connect_timeout": ANSWER_SECONDS,
            "socket_timeout": ANSWER_SECONDS,
            "retry": Retry(NoBackoff(), 1),  # a connection that Redis closed meanwhile
        }
        super().__init__(server, {**params, "OPTIONS": {**options, **params.get("OPTIONS", {})}})
        self._own = LocMemCache("while-redis-is-away", {"OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES}})

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return what is stored under a key."""
        shared = super().get
        return self._either(
            lambda: shared(key, default, version), lambda: self._own.get(key, default, version)
        )

    def set(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Store something under a key."""
        shared = super().set
        self._either(
            lambda: shared(key, value, timeout, version),
            lambda: self._own.set(key, value, timeout, version),
        )

    def _either(self, shared: Callable[[], Any], own: Callable[[], Any]) -> Any:
        global _away_until
        if not is_away():
            try:
                return shared()
            except RedisError as error:
                _away_until = time.monotonic() + LEFT_ALONE_SECONDS
                log.warning("Redis does not answer (%s): this process counts rate limits for itself", error)
        return own()
