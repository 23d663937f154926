"""How MTurk's requester site wrote batch result files: its columns and its times. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

NEEDED = ("AssignmentId", "WorkerId", "AssignmentStatus", "SubmitTime")
TIME_FORMATS = ("%a %b %d %H:%M:%S %z %Y", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S")
ZONES = {"PDT": "-0700", "PST": "-0800", "UTC": "+0000", "GMT": "+0000"}
"""MTurk's site wrote Pacific time: Tue Sep 17 21:30:23 PDT 2019."""


def parse_time(text: str) -> datetime:
    """Return a time as MTurk writes it; raises ValueError for anything else."""
    words = text.strip()
    for zone, offset in ZONES.items():
        words = words.replace(f" {zone} ", f" {offset} ")
    for layout in TIME_FORMATS:
        try:
            found = datetime.strptime(words, layout)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    raise ValueError(f"“{text}” is no time that MTurk writes")
