"""A study's first trials as rows: which samples stand where, for people who cannot look at the page."""

from __future__ import annotations

from typing import Any

from humaneval.samples.models import Prompt, Sample
from humaneval.studies.design import preview_trials, samples_used
from humaneval.studies.models import Study


def preview_rows(study: Study, count: int) -> list[dict[str, Any]]:
    """Return the first ``count`` trials: number, condition, prompt and the samples in each slot.

    Raises :class:`~humaneval.studies.design.NotLaunchable` for a draft of which no trials can be made.
    """
    trials = preview_trials(study, count)
    samples = Sample.objects.filter(pk__in=samples_used(trials))
    names = {pk: f"{slug}/{name}" for pk, slug, name in samples.values_list("pk", "sample_set__slug", "name")}
    conditions = {row.pk: str(row) for row in study.conditions.select_related("sample_set")}
    texts = {trial.prompt for trial in trials if trial.prompt}
    prompts = dict(Prompt.objects.filter(pk__in=texts).values_list("pk", "text"))
    return [
        {
            "trial": trial.number,
            "condition": conditions[trial.condition],
            "other": conditions.get(trial.other or 0, ""),
            "prompt": prompts.get(trial.prompt or 0, ""),
            "turn": trial.turn,
            "slots": [[names[sample] for sample in slot] for slot in trial.slots],
        }
        for trial in trials
    ]
