"""Carrying a metric run out: features of each set, then metric by metric, keeping whatever succeeds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError

from humaneval.jobs.running import JobFailed, JobStopped, RunningJob, WrongWorker
from humaneval.samples.models import SampleSet
from humaneval.scoring import stored
from humaneval.scoring.extractors import ExtractorRefused, Recipe, open_extractor
from humaneval.scoring.features import READING, Contents, contents_of, ensure_features
from humaneval.scoring.models import FeatureFile, MetricRun
from humaneval.scoring.results import missing_metrics, store_scores

if TYPE_CHECKING:
    from metrics.comparison import Comparison
    from metrics.extractors.base import Extractor
    from metrics.registry import Metric

log = logging.getLogger(__name__)


class UndefinedScore(ValueError):
    """A score that came out as no number."""


@dataclass
class Progress:
    """Counts images read and images scored over all sets, and says how long the rest may take."""

    job: RunningJob
    total: int
    before: int = 0
    _began: float = field(default_factory=time.monotonic)
    _first: int | None = None

    def tell(self, done: int, note: str) -> None:
        """Report ``done`` images of the present step."""
        self.job.progress(min(self.before + done, self.total), self.total, f"{note}{self._remaining(done)}")

    def step_done(self, size: int) -> None:
        """Count a whole step of this many images."""
        self.before += size

    def finish(self) -> None:
        """Report that all is done."""
        self.job.progress(self.total, self.total)

    def _remaining(self, done: int) -> str:
        """Return ``, about 3 min left`` once there is enough to judge by."""
        at = self.before + done
        if self._first is None:
            self._first, self._began = at, time.monotonic()
        elapsed = time.monotonic() - self._began
        if elapsed < 5 or at <= self._first:
            return ""
        seconds = elapsed * (self.total - at) / (at - self._first)
        return f", about {seconds / 60:.0f} min left" if seconds > 90 else f", about {seconds:.0f} s left"


@dataclass
class _Work:
    """One attempt at a run: what it works with, and what went wrong so far."""

    run: MetricRun
    extractor: Extractor
    progress: Progress
    contents: dict[int, Contents]
    problems: list[dict[str, Any]] = field(default_factory=list)

    def add_problem(self, sample_set: SampleSet | None, metric: str, error: Exception) -> None:
        self.problems.append(
            {
                "sample_set": sample_set.pk if sample_set else None,
                "name": str(sample_set) if sample_set else "",
                "metric": metric,
                "reason": _in_words(error),
            }
        )


def carry_out(run: MetricRun, job: RunningJob) -> dict[str, Any]:
    """Compute what the run still lacks and return counts; raise JobFailed if something could not be had."""
    extractor = _extractor_of(run)
    sets = [run.reference, *run.generated.order_by("id")]
    contents = {each.pk: contents_of(each) for each in sets}
    _store_versions(run, extractor, {str(key): value.digest for key, value in contents.items()})
    read = sum(len(each.ids) for each in contents.values())
    scored = sum(len(contents[each.pk].ids) for each in sets[1:])
    work = _Work(run, extractor, Progress(job, read + scored), contents)
    files = _all_features(work, sets)
    with stored.local_features(str(files[run.reference.pk].file)) as real:
        for sample_set in sets[1:]:
            if sample_set.pk in files:
                _score_set(work, sample_set, files[sample_set.pk], real)
    return _conclude(work)


def _extractor_of(run: MetricRun) -> Extractor:
    from metrics import MetricsError

    try:
        return open_extractor(Recipe.of_settings(run.extractor, run.settings))
    except (MetricsError, ExtractorRefused) as error:
        _store_problems(run, [{"sample_set": None, "name": "", "metric": "", "reason": str(error)}])
        raise JobFailed(str(error)) from error


def _store_versions(run: MetricRun, extractor: Extractor, contents: dict[str, str]) -> None:
    """Store what the run works with; refuse to add to scores that came from other samples or weights."""
    import numpy
    import torch

    import metrics

    before = (run.versions.get("extractor", {}).get("digest"), run.versions.get("contents"))
    if before != (extractor.digest, contents) and run.scores.exists():
        raise JobFailed(
            "The samples or the extractor have changed since this run began: start a new run, "
            "so that its scores are comparable."
        )
    begun_on, here = str(run.versions.get("device", "")).partition(":")[0], extractor.device.type
    if begun_on not in {here, ""} and run.scores.exists():
        raise WrongWorker(
            f"This run's scores are from {begun_on}, and this worker has {here}: it waits for a worker with "
            f"{begun_on}. Where there is none any more, cancel it and start a new run."
        )
    run.versions = {
        "contents": contents,
        "metrics": metrics.__version__,
        "torch": str(torch.__version__),
        "numpy": numpy.__version__,
        "device": str(extractor.device),
        "extractor": extractor.describe(),
    }
    run.save(update_fields=["versions"])


def _all_features(work: _Work, sets: Sequence[SampleSet]) -> dict[int, FeatureFile]:
    """Return the features of each set by its id; a generated set that fails is left out and noted."""
    files: dict[int, FeatureFile] = {}
    for sample_set in sets:
        contents = work.contents[sample_set.pk]
        with _noted(work, sample_set, ""):
            files[sample_set.pk] = ensure_features(
                sample_set=sample_set,
                contents=contents,
                extractor=work.extractor,
                recipe=Recipe.of_settings(work.run.extractor, work.run.settings),
                tell=_teller(work.progress, f"{READING} {sample_set}"),
            )
        work.progress.step_done(len(contents.ids))
    if work.run.reference.pk not in files:
        _store_problems(work.run, work.problems)
        raise JobFailed(f"The reference could not be read. {work.problems[0]['reason']}")
    return files


def _teller(progress: Progress, note: str) -> Callable[[int], None]:
    return lambda done: progress.tell(done, note)


def _score_set(work: _Work, sample_set: SampleSet, file: FeatureFile, real: Any) -> None:
    from metrics.comparison import Comparison
    from metrics.devices import statistics_device

    missing = missing_metrics(work.run, sample_set)
    size = len(work.contents[sample_set.pk].ids)
    with stored.local_features(str(file.file)) as generated:
        device = statistics_device(work.extractor.device)
        asked = work.contents[sample_set.pk].asked_of(work.extractor)
        comparison = Comparison(real, generated, seed=work.run.seed, device=device, asked=asked)
        comparison.announce(missing, work.run.settings)
        for number, metric in enumerate(missing):
            work.progress.tell(size * number // len(missing), f"{metric.label} of {sample_set}")
            with _noted(work, sample_set, metric.name):
                _score(work, sample_set, metric, comparison)
    work.progress.step_done(size)


def _score(work: _Work, sample_set: SampleSet, metric: Metric, comparison: Comparison) -> None:
    from metrics.errors import InvalidInput

    if reason := comparison.cannot([metric]).get(metric.name):
        raise InvalidInput(reason)
    scores = metric.compute(comparison, work.run.settings.get(metric.name, {}))
    ids = work.contents[sample_set.pk].ids
    for reason in store_scores(run=work.run, sample_set=sample_set, scores=scores, sample_ids=ids):
        work.add_problem(sample_set, metric.name, UndefinedScore(reason))


@contextmanager
def _noted(work: _Work, sample_set: SampleSet, metric: str) -> Iterator[None]:
    """Note what fails for one set or metric, so that the others go on; being stopped is no failure."""
    try:
        yield
    except (JobStopped, DatabaseError, MemoryError):
        raise
    except Exception as error:
        what = f"run {work.run.pk}: {metric or 'features'} of {sample_set}"
        log.warning("%s failed: %s", what, error, exc_info=None if _is_expected(error) else error)
        work.add_problem(sample_set, metric, error)


def _is_expected(error: Exception) -> bool:
    """Whether an error's text is a sentence for people."""
    from metrics import MetricsError

    return isinstance(error, MetricsError | UndefinedScore)


def _in_words(error: Exception) -> str:
    return str(error) if _is_expected(error) else f"{type(error).__name__}: {error}"


def _store_problems(run: MetricRun, problems: list[dict[str, Any]]) -> None:
    run.problems = problems
    run.save(update_fields=["problems"])


def _conclude(work: _Work) -> dict[str, Any]:
    _store_problems(work.run, work.problems)
    work.progress.finish()
    if work.problems:
        raise JobFailed(_summary(work.run, work.problems))
    return {"scores": work.run.scores.count()}


def _summary(run: MetricRun, problems: list[dict[str, Any]]) -> str:
    """Return what failed, each reason once, and that the rest is kept."""
    about: dict[str, list[str]] = {}
    for problem in problems:
        what = f"{problem['metric'] or 'features'} of {problem['name']}"
        about.setdefault(problem["reason"], []).append(what)
    told = [f"{', '.join(what[:3])}{' and others' * (len(what) > 3)}: {why}" for why, what in about.items()]
    count = run.scores.count()
    kept = "1 score is kept" if count == 1 else f"{count} scores are kept"
    return f"{kept}; what could not be computed: {'; '.join(told)}"
