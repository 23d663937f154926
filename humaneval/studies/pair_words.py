"""Pairs in words: what a table of them looks like for a study, and which ones it has."""

from __future__ import annotations

import csv
import io
from typing import Any

from humaneval.samples.models import Sample
from humaneval.studies.models import Study
from humaneval.studies.pairs import COLUMNS

MOST_SHOWN = 200
BATCHES = 2
"""Of the example."""


def pairs_example(study: Study) -> str:
    """Return a table's first lines for a study, with samples that it has; empty if it has not two."""
    first = study.conditions.select_related("sample_set").first()
    if first is None:
        return ""
    samples = Sample.objects.filter(sample_set=first.sample_set_id).order_by("name")
    names = list(samples.values_list("name", flat=True)[: 2 * BATCHES])
    rows = [
        (first.sample_set.slug, batch, names[2 * batch], names[2 * batch + 1], "")
        for batch in range(len(names) // 2)
    ]
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([(*COLUMNS, "distance"), *rows])
    return written.getvalue().rstrip() if rows else ""


def pairs_in_words(study: Study) -> list[dict[str, Any]]:
    """Return a study's first pairs as rows of names, in the order of their table."""
    rows = study.duplicatepairs.order_by("id").values_list(
        "condition__sample_set__slug", "batch", "first__name", "second__name", "distance"
    )
    return [dict(zip((*COLUMNS, "distance"), row, strict=True)) for row in rows[:MOST_SHOWN]]
