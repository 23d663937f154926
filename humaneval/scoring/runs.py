"""Metric runs: started, retried, cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job
from humaneval.samples.models import SampleSet
from humaneval.scoring.extractors import PRECISIONS, ExtractorRefused, check_spec
from humaneval.scoring.models import MetricRun

KIND = "scoring.run"


def start_run(
    *,
    reference: SampleSet,
    generated: Sequence[SampleSet],
    extractor: str,
    metrics: Sequence[str],
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    user: User | None = None,
    name: str = "",
) -> MetricRun:
    """Store a run and queue its job; return it.

    ``metrics`` are names, aliases or groups (``fid``, ``prdc``); the run keeps full names. ``settings``
    may hold ``precision``, ``preprocessing``, and the settings of a metric under its name. Raises
    django.core.exceptions.ValidationError by field; missing weights fail the job, not this call.
    """
    names = check_run(
        reference=reference,
        generated=generated,
        extractor=extractor,
        metrics=metrics,
        settings=settings or {},
    )
    with transaction.atomic():
        run = MetricRun.objects.create(
            name=name,
            reference=reference,
            extractor=extractor,
            metrics=names,
            settings=dict(settings or {}),
            seed=seed,
            created_by=user,
        )
        run.generated.set(generated)
        run.job = _submit(run)
        run.save(update_fields=["job"])
    return run


def _submit(run: MetricRun) -> Job:
    team = run.reference.team_id
    return jobs.submit(kind=KIND, key=f"{KIND}:{run.pk}", args={"run": run.pk}, team=team)


def retry_run(run: MetricRun) -> MetricRun:
    """Queue a failed or cancelled run again: it computes only what is missing. Return the run.

    Raises jobs.services.NotRetryable for a run that succeeded.
    """
    if run.job is None:
        run.job = _submit(run)
        run.save(update_fields=["job"])
    run.job = jobs.retry(run.job)
    return run


def cancel_run(run: MetricRun) -> MetricRun:
    """Stop a run: at once if it waits, within seconds if it runs. Scores that it has stay. Return it."""
    if run.job is not None:
        run.job = jobs.cancel(run.job)
    return run


def check_run(
    *,
    reference: SampleSet,
    generated: Sequence[SampleSet],
    extractor: str,
    metrics: Sequence[str],
    settings: Mapping[str, Any],
) -> list[str]:
    """Return the full names of the metrics; raise ValidationError, by field, for what cannot be run."""
    errors = {
        "reference": _problem_with_reference(reference),
        "generated": _problem_with_generated(reference, generated),
        "extractor": _problem_with_extractor(extractor),
        "settings": _problem_with_settings(settings),
    }
    names, errors["metrics"] = _resolved(metrics)
    if any(errors.values()):
        raise ValidationError({field: [problem] for field, problem in errors.items() if problem})
    return names


def _problem_with_reference(reference: SampleSet) -> str:
    return "" if reference.samples.exists() else f"{reference} has no samples: import some first."


def _problem_with_generated(reference: SampleSet, generated: Sequence[SampleSet]) -> str:
    if not generated:
        return "Choose at least one set to score."
    if reference in generated:
        return f"{reference} is the reference; it cannot be scored against itself."
    if foreign := [str(each) for each in generated if each.team_id != reference.team_id]:
        return f"{', '.join(foreign)}: of another team than {reference}."
    empty = [str(each) for each in generated if not each.samples.exists()]
    return f"No samples in {', '.join(empty)}: import some first." if empty else ""


def _problem_with_extractor(extractor: str) -> str:
    try:
        check_spec(extractor)
    except ExtractorRefused as error:
        return str(error)
    return ""


def _problem_with_settings(settings: Mapping[str, Any]) -> str:
    from metrics.registry import REGISTRY

    if settings.get("precision", "reference") not in PRECISIONS:
        return f"precision is one of {', '.join(PRECISIONS)}."
    for name, values in settings.items():
        if name in {"precision", "preprocessing"}:
            continue
        if name not in REGISTRY:
            return f"{name} is neither precision, preprocessing nor the full name of a metric."
        if not isinstance(values, Mapping):
            return f"The settings of {name} are written as {{name: value}}."
        if unknown := set(values) - set(REGISTRY[name].defaults):
            known = ", ".join(REGISTRY[name].defaults) or "none"
            return f"{name} has no setting {', '.join(sorted(unknown))}; it has: {known}."
    return ""


def _resolved(metrics: Sequence[str]) -> tuple[list[str], str]:
    from metrics.errors import UnknownMetric
    from metrics.registry import resolve

    if not metrics:
        return [], "Choose at least one metric."
    try:
        return [metric.name for metric in resolve(metrics)], ""
    except UnknownMetric as error:
        return [], str(error)
