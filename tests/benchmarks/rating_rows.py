"""What the benchmarks of hand-out and intake share: databases of their own, and rows by the hundred thousand.

Rows are written by the database itself, as the platform would have written them one by one.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
VENDORS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
SEALED = 500
"""Votes in a seal."""


@contextmanager
def own_database(vendor: str, **environment: str) -> Iterator[Path]:
    """Give a migrated database of one's own, with Django set up to use it, and a folder; both are removed."""
    folder = Path(tempfile.mkdtemp(prefix="humaneval-bench-"))
    name = f"bench_{os.getpid()}"
    url = f"{SERVER.rsplit('/', 1)[0]}/{name}" if vendor == "postgresql" else f"sqlite:///{folder}/db.sqlite3"
    if vendor == "postgresql":
        _on_server(f"CREATE DATABASE {name}")
    settings = {"DJANGO_SETTINGS_MODULE": "humaneval.config.settings", "LOG_LEVEL": "ERROR"}
    os.environ.update({**settings, "DATABASE_URL": url, "DATA_DIR": str(folder), **environment})
    try:
        _set_up()
        yield folder
    finally:
        if vendor == "postgresql":
            _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        shutil.rmtree(folder, ignore_errors=True)


def _set_up() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _on_server(statement: str) -> None:
    import psycopg

    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(statement.encode())


def launch(trials: int, **fields: Any) -> Any:
    """Return an open study of two generated sets and a real one, its trials made by the launch's own code."""
    from humaneval.studies.design import design_of
    from humaneval.studies.launching import make_trials
    from humaneval.studies.models import StudyState
    from tests.factories import RECIPE, draft_study, set_state

    given = {"samples": 1_000, "votes_per_trial": 3, "assignments_per_session": 40, **fields}
    study = draft_study(trial_count=trials, **given)
    make_trials(study, design_of(study), lambda done, total, note="": None)
    set_state(study, StudyState.OPEN, recipe=RECIPE)
    return study


def hand_out_rows(study: Any, sessions: int, each: int) -> list[tuple[Any, list[Any]]]:
    """Return new sessions, each with its own live assignments, every one with an opening that it holds."""
    from django.utils import timezone

    from humaneval.rating.models import Assignment, Opening

    until = timezone.now() + timezone.timedelta(hours=1)
    last = study.openings.order_by("-turn").values_list("turn", flat=True).first()
    first = 0 if last is None else last + 1
    trials = list(study.trials.order_by("number").values_list("pk", flat=True)[: study.trial_count])
    made = open_sessions(study, sessions)
    openings = Opening.objects.bulk_create(
        Opening(study=study, trial_id=trials[turn % len(trials)], turn=turn, free_from=until)
        for turn in range(first, first + sessions * each)
    )
    rows = [
        Assignment(
            session=made[place // each],
            trial_id=opening.trial_id,
            opening=opening,
            position=place % each,
            order=[0, 1],
            lease_until=until,
        )
        for place, opening in enumerate(openings)
    ]
    Assignment.objects.bulk_create(rows, batch_size=2_000)
    return [(session, rows[place * each : (place + 1) * each]) for place, session in enumerate(made)]


def open_sessions(study: Any, count: int) -> list[Any]:
    """Return so many new sessions, each of a rater of its own."""
    from uuid import uuid4

    from humaneval.rating.models import Rater, Session

    raters = Rater.objects.bulk_create(Rater(panel="bench", key_hash=uuid4().hex * 2) for _ in range(count))
    return Session.objects.bulk_create(
        Session(study=study, rater=rater, token_hash=rater.key_hash, consent_hash="0" * 64)
        for rater in raters
    )


NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(0, %s) AS n",
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
    " SELECT n FROM numbers",
}
UUID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}


def give_votes(study: Any, votes: int, sessions: int) -> None:
    """Give a study so many sealed votes, trial after trial, by so many new sessions in turn; no answers."""
    from django.db import connection, transaction
    from django.utils import timezone

    from humaneval.rating.models import Vote

    raters = open_sessions(study, sessions)
    first_trial = study.trials.order_by("number").values_list("pk", flat=True)[0]
    numbers, uuid = NUMBERS[connection.vendor], UUID[connection.vendor]
    moment, each = connection.ops.adapt_datetimefield_value(timezone.now()), votes // sessions
    newest = Vote.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    last = study.openings.order_by("-turn").values_list("turn", flat=True).first()
    turn = 0 if last is None else last + 1
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rating_opening (study_id, trial_id, lane, turn, free_from)"
            f" SELECT %s, %s + n %% %s, '', %s + n, NULL FROM ({numbers}) AS numbers",
            [study.pk, first_trial, study.trial_count, turn, votes - 1],
        )
        cursor.execute(
            "INSERT INTO rating_assignment (id, session_id, trial_id, opening_id, position,"
            ' "order", cells, parameters, is_repeat, lease_until, lapsed, created_at)'
            f" SELECT {uuid}, %s + n / %s, %s + n %% %s, opening.id, n %% %s,"
            f" '[0, 1]', '[]', '{{}}', %s, %s, %s, %s FROM ({numbers}) AS numbers JOIN rating_opening opening"
            " ON opening.study_id = %s AND opening.lane = '' AND opening.turn = %s + n",
            [raters[0].pk, each, first_trial, study.trial_count, each,
             False, moment, False, moment, votes - 1, study.pk, turn],
        )  # fmt: skip
        cursor.execute(
            "INSERT INTO rating_vote (assignment_id, key, outcome, late, spoilt, response_ms, timings,"
            f" received_at) SELECT id, {uuid}, 'answered', %s, %s, 900 + position, '{{}}', %s"
            " FROM rating_assignment WHERE session_id BETWEEN %s AND %s",
            [False, False, moment, raters[0].pk, raters[-1].pk],
        )
    _seal(study, newest)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _seal(study: Any, newest: int) -> None:
    """Seal a study's votes after an id: the digests are made up, the numbers are not."""
    from django.db import connection, transaction

    from humaneval.rating.live import Tally, sealed_tally
    from humaneval.rating.models import Seal, Vote

    votes = Vote.objects.filter(pk__gt=newest).order_by("pk")
    first, count, total = votes[0].pk, votes.count(), sealed_tally(study)
    number = study.seals.count()
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(first, first + count, SEALED):
            number += 1
            tally = Tally.of(votes.filter(pk__gte=start, pk__lt=start + SEALED))
            total += tally
            seal = Seal.objects.create(
                study=study, number=number, previous="0" * 64, head="0" * 64, vote_count=tally.votes,
                summary=tally.as_summary(), totals=total.as_summary(),
            )  # fmt: skip
            cursor.execute(
                "INSERT INTO rating_sealedvote (vote_id, seal_id, digest)"
                " SELECT id, %s, %s FROM rating_vote WHERE id >= %s AND id < %s",
                [seal.pk, "0" * 64, start, start + SEALED],
            )


def timed(call: Callable[[], object]) -> float:
    """Return how many milliseconds a call takes."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def do_nothing() -> float:
    """Return the median milliseconds of a statement that does nothing: how busy the machine is."""
    from django.db import connection

    def once() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    return statistics.median(timed(once) for _ in range(200))


def for_each_vendor(module: str, *arguments: str) -> None:
    """Run a benchmark's module for each database, each in a process of its own; raises where one breaks."""
    import subprocess

    for vendor in VENDORS:
        subprocess.run([sys.executable, "-m", module, vendor, *arguments], check=True)
