"""Logs: lines for people, or one JSON object a line for machines, with the ids of request, study and job."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from structlog.typing import Processor

SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str, form: str) -> dict[str, Any]:
    """Return Django's ``LOGGING`` for a level and ``plain`` or ``json``, and make structlog write there too.

    A line for each request is written in JSON alone: for people it would be noise.
    """
    logging.captureWarnings(form == "json")
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    plain = {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}
    # Each sweep that finds nothing would leave three lines.
    quiet = [f"celery.{name}" for name in ("app.trace", "worker.strategy", "beat")]
    quiet += [] if form == "json" else ["humaneval.requests"]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": plain, "json": {"()": json_formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"level": "WARNING"} for name in quiet},
    }


def json_formatter() -> logging.Formatter:
    """Return what makes one JSON object of a record, its traceback included."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
    )
