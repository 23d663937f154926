"""One metric run over one, two and four workers: processes of their own, on PostgreSQL (TEST_POSTGRES_URL).

Each shard waits half a second, as for a card that computes, so that the cores of this machine set no limit;
beside the clock stand the core-seconds that all workers used for the run, which must not grow with their
number: what sharing costs. Four cards on four hosts cannot be seen on a machine without any.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks import rating_rows as rows

SHARDS, BATCH, SECONDS = 24, 64, 0.5
WORKERS = (1, 2, 4)


def used(platform: object) -> float:
    """Return the core-seconds of a platform's processes so far."""
    processes = [psutil.Process(process.pid) for process in platform._started]  # type: ignore[attr-defined]
    times = [process.cpu_times() for process in processes if process.is_running()]
    return sum(each.user + each.system for each in times)


def run_with(count: int, folder: Path, sets: list[object]) -> tuple[float, float]:
    """Return the seconds and core-seconds of a run with so many workers, who are there when it comes."""
    from humaneval.scoring.runs import start_run
    from tests.jobs.platform import Platform

    shared = {
        "DJANGO_SETTINGS_MODULE": "tests.scoring.slow_settings",
        "DATA_DIR": os.environ["DATA_DIR"],
        "METRICS_WORKERS": str(count),
        "STOP_BEFORE": "-1",
        "BATCH_SECONDS": str(SECONDS),
        "JOB_LEASE_SECONDS": "30",
        "BROKER_URL": "filesystem://",
    }
    platform = Platform(folder, os.environ["DATABASE_URL"], shared)
    try:
        for _ in range(count):
            platform.start_worker()
        before, started = used(platform), time.perf_counter()
        # Each another extractor: features that are there would be found.
        run = start_run(
            reference=sets[0], generated=sets[1:], extractor=f"pixels:{4 + count}", metrics=["fid"]
        )
        platform.wait_for(lambda: type(run.job).objects.get(pk=run.job_id).is_finished, 200)
        job = type(run.job).objects.get(pk=run.job_id)
        if job.state != "succeeded":
            raise RuntimeError(job.error)
        return time.perf_counter() - started, used(platform) - before
    finally:
        platform.end()


def main() -> None:
    """Make two sets, then run once for each number of workers."""
    from humaneval.samples.importing import create_sample_set, import_folder
    from tests.scoring.conftest import write_images

    with tempfile.TemporaryDirectory() as name:
        sets: list[object] = []
        for kind, shards in (("real", 1), ("generated", SHARDS)):
            sample_set = create_sample_set(name=kind, kind=kind)
            folder = write_images(Path(name) / kind, count=shards * BATCH, seed=shards)
            import_folder(sample_set=sample_set, folder=folder)
            sets.append(sample_set)
        alone = 0.0
        for count in WORKERS:
            place = Path(name) / str(count)
            place.mkdir()
            seconds, cores = run_with(count, place, sets)
            alone = alone or seconds
            faster = f"{alone / seconds:.2f} times as fast"
            print(f"{count} workers: {seconds:5.1f} s, {faster}; {cores:.1f} core-seconds", flush=True)


if __name__ == "__main__":
    with rows.own_database("postgresql", JOB_SWEEP_SECONDS="1"):
        main()
