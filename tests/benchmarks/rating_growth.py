"""What growth costs: a launch, a draw, a vote and the live page, in studies of 1,000 and 1,000,000 trials.

In a database of its own on the PostgreSQL server at TEST_POSTGRES_URL; with a smaller last argument on a
machine that has no time: `python -m tests.benchmarks.rating_growth 100000`.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from typing import Any

import django
import psycopg

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
NAME = f"bench_{os.getpid()}"
ROUNDS = 40


def prepare() -> None:
    """Make and migrate the database, and let Django use it."""
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME}")
    os.environ["DATABASE_URL"] = SERVER.rsplit("/", 1)[0] + f"/{NAME}"
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="humaneval-bench-")
    os.environ["DJANGO_SETTINGS_MODULE"] = "humaneval.config.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def launch(trials: int) -> Any:
    """Return an open study, its trials made by the launch's own code; print what that took."""
    from humaneval.studies.design import design_of
    from humaneval.studies.launching import make_trials
    from humaneval.studies.models import StudyState
    from tests.factories import RECIPE, draft_study, set_state

    study = draft_study(trial_count=trials, samples=1_000, votes_per_trial=3, assignments_per_session=40)
    before, started, core = peak_mb(), time.perf_counter(), time.process_time()
    make_trials(study, design_of(study), lambda done, total, note="": None)
    print(
        f"launch of {trials:>9,} trials: {time.perf_counter() - started:6.1f} s "
        f"({time.process_time() - core:.1f} s of a core), "
        f"peak memory {before:.0f} -> {peak_mb():.0f} MB"
    )
    set_state(study, StudyState.OPEN, recipe=RECIPE)
    return study


def peak_mb() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Stopwatch:
    """Draws of ten and storings of their votes, timed in several studies by turns.

    A machine that others use is slower at some times than at others: by turns, that hits all alike.
    """

    def __init__(self, studies: dict[str, Any]) -> None:
        self.studies = studies
        self.draws: dict[str, list[float]] = {name: [] for name in studies}
        self.votes: dict[str, list[float]] = {name: [] for name in studies}

    def run(self) -> dict[str, tuple[float, float]]:
        """Return the median milliseconds of a draw and of a batch of votes in each study."""
        for _ in range(ROUNDS):
            for name, study in self.studies.items():
                self._once(name, study)
        return {
            name: (statistics.median(self.draws[name]), statistics.median(self.votes[name]))
            for name in self.studies
        }

    def _once(self, name: str, study: Any) -> None:
        from humaneval.rating.handout import hand_out
        from humaneval.rating.intake import store_votes
        from humaneval.rating.judging import Submission
        from humaneval.rating.models import VoteOutcome
        from tests.factories import SessionFactory

        session = SessionFactory(study=study)
        blocks: list[Any] = []
        self.draws[name].append(timed(lambda: blocks.append(hand_out(session_id=session.pk))))
        batch = [
            Submission(row.id, uuid.uuid4(), VoteOutcome.CANNOT_TELL, 900.0) for row in blocks[-1].assignments
        ]
        self.votes[name].append(timed(lambda: store_votes(session=session, submissions=batch)))


def timed(call: Callable[[], object]) -> float:
    """Return how many milliseconds a call takes."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def open_sessions(study: Any, count: int) -> None:
    """Let so many raters hold a block that they do not answer."""
    from humaneval.rating.handout import hand_out
    from tests.factories import SessionFactory

    for _ in range(count):
        hand_out(session_id=SessionFactory(study=study).pk)


def fill(study: Any, votes: int) -> None:
    """Give a study so many votes, written in bulk by the database itself, and seal summaries for them."""
    from django.db import connection, transaction

    from humaneval.rating.models import Seal, SealedVote
    from tests.factories import SessionFactory

    sessions = [SessionFactory(study=study).pk for _ in range(200)]
    first = study.trials.earliest("number").pk
    share = votes // len(sessions)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rating_opening (study_id, trial_id, lane, turn, free_from)"
            " SELECT %s, %s, '', last + 1 + n, NULL FROM generate_series(0, %s) AS n,"
            " (SELECT max(turn) AS last FROM rating_opening WHERE study_id = %s) AS made",
            [study.pk, first, votes - 1, study.pk],
        )
        cursor.execute(
            'INSERT INTO rating_assignment (id, session_id, trial_id, position, "order", cells, parameters,'
            " is_repeat, lease_until, lapsed, created_at) SELECT gen_random_uuid(),"
            " session, %s + n, 1000 + n, '[0, 1]', '[]', '{}', false, now(), false, now()"
            " FROM unnest(%s::bigint[]) AS session, generate_series(0, %s) AS n",
            [first, sessions, share - 1],
        )
        cursor.execute(
            "INSERT INTO rating_vote (assignment_id, key, outcome, late, spoilt, response_ms, timings,"
            " received_at) SELECT id, gen_random_uuid(), 'cannot_tell', false, false, 900, '{}', now()"
            " FROM rating_assignment WHERE session_id = ANY(%s) AND position >= 1000",
            [sessions],
        )
        cursor.execute(
            "SELECT id FROM rating_vote WHERE assignment_id IN"
            " (SELECT id FROM rating_assignment WHERE session_id = ANY(%s)) ORDER BY id",
            [sessions],
        )
        ids = [row[0] for row in cursor.fetchall()]
    with transaction.atomic():
        for number, start in enumerate(range(0, len(ids), 500), start=10_000):
            batch = ids[start : start + 500]
            summary = {"votes": len(batch), "late": 0, "repeats": 0, "by_condition": {"1": 250, "2": 250}}
            seal = Seal.objects.create(
                study=study,
                number=number,
                previous="0" * 64,
                head="0" * 64,
                vote_count=len(batch),
                summary=summary,
            )
            SealedVote.objects.bulk_create(
                SealedVote(vote_id=vote, seal=seal, digest="0" * 64) for vote in batch
            )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def read_live(study: Any) -> float:
    """Return the median milliseconds of the live page's data."""
    from humaneval.rating.live import live_state

    return statistics.median(timed(lambda: live_state(study)) for _ in range(15))


def main(largest: int) -> None:
    """Measure and print."""
    small, large, crowded = launch(1_000), launch(largest), launch(20_000)
    Stopwatch({"": small, " ": large, "  ": crowded}).run()
    open_sessions(small, 10)
    open_sessions(crowded, 1_000)
    live_small = read_live(small)
    studies = {
        "1,000 trials": small,
        f"{largest:,} trials": large,
        "20,000 trials, 1,000 sessions open": crowded,
    }
    show("with few votes", Stopwatch(studies).run())
    explain(large)
    fill(large, largest)
    show(f"with {largest:,} votes", Stopwatch(studies).run())
    explain(large)
    print(f"live page: {live_small:.1f} ms at 800 votes, {read_live(large):.1f} ms at {largest:,} votes")


def show(when: str, rows: dict[str, tuple[float, float]]) -> None:
    """Print times, and how often the small study's they are."""
    base = next(iter(rows.values()))
    print(f"{when}; a statement that does nothing takes {do_nothing():.2f} ms")
    for name, (draw, vote) in rows.items():
        print(
            f"  {name:<36} draw {draw:6.1f} ms ({draw / base[0]:.2f}x)"
            f"  vote {vote:6.1f} ms ({vote / base[1]:.2f}x)"
        )


def do_nothing() -> float:
    """Return the median milliseconds of a statement that does nothing: how busy the machine is."""
    from django.db import connection

    def once() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    return statistics.median(timed(once) for _ in range(200))


def explain(study: Any) -> None:
    """Print how the database finds free openings and a session's history."""
    from django.utils import timezone

    from humaneval.rating.lanes import Lane
    from humaneval.rating.models import Assignment, Session
    from humaneval.rating.openings import free_openings

    free = free_openings(study, Lane("", study.votes_per_trial), timezone.now())
    session = Session.objects.filter(study=study).latest("pk")
    rows = Assignment.objects.filter(session=session).order_by("position").values_list("id", "vote__key")
    for query in (free.select_related("trial")[:10], rows):
        print("    " + query.explain(analyze=True).replace("\n", "\n    "))


def drop() -> None:
    """Remove the database."""
    from django.db import connection

    connection.close()
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


if __name__ == "__main__":
    prepare()
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    finally:
        drop()
