"""Scores stored and read: each with its label, counts, uncertainty, settings, and its values by sample."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction

from humaneval.samples.models import SampleSet
from humaneval.scoring import stored
from humaneval.scoring.models import MetricRun, SampleScores, Score

if TYPE_CHECKING:
    from metrics.registry import Metric
    from metrics.scores import Score as Computed


def missing_metrics(run: MetricRun, sample_set: SampleSet) -> list[Metric]:
    """Return the run's metrics that have not given all of their scores for this set yet."""
    from metrics.registry import resolve

    there = set(run.scores.filter(sample_set=sample_set).values_list("metric", flat=True))
    return [metric for metric in resolve(run.metrics) if {kind.name for kind in metric.gives} - there]


def store_scores(
    *, run: MetricRun, sample_set: SampleSet, scores: Iterable[Computed], sample_ids: Sequence[int]
) -> list[str]:
    """Store what one metric gave for one set; return a sentence for each value that is not a number.

    ``sample_ids`` are in the order of the features' rows. Storing the same scores again changes nothing.
    """
    undefined = []
    for score in scores:
        if math.isfinite(score.value):
            _store_score(run, sample_set, score, sample_ids)
        else:
            undefined.append(
                f"{score.label} is not defined for these samples (it came out as {score.value})."
            )
    return undefined


@transaction.atomic
def _store_score(run: MetricRun, sample_set: SampleSet, score: Computed, sample_ids: Sequence[int]) -> None:
    plain = score.as_dict()
    row, created = Score.objects.get_or_create(
        run=run,
        sample_set=sample_set,
        metric=score.metric,
        defaults={
            "label": score.label,
            "value": score.value,
            "standard_error": plain["standard_error"],
            "higher_is_better": score.higher_is_better,
            "count_real": score.count_real,
            "count_generated": score.count_generated,
            "details": _details(plain),
        },
    )
    if created:
        for name, values in score.per_sample.items():
            _store_by_sample(row, name, np.asarray(values, dtype=np.float64), sample_ids)


def _details(plain: dict[str, Any]) -> dict[str, Any]:
    told = {key: plain[key] for key in ("interval", "error_method", "warnings") if plain[key]}
    return {**plain["details"], **told}


def _store_by_sample(row: Score, name: str, values: np.ndarray, sample_ids: Sequence[int]) -> None:
    from safetensors.numpy import save

    if len(values) != len(sample_ids):
        raise ValueError(f"{name} has {len(values)} values for {len(sample_ids)} samples.")
    content = save({"sample_ids": np.asarray(sample_ids, dtype=np.int64), "values": values})
    file = stored.store_bytes(f"scores/{row.run_id}/{row.pk}-{name}.safetensors", content)
    SampleScores.objects.create(score=row, name=name, file=file)


def values_by_sample(scores: SampleScores) -> dict[int, float]:
    """Return a score's value for each sample id; NaN where a sample has none."""
    from safetensors.numpy import load_file

    with stored.local_file(str(scores.file)) as path:
        tensors = load_file(path)
    return dict(zip(tensors["sample_ids"].tolist(), tensors["values"].tolist(), strict=True))
