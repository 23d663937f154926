"""The table of pairs that a study of duplicates shows: where it comes in, and as what.

A table has the columns ``sample_set`` (its slug), ``batch`` (a number), ``first`` and ``second`` (names of
samples of the set) and, if known, ``distance``. Each batch lists at least its nearest pair, also where that
is far apart: batches without a duplicate count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.samples.models import Sample
from humaneval.studies.models import Condition, DuplicatePair, Study, StudyState
from humaneval.studies.tables import first_of, placed

COLUMNS = ("sample_set", "batch", "first", "second")
DISTANCE = "distance"


def import_pairs(*, study: Study, rows: Iterable[Mapping[str, Any]]) -> int:
    """Make these the pairs of a draft, and its number of trials theirs; return how many there are.

    Raises ValidationError on ``pairs`` where the protocol shows none, or that names the rows (from 1) that
    are wrong; then nothing is stored.
    """
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        if locked.state != StudyState.DRAFT:
            raise ValidationError({"pairs": _("A study's pairs may not change once it is launched.")})
        _check_protocol(locked)
        pairs = _read_all(locked, list(rows))
        DuplicatePair.objects.filter(study=locked).delete()
        DuplicatePair.objects.bulk_create(pairs, batch_size=2000)
        locked.trial_count = len(pairs)
        locked.save(update_fields=["trial_count"])
    study.trial_count = len(pairs)
    return len(pairs)


def _check_protocol(study: Study) -> None:
    """Raise ValidationError where the protocol makes its own trials, whose number pairs would overwrite."""
    protocol = registry.PROTOCOLS.get(study.protocol)
    if protocol is None or not protocol.uses_pairs:
        text = _("A study of the protocol %(protocol)s shows no pairs: leave them out, or choose %(those)s.")
        those = ", ".join(name for name, one in registry.PROTOCOLS.items() if one.uses_pairs)
        raise ValidationError({"pairs": text % {"protocol": study.protocol, "those": those}})


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
            pair = _read_pair(study, _cells(row), conditions, samples)
            if (pair.first_id, pair.second_id) in seen:
                raise ValueError(_("comes twice"))
            seen |= {(pair.first_id, pair.second_id), (pair.second_id, pair.first_id)}
            pairs.append(pair)
        except ValueError as error:
            wrong.append(placed(row, number, f"{error}."))
    if wrong or not pairs:
        raise ValidationError({"pairs": first_of(wrong) or [_("The table has no rows.")]})
    return pairs


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's cells by column, however the columns are written; raises ValueError for one unknown."""
    cells = {str(name).strip().lower(): value for name, value in row.items()}
    if unknown := sorted(set(cells) - {*COLUMNS, DISTANCE}):
        text = _("nothing is called “%(name)s”; there are %(all)s")
        raise ValueError(text % {"name": unknown[0], "all": ", ".join((*COLUMNS, DISTANCE))})
    return cells


def _read_pair(
    study: Study,
    cells: Mapping[str, Any],
    conditions: Mapping[str, Condition],
    samples: Mapping[tuple[int, str], int],
) -> DuplicatePair:
    slug = _text(cells, "sample_set")
    condition = conditions.get(slug)
    if condition is None:
        raise ValueError(_("the study does not compare the set “%s”") % slug)
    names = {side: _text(cells, side) for side in ("first", "second")}
    found = {side: samples.get((condition.sample_set_id, name)) for side, name in names.items()}
    first, second = found["first"], found["second"]
    if first is None or second is None:
        unknown = [names[side] for side, sample in found.items() if sample is None]
        text = _("the set “%(set)s” has no sample “%(names)s”")
        raise ValueError(text % {"set": slug, "names": _("” and no “").join(unknown)})
    if first == second:
        raise ValueError(_("first and second are the same sample, “%s”") % names["first"])
    return DuplicatePair(
        study=study,
        condition=condition,
        batch=_whole(cells.get("batch")),
        first_id=first,
        second_id=second,
        distance=_distance(cells.get(DISTANCE)),
    )


def _text(cells: Mapping[str, Any], name: str) -> str:
    text = str(cells.get(name) or "").strip()
    if not text:
        raise ValueError(_("%(name)s is empty") % {"name": name})
    return text


def _whole(value: Any) -> int:
    text = "" if value is None else str(value).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError(_("batch must be a whole number from 0"))
    return int(text)


def _distance(value: Any) -> float | None:
    if value is None or not str(value).strip():
        return None
    try:
        distance = float(value)
    except (TypeError, ValueError):
        distance = math.nan
    if not (math.isfinite(distance) and distance >= 0):
        raise ValueError(_("distance must be a number from 0, or left out"))
    return distance
