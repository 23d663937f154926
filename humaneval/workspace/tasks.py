"""Celery's part: beat asks now and then for exports that have been kept long enough to go."""

from __future__ import annotations

import time

from celery import shared_task


@shared_task(name="workspace.remove_exports")
def remove_exports() -> None:
    """Submit the day's job that removes old exports."""
    from humaneval.jobs import services as jobs

    day = time.strftime("%Y-%m-%d", time.gmtime())
    jobs.submit(kind="workspace.remove_exports", key=f"workspace.remove_exports:{day}")
