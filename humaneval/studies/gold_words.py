"""Gold trials in words: what a table of them looks like for a study, and which ones it has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from humaneval.protocols import registry
from humaneval.samples.models import Sample
from humaneval.studies.design import design_of, problems_of_trials
from humaneval.studies.models import Study

MOST_SHOWN = 200


def gold_example(study: Study) -> str:
    """Return a table's first lines for a study, with samples that it has; empty if it can make no trials."""
    design = design_of(study)
    if problems_of_trials(study, design):
        return ""
    protocol = registry.get(study.protocol)
    trial = next(protocol.trials(replace(design, trial_count=1)))
    names = _names(sample for slot in trial.slots for sample in slot)
    answers = [] if protocol.knows_answers else [question.key for question in design.questions]
    header = [*(f"slot_{number + 1}" for number in range(len(trial.slots))), *answers]
    row = [" | ".join(names[sample] for sample in slot) for slot in trial.slots]
    return "\n".join([",".join(header), ",".join([*row, *("…" for _ in answers)])])


def gold_in_words(study: Study) -> list[dict[str, Any]]:
    """Return a study's gold trials as rows of samples' names and right answers: those made, or authored."""
    made = study.trials.filter(number__gte=study.trial_count, expected__isnull=False).order_by("number")
    gold = list((made if study.gold_count else study.goldtrials.all()).values_list("slots", "expected"))
    names = _names(sample for slots, _ in gold[:MOST_SHOWN] for slot in slots for sample in slot)
    return [
        {
            "samples": ["; ".join(names[sample] for sample in slot) for slot in slots],
            "expected": ", ".join(f"{key}: {value}" for key, value in expected.items()),
        }
        for slots, expected in gold[:MOST_SHOWN]
    ]


def _names(samples: Iterable[int]) -> dict[int, str]:
    rows = Sample.objects.filter(pk__in=set(samples)).values_list("pk", "sample_set__slug", "name")
    return {pk: f"{slug}/{name}" for pk, slug, name in rows}
