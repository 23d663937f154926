"""Trials that were shown elsewhere: a draft takes them in as they were and is closed; its votes follow.

A study whose votes come from an archive is asked no more: its trials are what the archive says was on
screen, instead of what the seed would draw, and nobody is handed any of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import permutations

from django.db import transaction
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.protocols.base import Kind, Protocol
from humaneval.samples.models import Sample
from humaneval.studies.design import NotLaunchable, design_of, problems_of_trials
from humaneval.studies.lifecycle import close_with_archive
from humaneval.studies.models import Condition, Study, StudyState, Trial

Shown = tuple[int, ...]
"""Ids of the samples on screen, one a slot, in the canonical order of slots."""


class NoSuchTrial(ValueError):
    """Images that a trial of the study does not show together; the message says which would."""


class Lineups:
    """Says which slot of a trial each image on screen belongs to, by the study's protocol.

    Raises :class:`~humaneval.studies.design.NotLaunchable` for a study of which no trials can be made, and
    for one whose trials show grids or pairs that come with the study: these are known by number alone.
    """

    def __init__(self, study: Study) -> None:
        design = design_of(study)
        if problems := problems_of_trials(study, design):
            raise NotLaunchable(problems)
        self._protocol: Protocol = registry.get(study.protocol)
        one = next(self._protocol.trials(replace(design, trial_count=1)))
        if self._protocol.uses_pairs or any(len(slot) != 1 for slot in one.slots):
            raise NotLaunchable([_("Trials that show grids or given pairs are found by their number alone.")])
        self._places = len(one.slots)
        conditions = study.conditions.select_related("sample_set")
        self._rank = {condition.sample_set_id: condition for condition in conditions}

    def slots(self, samples: Sequence[Sample]) -> Shown:
        """Return the ids of the samples on screen by slot; raises :class:`NoSuchTrial`."""
        if len(samples) != self._places or len({sample.pk for sample in samples}) != self._places:
            text = _("a trial shows %(wanted)d different images; the row names %(found)d")
            raise NoSuchTrial(text % {"wanted": self._places, "found": len({s.pk for s in samples})})
        ordered = sorted(samples, key=lambda sample: self._rank[sample.sample_set_id].position)
        if not self._protocol.knows_answers:
            return tuple(sample.pk for sample in ordered)
        for tried in permutations(ordered):
            if self._protocol.known_answer([self._kind(sample) for sample in tried]) is not None:
                return tuple(sample.pk for sample in tried)
        raise NoSuchTrial(_("a trial shows one real image among generated ones; the row names others"))

    def _kind(self, sample: Sample) -> Kind:
        return "real" if self._rank[sample.sample_set_id].sample_set.kind == "real" else "generated"


def trials_of_archive(study: Study, lineups: Collection[Shown]) -> dict[Shown, Trial]:
    """Return the study's trial for each lineup, made where the study may still gain one.

    A draft gains them and is closed; so does a study that was closed by an archive before. Of a study
    that was launched, only the trials that it has are found. All in the caller's transaction, or one.
    """
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        found = _by_slots(locked)
        missing = [lineup for lineup in dict.fromkeys(lineups) if lineup not in found]
        if missing and (locked.state == StudyState.DRAFT or is_archive(locked)):
            found |= _make(locked, missing, first=len(found))
            close_with_archive(locked, trial_count=len(found))
    return {lineup: found[lineup] for lineup in lineups if lineup in found}


def is_archive(study: Study) -> bool:
    """Return whether a study's trials are an archive's: it was opened and closed in one moment, by it."""
    return study.state == StudyState.CLOSED and study.opened_at == study.closed_at is not None


def _by_slots(study: Study) -> dict[Shown, Trial]:
    if study.state == StudyState.DRAFT:
        return {}  # what an earlier launch may have left is none of the archive's
    trials = study.trials.filter(expected__isnull=True).order_by("number")
    return {tuple(slot[0] for slot in trial.slots): trial for trial in trials}


def _make(study: Study, lineups: Sequence[Shown], first: int) -> dict[Shown, Trial]:
    conditions = {condition.sample_set_id: condition for condition in study.conditions.all()}
    samples = Sample.objects.in_bulk({pk for lineup in lineups for pk in lineup})
    trials = [
        _trial(study, first + place, [samples[pk] for pk in lineup], conditions)
        for place, lineup in enumerate(lineups)
    ]
    return dict(zip(lineups, Trial.objects.bulk_create(trials, batch_size=1_000), strict=True))


def _trial(study: Study, number: int, samples: Sequence[Sample], conditions: dict[int, Condition]) -> Trial:
    places = [conditions[sample.sample_set_id] for sample in samples]
    prompts = {sample.prompt_id for sample in samples}
    return Trial(
        study=study,
        number=number,
        condition=places[0],
        other=places[1] if len(places) > 1 else None,
        prompt_id=prompts.pop() if len(prompts) == 1 else None,
        slots=[[sample.pk] for sample in samples],
        lineup=[place.pk for place in places] if len(places) > 2 else [],
    )
