"""Exports of other tools by name: how each is flattened into rows, and what is what in it.

A preset is where a tool's export differs from a plain table; its columns can still be named otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from humaneval.workspace.foreign.sources import Row
from humaneval.workspace.foreign.tools import arena, label_studio, mturk, potato

Flatten = Callable[[Iterable[Row]], Iterator[Row]]


@dataclass(frozen=True)
class Preset:
    """What is known of one tool's exports. ``protocol`` is taken where none is said."""

    name: str
    summary: str
    flatten: Flatten
    protocol: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Columns by role, where the file has them."""
    aggregates: bool = False


def as_it_is(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows as they are."""
    return iter(rows)


PRESETS: dict[str, Preset] = {
    one.name: one
    for one in (
        Preset(
            "arena",
            "battles of two models: model_a, model_b, winner; or winner_model_a, winner_model_b, winner_tie",
            arena.flatten,
            "pairwise",
            {"condition": "model_a", "other": "model_b", "answer": "winner", "rater": "judge"},
        ),
        Preset(
            "mturk",
            "batch results: WorkerId, Input.*, Answer.*; rejected assignments are left out",
            mturk.flatten,
            roles={"rater": "WorkerId", "time": "SubmitTime", "response_s": "WorkTimeInSeconds"},
        ),
        Preset(
            "label-studio",
            "JSON, JSON_MIN or CSV exports: pairwise choices, choices, ratings",
            label_studio.flatten,
            roles={"rater": "annotator", "time": "created_at", "response_s": "lead_time"},
        ),
        Preset(
            "potato",
            "annotated instances, as JSON lines or CSV",
            potato.flatten,
            roles={"rater": "user_id", "item": "instance_id", "response_s": "seconds"},
        ),
        Preset(
            "aggregates",
            "counts instead of votes: rater, condition, trials, and successes or their share",
            as_it_is,
            "real_or_fake",
            aggregates=True,
        ),
    )
}
"""The presets by name."""
