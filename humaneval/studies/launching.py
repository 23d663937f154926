"""The work of a launch: trials in bulk, then the stimuli of the samples they use; resumable at any point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.protocols.base import Design, TrialSpec
from humaneval.samples import stimuli
from humaneval.samples.batches import Progress
from humaneval.studies.design import digest, samples_used
from humaneval.studies.gold import gold_specs
from humaneval.studies.models import Study, Trial
from humaneval.studies.trial_rows import write_gold, write_trials

BATCH = 5_000
"""Trials written in one transaction: a tenth of a second, so that raters of other studies do not wait."""


def make_trials(study: Study, design: Design, progress: Progress) -> set[int]:
    """Write the trials that are missing and return the ids of the samples that all of them use.

    Trials are written in order, batch by batch; a later call goes on after the last batch. If the
    design is no longer the one the first batches were made from (samples were imported meanwhile),
    all trials are made anew, so that the trials of a study always come from one design.
    """
    made, used = _trials_that_stand(study, design), set[int]()
    progress(made, design.trial_count, _("making trials"))
    specs = iter(registry.get(study.protocol).trials(design))
    used |= samples_used(islice(specs, made))
    for batch in _batches(specs):
        with transaction.atomic():
            write_trials(study.pk, batch)
        used |= samples_used(batch)
        made += len(batch)
        progress(made, design.trial_count, _("making trials"))
    return used | _make_gold(study, design)


def _make_gold(study: Study, design: Design) -> set[int]:
    """Write the gold trials after the others, all or none, and return the ids of their samples."""
    specs = gold_specs(study, design)
    with transaction.atomic():
        if not Trial.objects.filter(study=study, number__gte=design.trial_count).exists():
            write_gold(study.pk, ((gold.trial, gold.expected) for gold in specs))
        study.gold_count = len(specs)
        Study.objects.filter(pk=study.pk).update(gold_count=len(specs))
    return samples_used(gold.trial for gold in specs)


def _trials_that_stand(study: Study, design: Design) -> int:
    """Return how many trials of this very design are there already; others are deleted."""
    fingerprint = digest(study, design)
    with transaction.atomic():
        # As it is stored: another worker may have made, and raters met, these very trials meanwhile.
        study.design_digest = Study.objects.select_for_update(no_key=True).get(pk=study.pk).design_digest
        if study.design_digest != fingerprint:
            Trial.objects.filter(study=study).delete()
            study.design_digest = fingerprint
            Study.objects.filter(pk=study.pk).update(design_digest=fingerprint)
        return Trial.objects.filter(study=study, number__lt=design.trial_count).count()


def _batches(specs: Iterable[TrialSpec]) -> Iterator[list[TrialSpec]]:
    remaining = iter(specs)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def render_stimuli(study: Study, sample_ids: Iterable[int], progress: Progress) -> None:
    """Render the stimuli that are missing, by the one recipe that the study keeps from then on.

    Raises :class:`~humaneval.samples.stimuli.StimulusError` for a sample that cannot be read.
    """
    if not study.recipe:
        sets = study.conditions.values_list("sample_set_id", flat=True)
        study.recipe = stimuli.choose_recipe(list(sets))
        Study.objects.filter(pk=study.pk).update(recipe=study.recipe)
    stimuli.render(sample_ids=sorted(sample_ids), recipe=study.recipe, progress=progress)
