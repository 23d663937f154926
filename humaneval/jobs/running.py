"""Running one claimed job: its handler, its heartbeat, and how it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from humaneval.jobs import claims, heartbeats
from humaneval.jobs.models import Job, JobState
from humaneval.jobs.registry import UnknownKind, handler_of
from humaneval.monitoring import instruments, tracing

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.5
BEAT_SECONDS = 15.0
"""How often a job shows that it lives, at least: health checks look at a minute, however long leases are."""


class JobFailed(Exception):
    """Raised by a handler that cannot succeed by trying again; its text is a sentence for people."""


class JobPostponed(Exception):
    """Raised by a handler that cannot go on now and may later: not before ``wait`` seconds have gone by."""

    def __init__(self, text: str, wait: float = 0) -> None:
        super().__init__(text)
        self.wait = wait


class JobStopped(Exception):
    """Base of what stops a handler from outside; a handler lets it through."""


class JobCancelled(JobStopped):
    """Raised inside a handler when somebody asked the job to stop."""


class LeaseLost(JobStopped):
    """Raised inside a handler whose job another worker has taken over: stop, and write nothing more."""


class WrongWorker(JobStopped):
    """Raised by a handler that this worker cannot do rightly: it goes back, for another to take.

    That costs no attempt; nobody takes it before ``wait`` seconds have gone by. The text says whose it is.
    """

    def __init__(self, text: str, wait: float = 30) -> None:
        super().__init__(text)
        self.wait = wait


class JobInterrupted(JobStopped):
    """Raised inside a handler whose worker is being stopped: the job goes back to its queue."""


_stopping = threading.Event()


def interrupt_jobs() -> None:
    """Make every job of this process go back to its queue at its next progress report, for good."""
    _stopping.set()


class RunningJob:
    """What a handler sees of its job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._written_at = 0.0
        self._furthest = job.progress_done
        self._last_done: int | None = None
        self.id: int = job.id
        self.args: dict[str, Any] = job.args
        self.attempt: int = job.attempts

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Tell how far the job is: ``done`` of ``total``, and in what step.

        Cheap to call often: it writes at most every half second, and when all is done. Raises
        :class:`JobCancelled` when the job is asked to stop, :class:`LeaseLost` when it is another
        worker's by now, :class:`JobInterrupted` when this worker is being stopped.
        """
        if _stopping.is_set():
            raise JobInterrupted
        now = time.monotonic()
        if now - self._written_at < PROGRESS_SECONDS and done < total:
            return
        self._written_at = now
        is_news = done > self._furthest
        has_moved = done != self._last_done
        self._furthest, self._last_done = max(done, self._furthest), done
        if not claims.write_progress(
            self._job, done=done, total=total, note=note, is_news=is_news, has_moved=has_moved
        ):
            raise LeaseLost(f"Job {self.id} was taken over by another worker.")
        self.check_cancelled()

    def check_cancelled(self) -> None:
        """Raise :class:`JobCancelled` if the job is asked to stop."""
        if Job.objects.filter(id=self.id, cancel_requested=True).exists():
            raise JobCancelled


class Heartbeat:
    """A thread that keeps a claim's lease alive for as long as this process lives and works on it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of job {job.id}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(min(settings.JOB_LEASE_SECONDS / 3, BEAT_SECONDS)):
                if not self._renewed():
                    return
        finally:
            connection.close()  # this thread's own

    def _renewed(self) -> bool:
        heartbeats.touch()  # a worker of one process answers nothing else during a job
        try:
            return claims.renew(self._job)
        except DatabaseError:
            log.warning("could not renew the lease of job %s; trying again", self._job.id, exc_info=True)
            connection.close()
            return True


def run_claimed(job: Job) -> None:
    """Run a job that this process has claimed, and store how it ended. Raises nothing of the handler's."""
    with _observed(job), _outcome_stored(job), Heartbeat(job):
        result = handler_of(job.kind).function(RunningJob(job))
        claims.finish(job, state=JobState.SUCCEEDED, result=result)
        log.info("job %s (%s) succeeded", job.id, job.kind)


@contextmanager
def _observed(job: Job) -> Iterator[None]:
    """Give log lines the job's ids, count how it ended, and keep a span where traces are kept."""
    study = {"study": job.args["study"]} if "study" in job.args else {}
    started = time.perf_counter()
    with (
        structlog.contextvars.bound_contextvars(job=job.id, kind=job.kind, **study),
        tracing.span(f"job {job.kind}") as span,
    ):
        log.info("job %s (%s) starts, attempt %s", job.id, job.kind, job.attempts)
        yield
        state = Job.objects.filter(id=job.id).values_list("state", flat=True).first() or "gone"
        span.set_attributes({"humaneval.job": job.id, "humaneval.job.state": state})
    instruments.JOBS.labels(job.kind, state).inc()
    instruments.JOB_SECONDS.labels(job.kind).observe(time.perf_counter() - started)


@contextmanager
def _outcome_stored(job: Job) -> Iterator[None]:
    try:
        yield
    except (JobFailed, UnknownKind) as error:
        log.warning("job %s (%s) failed: %s", job.id, job.kind, error)
        claims.finish(job, state=JobState.FAILED, error=str(error))
    except JobCancelled:
        claims.finish(job, state=JobState.CANCELLED)
    except JobInterrupted:
        log.info("job %s (%s) goes back to its queue, since this worker stops", job.id, job.kind)
        claims.give_back(job)
    except WrongWorker as error:
        log.info("job %s (%s) is for another worker: %s", job.id, job.kind, error)
        claims.give_back(job, reason=str(error), wait=error.wait)
    except LeaseLost as error:
        log.warning("%s", error)
    except JobPostponed as error:
        log.warning("job %s (%s) has to wait: %s", job.id, job.kind, error)
        _store_crash(job, str(error), error.wait)
    except Exception as error:
        log.exception("job %s (%s) broke in attempt %s", job.id, job.kind, job.attempts)
        _store_crash(job, f"{type(error).__name__}: {error}")


def _store_crash(job: Job, text: str, wait: float = 0) -> None:
    job.attempts = Job.objects.values_list("attempts", flat=True).get(id=job.id)  # progress resets it
    if job.attempts < job.max_attempts:
        claims.put_back(job, error=text, wait=wait)
    else:
        claims.finish(job, state=JobState.FAILED, error=text)
