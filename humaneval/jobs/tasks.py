"""Celery's part: a message says only that a queue has work. Which job that is, the rows say.

A wake-up may be lost, doubled or late without harm. After each job its worker wakes the queue again
while something waits, and beat wakes every queue each JOB_SWEEP_SECONDS, so that jobs whose message or
worker was lost are taken up again.
"""

from __future__ import annotations

import logging

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from kombu.exceptions import OperationalError

from humaneval.jobs import claims
from humaneval.jobs.running import interrupt_jobs, run_claimed
from humaneval.jobs.ticks import note_look

log = logging.getLogger(__name__)


@shared_task(name="jobs.work")
def work(queue: str) -> None:
    """Settle what died, then take and run one job of a queue, and wake the queue for the next."""
    note_look(queue)
    claims.settle_abandoned()
    job = claims.claim_next(queue)
    if job is None:
        return
    run_claimed(job)
    if claims.has_waiting(queue):
        wake(queue)


def wake(queue: str) -> None:
    """Tell the workers of a queue that a job waits.

    A broker that does not answer is logged, not raised: the row is stored, and the sweep finds it.
    """
    try:
        work.apply_async(args=(queue,), queue=queue, retry=False)
    except (OperationalError, OSError):
        log.warning(
            "the broker does not answer; the sweep will find the job of queue %s", queue, exc_info=True
        )


@worker_ready.connect
def look_for_work(**_kwargs: object) -> None:
    """Wake every queue when a worker starts, rather than wait for the first sweep."""
    for queue in settings.JOB_QUEUES:
        wake(queue)


@worker_shutting_down.connect
def stop_working(**_kwargs: object) -> None:
    """Let running jobs go back to their queues when a worker is told to stop."""
    interrupt_jobs()
