"""The automated scores that a study's sample sets have, and why others are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from django.db.models import QuerySet

from humaneval.jobs.models import JobState
from humaneval.reports.numbers import listed
from humaneval.reports.results import ConditionFacts, MissingScore, ScoreRow, finite
from humaneval.scoring.models import MetricRun, Score
from humaneval.studies.models import Condition, Study
from metrics.errors import UnknownMetric
from metrics.labels import OF_INCEPTION
from metrics.registry import Metric, resolve

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


def latest_scores(study: Study, conditions: Sequence[ConditionFacts]) -> list[ScoreRow]:
    """Return the latest score of each (sample set, metric, extractor), by label and then condition."""
    condition_of = dict(Condition.objects.filter(study=study).values_list("sample_set_id", "id"))
    facts = {condition.id: condition for condition in conditions}
    latest: dict[tuple[int, str, str], Score] = {}
    for score in scores_of(study).select_related("run__reference"):
        latest[score.sample_set_id, score.metric, score.run.extractor] = score
    rows = [
        _row(score, facts[condition_of[score.sample_set_id]])
        for score in latest.values()
        if finite(score.value) is not None
    ]
    place = {condition.id: index for index, condition in enumerate(conditions)}
    return sorted(rows, key=lambda row: (row.label, row.metric, row.extractor, place[row.condition]))


def _row(score: Score, condition: ConditionFacts) -> ScoreRow:
    # Replicates that are all alike (a precision of exactly 1) tell nothing of the error: unknown, not 0.
    error = finite(score.standard_error) or None
    return ScoreRow(
        condition=condition.id,
        condition_label=condition.label,
        sample_set=condition.sample_set,
        metric=score.metric,
        label=score.label,
        extractor=score.run.extractor,
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
    )


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
    present = {(row.sample_set, row.metric, row.extractor) for row in rows}
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


def _given_since(problem: _Problem, sets: dict[int, str], present: set[tuple[str, str, str]]) -> bool:
    """Whether every set that the problem concerns has every score of its metrics by now."""
    concerned = (
        [problem.sample_set]
        if problem.sample_set
        else [one.pk for one in problem.run.generated.all() if one.pk in sets]
    )
    kinds = [kind.name for metric in _resolved(problem.metrics) for kind in metric.gives]
    return bool(kinds) and all(
        (sets[one], kind, problem.run.extractor) in present for one in concerned for kind in kinds
    )


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
