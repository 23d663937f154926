"""The automated scores that a study's sample sets have, and why others are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from django.db.models import QuerySet

from humaneval.jobs.models import JobState
from humaneval.reports.material import SampleScore, ScoreFacts
from humaneval.reports.numbers import listed
from humaneval.reports.results import ConditionFacts, FeatureSpace, MissingScore, ScoreRow, finite
from humaneval.scoring.models import MetricRun, SampleScores, Score
from humaneval.scoring.results import values_by_sample
from humaneval.studies.models import Condition, Study
from metrics.errors import UnknownMetric
from metrics.labels import OF_INCEPTION
from metrics.registry import BUILT_IN, Metric, resolve

_QUANTILE = NormalDist().inv_cdf(0.975)


def scores_of(study: Study) -> QuerySet[Score]:
    """Return the scores of the study's sample sets, oldest first.

    A score is complete and right whatever became of the rest of its run, so runs that failed in part count.
    """
    return Score.objects.filter(sample_set__conditions__study=study).order_by("id")


def failed_runs(study: Study) -> QuerySet[MetricRun]:
    """Return the metric runs over the study's generated sets that failed, oldest first."""
    return (
        MetricRun.objects.filter(generated__conditions__study=study, job__state=JobState.FAILED)
        .select_related("job")
        .prefetch_related("generated")
        .distinct()
        .order_by("id")
    )


def latest_scores(study: Study, conditions: Sequence[ConditionFacts]) -> list[ScoreFacts]:
    """Return each set's latest score by each metric in each feature space, by label and condition."""
    condition_of = dict(Condition.objects.filter(study=study).values_list("sample_set_id", "id"))
    facts = {condition.id: condition for condition in conditions}
    latest: dict[tuple[int, str, FeatureSpace], Score] = {}
    for score in scores_of(study).select_related("run__reference").prefetch_related("by_sample"):
        latest[score.sample_set_id, score.metric, _space(score.run)] = score
    found = [
        _facts(score, facts[condition_of[score.sample_set_id]])
        for score in latest.values()
        if finite(score.value) is not None
    ]
    place = {condition.id: index for index, condition in enumerate(conditions)}
    return sorted(
        found, key=lambda one: (one.row.label, one.row.metric, one.row.space, place[one.row.condition])
    )


def _facts(score: Score, condition: ConditionFacts) -> ScoreFacts:
    run = score.run
    return ScoreFacts(
        row=_row(score, condition),
        details=score.details,
        settings=run.settings,
        versions=run.versions,
        seed=run.seed,
        samples=tuple(_by_sample(one, score, condition) for one in score.by_sample.all()),
    )


def _by_sample(scores: SampleScores, score: Score, condition: ConditionFacts) -> SampleScore:
    values = values_by_sample(scores)
    return SampleScore(
        condition=condition.id,
        metric=score.metric,
        name=scores.name,
        run=score.run_id,
        sample=np.fromiter(values, np.int64, len(values)),
        value=np.fromiter(values.values(), np.float64, len(values)),
    )


def _space(run: MetricRun) -> FeatureSpace:
    """Return what a run computed in, or what it was asked to where its extractor never opened."""
    described = run.versions.get("extractor", {})
    asked = {"precision": "reference"} | dict(run.settings)
    return FeatureSpace(
        run.extractor,
        *(str(described.get(name) or asked.get(name) or "") for name in ("preprocessing", "precision")),
    )


def _row(score: Score, condition: ConditionFacts) -> ScoreRow:
    # Replicates that are all alike (a precision of exactly 1) tell nothing of the error: unknown, not 0.
    error = finite(score.standard_error) or None
    space = _space(score.run)
    return ScoreRow(
        condition=condition.id,
        condition_label=condition.label,
        sample_set=condition.sample_set,
        metric=score.metric,
        label=score.label,
        extractor=space.extractor,
        preprocessing=space.preprocessing,
        precision=space.precision,
        value=score.value,
        standard_error=error,
        low=None if error is None else score.value - _QUANTILE * error,
        high=None if error is None else score.value + _QUANTILE * error,
        higher_is_better=score.higher_is_better,
        count_generated=score.count_generated,
        count_real=score.count_real,
        reference=score.run.reference.name,
        run=score.run_id,
        computed_at=score.created_at.isoformat(),
        error_method=str(score.details.get("error_method", "")),
        warnings=[str(one) for one in score.details.get("warnings", [])],
        settings=_settings(score),
    )


def _settings(score: Score) -> dict[str, str]:
    """Return the metric's own settings that a score was computed with: as told by it, else as asked."""
    metric = next((one for one in BUILT_IN if score.metric in {kind.name for kind in one.gives}), None)
    if metric is None:
        return {}
    asked = dict(metric.defaults) | dict(score.run.settings.get(metric.name, {}))
    used = {name: score.details.get(name, value) for name, value in asked.items()}
    return {name: str(value) for name, value in used.items() if value is not None}


@dataclass(frozen=True)
class _Problem:
    """One thing that a run could not do; ``metrics`` are registry names, ``sample_set`` 0 means all sets."""

    run: MetricRun
    sample_set: int
    metrics: tuple[str, ...]
    reason: str


def missing_scores(study: Study, rows: Iterable[ScoreRow]) -> list[MissingScore]:
    """Return what runs tried and could not compute for this study's sets, and no other run has given since.

    The same reason is told once for all metrics and sets that it kept from being computed.
    """
    sets = dict(study.conditions.values_list("sample_set_id", "sample_set__name"))
    present: dict[tuple[str, str], list[FeatureSpace]] = {}
    for row in rows:
        present.setdefault((row.sample_set, row.metric), []).append(row.space)
    found: dict[tuple[str, str], list[_Problem]] = {}
    for run in failed_runs(study):
        for problem in _problems_of(run, set(sets)):
            if not _given_since(problem, sets, present):
                found.setdefault((run.extractor, problem.reason), []).append(problem)
    return [_missing(problems, sets) for _, problems in sorted(found.items())]


def _problems_of(run: MetricRun, sets: set[int]) -> list[_Problem]:
    told = run.problems or [{"reason": _in_words(run.job.error if run.job else "")}]
    return [
        _Problem(
            run,
            problem.get("sample_set") or 0,
            (problem["metric"],) if problem.get("metric") else tuple(run.metrics),
            problem["reason"],
        )
        for problem in told
        if not problem.get("sample_set") or problem["sample_set"] in sets
    ]


def _given_since(
    problem: _Problem, sets: dict[int, str], present: dict[tuple[str, str], list[FeatureSpace]]
) -> bool:
    """Whether every set that the problem concerns has every score of its metrics by now, in its space."""
    space = _space(problem.run)
    concerned = (
        [problem.sample_set]
        if problem.sample_set
        else [one.pk for one in problem.run.generated.all() if one.pk in sets]
    )
    kinds = [kind.name for metric in _resolved(problem.metrics) for kind in metric.gives]
    return bool(kinds) and all(
        any(_same(space, other) for other in present.get((sets[one], kind), ()))
        for one in concerned
        for kind in kinds
    )


def _same(wanted: FeatureSpace, given: FeatureSpace) -> bool:
    """Whether a score is what a failed run wanted; one that never opened may not know its preprocessing."""
    return given in (wanted, wanted._replace(preprocessing=wanted.preprocessing or given.preprocessing))


def _missing(problems: Sequence[_Problem], sets: dict[int, str]) -> MissingScore:
    run = problems[-1].run
    names = [name for problem in problems for name in _names_of(problem.metrics, run.extractor)]
    concerned = {problem.sample_set for problem in problems}
    everywhere = 0 in concerned
    return MissingScore(
        metric=listed(list(dict.fromkeys(names))),
        extractor=run.extractor,
        reason=problems[-1].reason,
        remedy=f"When that is put right, retry metric run {run.pk} in the admin.",
        sample_sets=sorted(
            one.name for one in run.generated.all() if one.pk in sets and (everywhere or one.pk in concerned)
        ),
    )


def _resolved(metrics: Sequence[str]) -> list[Metric]:
    try:
        return resolve(metrics)
    except UnknownMetric:
        return []


def _names_of(metrics: Sequence[str], extractor: str) -> list[str]:
    """Return metrics as people call them: only in Inception's space is a Fréchet distance called FID."""
    found = _resolved(metrics)
    own = OF_INCEPTION if extractor.startswith("inception") else {}
    return [own.get(metric.name, metric.label) for metric in found] or list(metrics)


def _in_words(error: str) -> str:
    """Return a job's error as one line: of a traceback only its last line, which names the error."""
    lines = error.strip().splitlines()
    if not lines:
        return "the run failed without saying why."
    return lines[-1] if lines[0].startswith("Traceback") else " ".join(line.strip() for line in lines)
