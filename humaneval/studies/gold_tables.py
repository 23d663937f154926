"""Tables of gold trials that researchers author.

A table has a column ``slot_1``, ``slot_2``, ... for each slot of the protocol's trials, with the set's slug
and the sample's name (``photos/0001.png``; several samples of one grid with ``|`` between) - of the sets that
the study compares, or of any other of its team whose images are as large - and a column for
each question's key with the right answer: a slot (``slot_2``), slots from best to worst
(``slot_2 > slot_1``), a point of a scale (``4``) or a word (``fake``). Where the protocol knows, the answer
may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from humaneval.protocols import registry
from humaneval.protocols.base import AnswerError, Design, Kind, Protocol, QuestionSpec
from humaneval.samples.models import Sample, SampleSet
from humaneval.studies.design import design_of, problems_of_trials
from humaneval.studies.gold import MOST_GOLD
from humaneval.studies.models import Condition, GoldSource, GoldTrial, Study, StudyState
from humaneval.studies.tables import first_of, placed, read_table

SLOT = re.compile(r"slot_([1-9][0-9]?)")
SEPARATOR = "|"


def gold_of_text(text: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a table, CSV or JSON; raises ValidationError where it has no column for a slot."""
    table = read_table(text, name="rows", columns="slot_1, slot_2, ...")
    if table.divider and "slot_1" not in map(str.lower, table.columns):
        raise ValidationError(_("The table has no column slot_1. Its first line names the columns."))
    return table.rows


def import_gold(*, study: Study, rows: Iterable[Mapping[str, Any]]) -> int:
    """Make these the gold trials of a draft, in place of those it has; return how many there are.

    No rows take them all out. Raises ValidationError on ``gold`` that names the rows (from 1) that are
    wrong; then nothing is stored.
    """
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        if locked.state != StudyState.DRAFT:
            raise ValidationError({"gold": _("A study's gold trials may not change once it is launched.")})
        reader = _Reader(locked, design_of(locked))
        found = reader.read_all(list(rows))
        for part in (GoldTrial, GoldSource):
            part.objects.filter(study=locked).delete()
        GoldSource.objects.bulk_create(GoldSource(study=locked, sample_set=one) for one in reader.other_sets)
        GoldTrial.objects.bulk_create(found)
    return len(found)


class _Wrong(ValueError):
    """What is wrong with a row."""


class _Reader:
    """Reads rows against a study's protocol, sets and questions."""

    def __init__(self, study: Study, design: Design) -> None:
        self._study, self._design = study, design
        self._protocol: Protocol = registry.get(study.protocol)
        self._shape = self._shape_of_trials()
        self._conditions = {c.sample_set_id: c for c in study.conditions.select_related("sample_set")}
        self.other_sets: list[SampleSet] = []
        """Sets that the rows read show samples of and that the study does not compare."""

    def read_all(self, rows: list[Mapping[str, Any]]) -> list[GoldTrial]:
        """Return unsaved gold trials; raises ValidationError that names the wrong rows."""
        cells = [self._by_name(row) for row in rows]
        samples = self._samples({name for row in cells for slot in self._cells(row) for name in slot})
        found, wrong = [], []
        for number, (given, row) in enumerate(zip(rows, cells, strict=True), start=1):
            try:
                found.append(self._read(number - 1, row, samples))
            except _Wrong as reason:
                wrong.append(placed(given, number, reason))
        if len(rows) > MOST_GOLD:
            wrong.append(_("A study has at most %d gold trials.") % MOST_GOLD)
        if wrong:
            raise ValidationError({"gold": first_of(wrong)})
        return found

    def _by_name(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row's cells by column, with slots' and questions' names as they are written here."""
        keys = {question.key.lower(): question.key for question in self._design.questions}
        found = {}
        for given, cell in row.items():
            name = str(given).strip()
            lower = name.lower()
            found[lower if SLOT.fullmatch(lower) else keys.get(lower, name)] = cell
        return found

    def _shape_of_trials(self) -> tuple[int, ...]:
        """Return how many samples each slot of a trial shows."""
        if problems := problems_of_trials(self._study, self._design):
            intro = _("Gold trials are read against the study's trials, which cannot be made yet:")
            raise ValidationError({"gold": [intro, *problems]})
        one = next(self._protocol.trials(replace(self._design, trial_count=1)))
        return tuple(len(slot) for slot in one.slots)

    def _cells(self, row: Mapping[str, Any]) -> list[list[str]]:
        """Return the names in each slot of a row."""
        cells = [str(row.get(f"slot_{number + 1}") or "") for number in range(len(self._shape))]
        return [[name.strip() for name in cell.split(SEPARATOR) if name.strip()] for cell in cells]

    def _samples(self, names: set[str]) -> dict[str, Sample]:
        """Return the samples of the named sets by "slug/name", as many of them as there are."""
        slugs = {name.partition("/")[0] for name in names}
        named = SampleSet.objects.filter(slug__in=slugs, team=self._study.team_id).order_by("slug")
        self.other_sets = [one for one in named if one.pk not in self._conditions]
        sets = {one.slug: one.pk for one in named}
        wanted = {name.partition("/")[2] for name in names}
        rows = Sample.objects.filter(sample_set__in=sets.values(), name__in=wanted)
        rows = rows.select_related("sample_set")
        by_key = {(row.sample_set_id, row.name): row for row in rows}
        parts = {name: name.partition("/") for name in names}
        found = {name: by_key.get((sets.get(slug, 0), rest)) for name, (slug, _sep, rest) in parts.items()}
        return {name: sample for name, sample in found.items() if sample is not None}

    def _read(self, position: int, row: Mapping[str, Any], samples: Mapping[str, Sample]) -> GoldTrial:
        self._check_names(row)
        slots = [[self._sample(name, samples) for name in names] for names in self._cells(row)]
        for number, (slot, size) in enumerate(zip(slots, self._shape, strict=True), start=1):
            if len(slot) != size:
                text = ngettext(
                    "slot_%(slot)d shows %(size)d sample, not %(found)d.",
                    "slot_%(slot)d shows %(size)d samples, not %(found)d.",
                    size,
                )
                raise _Wrong(text % {"slot": number, "size": size, "found": len(slot)})
        unknown = [name for name in row if name and SLOT.fullmatch(str(name)) and row[name]]
        if extra := [name for name in unknown if int(str(name)[5:]) > len(slots)]:
            raise _Wrong(_("there is no %(slot)s in this study's trials.") % {"slot": extra[0]})
        places = [self._place_of(slot[0].sample_set) for slot in slots]
        prompts = {sample.prompt_id for slot in slots for sample in slot}
        return GoldTrial(
            study=self._study,
            position=position,
            condition=places[0],
            other=places[1] if len(places) > 1 else None,
            prompt_id=prompts.pop() if len(prompts) == 1 else None,
            slots=[[sample.pk for sample in slot] for slot in slots],
            lineup=[place.pk for place in places] if len(places) > 2 else [],
            expected=self._expected(row, [_kind(slot[0].sample_set) for slot in slots]),
        )

    def _check_names(self, row: Mapping[str, Any]) -> None:
        """Raise _Wrong for a column that nobody reads: an answer in it would be lost."""
        slots = [f"slot_{number}" for number in range(1, len(self._shape) + 1)]
        known = [*slots, *(question.key for question in self._design.questions)]
        unknown = sorted(name for name in row if name and name not in known and not SLOT.fullmatch(name))
        if unknown:
            text = _("nothing is called “%(name)s”; there are %(all)s.")
            raise _Wrong(text % {"name": unknown[0], "all": ", ".join(known)})

    def _place_of(self, sample_set: SampleSet) -> Condition:
        """Return the condition of a set; of one that the study does not compare one of its kind, or any."""
        if sample_set.pk in self._conditions:
            return self._conditions[sample_set.pk]
        every = list(self._conditions.values())
        return next((one for one in every if one.sample_set.kind == sample_set.kind), every[0])

    def _sample(self, name: str, samples: Mapping[str, Sample]) -> Sample:
        if name not in samples:
            raise _Wrong(
                _("there is no sample “%(name)s”; a sample is named set-slug/file-name.") % {"name": name}
            )
        return samples[name]

    def _expected(self, row: Mapping[str, Any], kinds: Sequence[Kind]) -> dict[str, int]:
        known = self._protocol.known_answer(kinds)
        if self._protocol.knows_answers and known is None:
            raise _Wrong(_("the real image belongs in slot_2, generated ones in all other slots."))
        return {
            question.key: self._answer(row, question, len(kinds), known)
            for question in self._design.questions
        }

    def _answer(self, row: Mapping[str, Any], question: QuestionSpec, slots: int, known: int | None) -> int:
        cell = str(row.get(question.key) or "").strip()
        if not cell and known is not None:
            return known
        if not cell:
            raise _Wrong(_("there is no right answer to “%(key)s”.") % {"key": question.key})
        # Slots, not places, are named here, whatever the study asks its raters to look for.
        settings = {name: value for name, value in self._design.settings.items() if name != "ask"}
        try:
            value = self._protocol.decode(question, _shown(cell), range(slots), settings)
        except AnswerError as error:
            raise _Wrong(str(error)) from error
        if known is not None and value != known:
            raise _Wrong(_("“%(key)s” contradicts which image is real.") % {"key": question.key})
        return value


def _kind(sample_set: SampleSet) -> Kind:
    return "real" if sample_set.kind == "real" else "generated"


def _shown(cell: str) -> Any:
    """Return an answer's cell as a screen that shows the slots in order would give it."""
    if ">" in cell:
        return [_shown(part.strip()) for part in cell.split(">")]
    if slot := SLOT.fullmatch(cell):
        return int(slot[1]) - 1
    return int(cell) if re.fullmatch(r"-?\d{1,6}", cell) else cell
