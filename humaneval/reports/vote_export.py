"""All votes of a study as rows: everything stored with a vote, raters under their pseudonyms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from humaneval.protocols import registry
from humaneval.protocols.base import BOTH_BAD, BOTH_GOOD, TIE
from humaneval.rating.votes import AnswerRow, answer_rows
from humaneval.reports.facts import study_facts
from humaneval.samples.models import Prompt, Sample
from humaneval.studies.models import Study
from humaneval.ui.spreadsheets import Cell

KINDS: dict[str, type] = {
    "study": str, "vote": int, "rater": str, "panel": str, "simulated": bool, "session": int,
    "position": int, "repeat": bool, "gold": bool, "late": bool, "outcome": str, "question": str,
    "value": int, "chosen": str, "chosen_place": int, "trial": int, "condition": str,
    "other_condition": str, "prompt": str, "samples": str, "other_samples": str, "details": str,
    "other_details": str, "first_shown": str, "second_shown": str, "response_ms": float, "shown_at": str,
    "viewport_width": float, "viewport_height": float, "device_pixel_ratio": float, "hidden_ms": float,
    "input": str, "timings": str, "received_at": datetime,
}  # fmt: skip
"""``value`` is the protocol's canonical code. Where a trial has two sides, ``chosen`` names the condition
chosen (or ``tie``, ``both good``, ``both bad``; of a ranking all, best first), ``chosen_place`` its place on
screen from 0, ``first_shown`` what stood at place 0. ``details`` is what is known of the samples in
``samples`` besides (seeds, ids, a prompt list's Challenge): a JSON list, one object a sample, empty where
nothing is. What a browser measures is a fraction even where it came as 1."""
COLUMNS = list(KINDS)

_BATCH = 500


class Shown(NamedTuple):
    """What is told of a sample: its name in its set, and what is known of it besides."""

    name: str
    details: dict[str, Any]


_NEITHER = {TIE: "tie", BOTH_GOOD: "both good", BOTH_BAD: "both bad"}


def vote_rows(study: Study) -> Iterator[list[Cell]]:
    """Yield one row for each answer, and one for each vote without an answer, in the order of arrival.

    Reads in batches of 500, so that memory does not grow with the number of votes.
    """
    names = {one.id: one.label for one in study_facts(study).conditions}
    prompts = dict(Prompt.objects.filter(pk__in=study.trials.values("prompt")).values_list("id", "text"))
    for batch in _batches(answer_rows(study)):
        samples = _samples(batch)
        for row in batch:
            yield _row(study, row, names, prompts, samples)


def _batches(rows: Iterable[AnswerRow]) -> Iterator[list[AnswerRow]]:
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _samples(batch: Sequence[AnswerRow]) -> dict[int, Shown]:
    wanted = {sample for row in batch for slot in row.slots for sample in slot}
    rows = Sample.objects.filter(pk__in=wanted).values_list("id", "name", "details")
    return {id_: Shown(name, details) for id_, name, details in rows}


def _row(
    study: Study,
    row: AnswerRow,
    names: dict[int, str],
    prompts: dict[int, str],
    samples: dict[int, Shown],
) -> list[Cell]:
    sides = _sides(row, names)
    shown = [sides[slot] for slot in row.order] if len(sides) > 1 else ["", ""]
    record: dict[str, Cell] = {
        "study": study.slug, "vote": row.vote_id, "rater": row.pseudonym, "panel": row.panel,
        "simulated": row.simulated, "session": row.session_id, "position": row.position,
        "repeat": row.is_repeat, "gold": row.is_gold, "late": row.late, "outcome": str(row.outcome),
        "question": row.question, "value": row.value, **_chosen(study, row, sides),
        "trial": row.trial_number, "condition": names[row.condition_id],
        "other_condition": names.get(row.other_id or 0, ""), "prompt": prompts.get(row.prompt_id or 0, ""),
        "samples": _listed(row.slots[0], samples),
        "other_samples": _listed(row.slots[1], samples) if len(row.slots) > 1 else "",
        "details": _details(row.slots[0], samples),
        "other_details": _details(row.slots[1], samples) if len(row.slots) > 1 else "",
        "first_shown": shown[0], "second_shown": shown[1], "response_ms": row.response_ms,
        **_timings(row.timings), "received_at": row.received_at.isoformat(),
    }  # fmt: skip
    return [record[name] for name in COLUMNS]


def _sides(row: AnswerRow, names: dict[int, str]) -> list[str]:
    """Return the condition in each slot; of several images of two conditions all but one are the first's."""
    pair = [row.condition_id, row.other_id or row.condition_id]
    conditions = row.lineup or [*pair, *[row.condition_id] * len(row.slots)]
    return [names[one] for one in conditions[: len(row.slots)]]


def _chosen(study: Study, row: AnswerRow, sides: Sequence[str]) -> dict[str, Cell]:
    if len(sides) < 2 or row.value is None:
        return {"chosen": "", "chosen_place": None}
    if row.lineup:
        slots = registry.get(study.protocol).ordered_slots(row.value, len(row.slots), study.settings)
        named = " > ".join(sides[slot] for slot in slots)
        return {"chosen": named, "chosen_place": list(row.order).index(slots[0])}
    if row.value in _NEITHER:
        return {"chosen": _NEITHER[row.value], "chosen_place": None}
    return {"chosen": sides[row.value], "chosen_place": list(row.order).index(row.value)}


def _listed(sample_ids: Sequence[int], samples: dict[int, Shown]) -> str:
    return " | ".join(samples[one].name if one in samples else str(one) for one in sample_ids)


def _details(sample_ids: Sequence[int], samples: dict[int, Shown]) -> str:
    found = [samples[one].details if one in samples else {} for one in sample_ids]
    return json.dumps(found, sort_keys=True, ensure_ascii=False) if any(found) else ""


def _timings(timings: dict[str, Any]) -> dict[str, Cell]:
    """Return the timings that every client sends as columns, and all of them as JSON."""
    viewport = timings.get("viewport")
    width, height = viewport if isinstance(viewport, list) and len(viewport) == 2 else (None, None)
    return {
        "shown_at": timings.get("shown_at"), "viewport_width": width, "viewport_height": height,
        "device_pixel_ratio": timings.get("device_pixel_ratio"), "hidden_ms": timings.get("hidden_ms"),
        "input": timings.get("input"), "timings": json.dumps(timings, sort_keys=True),
    }  # fmt: skip
