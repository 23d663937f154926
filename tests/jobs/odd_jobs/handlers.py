"""Jobs that only tests run: slow, and deadly to their worker."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from humaneval.jobs.registry import job_handler
from humaneval.jobs.running import RunningJob


@job_handler("odd.steps", queue="metrics")
def take_steps(job: RunningJob) -> dict[str, Any]:
    """Leave a file for each of ``steps`` steps, going on where an earlier attempt stopped.

    The last step is not taken before a file ``go`` lies beside the folder.
    """
    folder, steps = Path(job.args["folder"]), job.args["steps"]
    for step in range(steps):
        while step == steps - 1 and not folder.with_name("go").exists():
            job.progress(step, steps)
            time.sleep(0.05)
        mark = folder / f"{step}"
        if not mark.exists():
            mark.write_text(str(os.getpid()))
    return {"workers": sorted({mark.read_text() for mark in folder.iterdir()})}


@job_handler("odd.deadly", max_attempts=2)
def kill_the_worker(job: RunningJob) -> None:
    """End the worker as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
