"""What a row of a batch result file shows: a trial of the study's by its number, or images by their names."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Protocol

from django.utils.translation import gettext as _

from humaneval.recruitment.mturk.archive_images import Pictures, cell_of
from humaneval.samples.models import Sample
from humaneval.studies.archived import Lineups, Shown, trials_of_archive
from humaneval.studies.models import Study, Trial


class Reading(Protocol):
    """One way of saying what was shown."""

    def read(self, raw: Mapping[str, str]) -> tuple[Hashable, list[int]]:
        """Return what a row's trial is found by, and the slot at each place; raises ValueError."""

    def trials(self, keys: Collection[Hashable]) -> Mapping[Hashable, Trial]:
        """Return the trials that were read, as far as the study has them or may have them made."""


class ByNumber:
    """Trials by their numbers, with the order on screen in a column of its own, or in none."""

    def __init__(self, study: Study, trial: str, order: str) -> None:
        self._trials = {str(one.number): one for one in study.trials.all()}
        self._trial, self._order = trial, order

    def read(self, raw: Mapping[str, str]) -> tuple[Hashable, list[int]]:
        """See :class:`Reading`."""
        key = (raw[self._trial] or "").strip()
        if key not in self._trials:
            raise ValueError(_("the study has no trial “%(name)s”") % {"name": key})
        return key, order_of(raw.get(self._order) or "", len(self._trials[key].slots))

    def trials(self, keys: Collection[Hashable]) -> Mapping[Hashable, Trial]:
        """See :class:`Reading`."""
        return {key: self._trials[str(key)] for key in keys}


class ByImages:
    """Trials by the images on screen, place by place; raises NotLaunchable as :class:`Lineups` does."""

    def __init__(self, study: Study, sources: Sequence[str]) -> None:
        self._study, self._sources = study, sources
        self._pictures, self._lineups = Pictures(study), Lineups(study)
        self._samples: dict[int, Sample] = {}

    def read(self, raw: Mapping[str, str]) -> tuple[Hashable, list[int]]:
        """See :class:`Reading`."""
        shown = [self._sample(self._pictures.find(cell_of(raw, source))) for source in self._sources]
        slots = self._lineups.slots(shown)
        return slots, [slots.index(sample.pk) for sample in shown]

    def trials(self, keys: Collection[Hashable]) -> Mapping[Hashable, Trial]:
        """See :class:`Reading`."""
        lineups: list[Shown] = [key for key in keys if isinstance(key, tuple)]
        found = trials_of_archive(self._study, lineups)
        return {lineup: found[lineup] for lineup in lineups if lineup in found}

    def _sample(self, pk: int) -> Sample:
        if pk not in self._samples:
            self._samples[pk] = Sample.objects.only("pk", "sample_set_id", "prompt_id").get(pk=pk)
        return self._samples[pk]


def order_of(text: str, places: int) -> list[int]:
    """Return the slot at each place: as a cell says, else in order; raises ValueError for no order."""
    if not text.strip():
        return list(range(places))
    words = text.replace(",", " ").split()
    order = [int(word) for word in words if word.isascii() and word.isdecimal()]
    if sorted(order) != list(range(places)):
        raise ValueError(_("“%(text)s” is no order of %(places)s places") % {"text": text, "places": places})
    return order
