"""What growth costs: launch, draw and vote in studies of 1,000 and 1,000,000 trials, on both databases.

1.5 times is asked for, between 1,000 and 1,000,000 trials and between 10 and 1,000 open sessions; a launch of
1,000,000 trials in two minutes and in constant memory. On PostgreSQL at TEST_POSTGRES_URL and on SQLite;
with other sizes on a machine that has no time: `python -m tests.benchmarks.rating_growth sqlite 100000`.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
import uuid
from typing import Any

from tests.benchmarks import rating_rows as rows

ROUNDS = 40
LARGEST = 1_000_000


def launch(trials: int) -> Any:
    """Return an open study, launched by its job in a process whose memory is its own; print its cost."""
    from humaneval.studies import lifecycle
    from tests.factories import draft_study

    given = {"samples": 1_000, "votes_per_trial": 3, "assignments_per_session": 40}
    study = lifecycle.launch(draft_study(trial_count=trials, **given))
    command = [sys.executable, "-m", "tests.benchmarks.rating_growth", "launch", str(study.pk)]
    subprocess.run(command, check=True)
    study.refresh_from_db()
    return study


def run_launch(study_id: int) -> None:
    """Run a study's launch, its samples already rendered, and print what that took."""
    from humaneval.jobs import services as jobs
    from humaneval.studies.models import Study, StudyState

    study = Study.objects.get(pk=study_id)
    before, started, core = peak_mb(), time.perf_counter(), time.process_time()
    jobs.run(study.launch_job_id)
    seconds, core = time.perf_counter() - started, time.process_time() - core
    study.refresh_from_db()
    assert (study.state, study.trials.count()) == (StudyState.OPEN, study.trial_count)
    print(
        f"  launch of {study.trial_count:>9,} trials: {seconds:6.1f} s ({core:.1f} s of a core),"
        f" peak memory {before:.0f} -> {peak_mb():.0f} MB",
        flush=True,
    )


def peak_mb() -> float:
    """Return the most memory that this process has had; macOS counts bytes, Linux kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


class Stopwatch:
    """Draws of ten and storings of their votes, timed in several studies by turns.

    A machine that others use is slower at some times than at others: by turns, that hits all alike.
    """

    def __init__(self, studies: dict[str, Any]) -> None:
        self.studies = studies
        self.draws: dict[str, list[float]] = {name: [] for name in studies}
        self.votes: dict[str, list[float]] = {name: [] for name in studies}

    def run(self, when: str) -> None:
        """Measure, and print medians beside the first study's."""
        for _ in range(ROUNDS):
            for name, study in self.studies.items():
                self._once(name, study)
        print(f"  {when}; a statement that does nothing takes {rows.do_nothing():.2f} ms")
        first = next(iter(self.studies))
        for name in self.studies:
            print(
                f"    {name:<36} draw {_beside(self.draws[name], self.draws[first])}"
                f"  votes {_beside(self.votes[name], self.votes[first])}",
                flush=True,
            )

    def _once(self, name: str, study: Any) -> None:
        from humaneval.rating.handout import hand_out
        from humaneval.rating.intake import store_votes
        from humaneval.rating.judging import Submission
        from humaneval.rating.models import VoteOutcome

        (session,) = rows.open_sessions(study, 1)
        blocks: list[Any] = []
        self.draws[name].append(rows.timed(lambda: blocks.append(hand_out(session_id=session.pk))))
        batch = [
            Submission(row.id, uuid.uuid4(), VoteOutcome.CANNOT_TELL, 900.0) for row in blocks[-1].assignments
        ]
        assert len(batch) == 10
        self.votes[name].append(rows.timed(lambda: store_votes(session=session, submissions=batch)))


def _beside(times: list[float], base: list[float]) -> str:
    """Return a median, and how often the base's it is."""
    return f"{statistics.median(times):6.1f} ms ({statistics.median(times) / statistics.median(base):.2f}x)"


def measure(vendor: str, largest: int) -> None:
    """Measure and print."""
    print(f"{rows.VENDORS[vendor]}:", flush=True)
    small, _, large = launch(1_000), launch(largest // 10), launch(largest)
    few, many = rows.launch(20_000), rows.launch(20_000)
    rows.hand_out_rows(few, 10, 10)
    rows.hand_out_rows(many, 1_000, 10)
    Stopwatch({"1,000 trials": small, f"{largest:,} trials": large}).run("ten trials drawn, ten votes stored")
    Stopwatch({"10 sessions open": few, "1,000 sessions open": many}).run("the same")
    small = rows.launch(1_000)
    rows.give_votes(large, largest // 2, 2_000)
    studies = {"1,000 trials": small, f"{largest:,} trials, {largest // 2:,} votes": large}
    Stopwatch(studies).run("after many votes")


if __name__ == "__main__":
    if sys.argv[1:2] == ["launch"]:
        import django

        django.setup()
        run_launch(int(sys.argv[2]))
    elif len(sys.argv) > 1:
        with rows.own_database(sys.argv[1]):
            measure(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else LARGEST)
    else:
        rows.for_each_vendor("tests.benchmarks.rating_growth")
