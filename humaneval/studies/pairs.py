"""The table of pairs that a study of duplicates shows: where it comes in, and as what.

A table has the columns ``sample_set`` (its slug), ``batch`` (a number), ``first`` and ``second`` (names of
samples of the set) and, if known, ``distance``. Each batch lists at least its nearest pair, also where that
is far apart: batches without a duplicate count.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from humaneval.samples.models import Sample
from humaneval.studies.models import Condition, DuplicatePair, Study, StudyState

COLUMNS = ("sample_set", "batch", "first", "second")
MOST_NAMED = 5
"""Wrong rows named in one refusal at most."""


def read_pairs(file: TextIO) -> list[dict[str, str]]:
    """Return the rows of a CSV table; raises ValidationError where a column is missing."""
    rows = csv.DictReader(file)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        text = _("The table has no column %(names)s. It needs %(all)s, and may have distance.")
        raise ValidationError(text % {"names": ", ".join(missing), "all": ", ".join(COLUMNS)})
    return list(rows)


def import_pairs(*, study: Study, rows: Iterable[Mapping[str, Any]]) -> int:
    """Make these the pairs of a draft, and its number of trials theirs; return how many there are.

    Raises ValidationError on ``pairs`` that names the rows (from 1) that are wrong; then nothing is stored.
    """
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        if locked.state != StudyState.DRAFT:
            raise ValidationError({"pairs": _("A study's pairs may not change once it is launched.")})
        pairs = _read_all(locked, list(rows))
        DuplicatePair.objects.filter(study=locked).delete()
        DuplicatePair.objects.bulk_create(pairs, batch_size=2000)
        locked.trial_count = len(pairs)
        locked.save(update_fields=["trial_count"])
    study.trial_count = len(pairs)
    return len(pairs)


def _read_all(study: Study, rows: list[Mapping[str, Any]]) -> list[DuplicatePair]:
    conditions = {c.sample_set.slug: c for c in study.conditions.select_related("sample_set")}
    sets = [condition.sample_set_id for condition in conditions.values()]
    samples = {
        (sample_set, name): pk
        for sample_set, name, pk in Sample.objects.filter(sample_set__in=sets).values_list(
            "sample_set_id", "name", "pk"
        )
    }
    pairs, wrong, seen = [], [], set()
    for number, row in enumerate(rows, start=1):
        try:
            pair = _read_pair(study, row, conditions, samples)
            if (pair.first_id, pair.second_id) in seen:
                raise ValueError(_("comes twice"))
            seen |= {(pair.first_id, pair.second_id), (pair.second_id, pair.first_id)}
            pairs.append(pair)
        except ValueError as error:
            wrong.append(_("Row %(number)d: %(reason)s.") % {"number": number, "reason": error})
    if wrong or not pairs:
        raise ValidationError({"pairs": wrong[:MOST_NAMED] or [_("The table has no rows.")]})
    return pairs


def _read_pair(
    study: Study,
    row: Mapping[str, Any],
    conditions: Mapping[str, Condition],
    samples: Mapping[tuple[int, str], int],
) -> DuplicatePair:
    condition = conditions.get(str(row.get("sample_set", "")))
    if condition is None:
        raise ValueError(_("the study does not compare the set “%s”") % row.get("sample_set", ""))
    found = [samples.get((condition.sample_set_id, str(row.get(side, "")))) for side in ("first", "second")]
    first, second = found
    if first is None or second is None or first == second:
        raise ValueError(_("first and second must name two different samples of the set"))
    return DuplicatePair(
        study=study,
        condition=condition,
        batch=_whole(row.get("batch")),
        first_id=first,
        second_id=second,
        distance=_distance(row.get("distance")),
    )


def _whole(value: Any) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError(_("batch must be a whole number from 0"))
    return int(text)


def _distance(value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        distance = float(value)
    except (TypeError, ValueError):
        distance = math.nan
    if not (math.isfinite(distance) and distance >= 0):
        raise ValueError(_("distance must be a number from 0, or left out"))
    return distance
