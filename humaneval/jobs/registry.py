"""Which function does which kind of job. Apps register theirs in ``<app>/handlers.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from humaneval.jobs.running import RunningJob

HandlerFunction = Callable[["RunningJob"], dict[str, Any] | None]


@dataclass(frozen=True)
class Handler:
    """The function of one kind of job, where it runs, and how often it may be tried in vain."""

    kind: str
    function: HandlerFunction
    queue: str
    max_attempts: int


class UnknownKind(LookupError):
    """A kind of job that no installed app handles."""


_handlers: dict[str, Handler] = {}


def job_handler(
    kind: str, *, queue: str = "default", max_attempts: int = 5
) -> Callable[[HandlerFunction], HandlerFunction]:
    """Register the decorated function for ``kind``; raise ``ValueError`` if the kind is taken.

    Payments wait in the queue ``default``: whatever may take longer than some seconds belongs into ``long``.

    The function must be idempotent and resumable: after a kill it is called again with the same
    arguments. What it returns (JSON, or ``None``) becomes the job's result.
    """

    def register(function: HandlerFunction) -> HandlerFunction:
        if kind in _handlers:
            raise ValueError(f"Job kind {kind!r} is already handled by {_handlers[kind].function!r}.")
        _handlers[kind] = Handler(kind=kind, function=function, queue=queue, max_attempts=max_attempts)
        return function

    return register


def handler_of(kind: str) -> Handler:
    """Return the handler of ``kind``; raise :class:`UnknownKind` with the kinds there are."""
    try:
        return _handlers[kind]
    except KeyError:
        known = ", ".join(sorted(_handlers)) or "none"
        raise UnknownKind(f"No app handles jobs of kind {kind!r} (known: {known}).") from None
