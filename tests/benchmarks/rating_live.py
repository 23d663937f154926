"""The live page's data at a million votes, on PostgreSQL (TEST_POSTGRES_URL) and SQLite; 50 ms are asked for.

Votes and their seals are written by the database itself; the summaries of the seals are checked against a
recount of all votes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

VOTES = 1_000_000
SESSIONS = 5_000
BATCH = 500
ROUNDS = 15

_NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(0, %s) AS n",
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
    " SELECT n FROM numbers",
}
_UUID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}


def fill(study: Any) -> None:
    """Give a study its votes: one for each trial and session in turn, sealed in batches, no answers."""
    from django.db import connection, transaction
    from django.utils import timezone

    from humaneval.rating.models import Rater, Seal, Session, Vote

    raters = Rater.objects.bulk_create(
        Rater(panel="bench", key_hash=f"{number:064x}") for number in range(SESSIONS)
    )
    sessions = Session.objects.bulk_create(
        Session(study=study, rater=rater, token_hash=f"{rater.pk:064x}", consent_hash="0" * 64)
        for rater in raters
    )
    trials = list(study.trials.order_by("number").values_list("pk", flat=True))
    numbers, uuid = _NUMBERS[connection.vendor], _UUID[connection.vendor]
    each, now = VOTES // SESSIONS, timezone.now()
    moment = connection.ops.adapt_datetimefield_value(now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rating_assignment (id, session_id, trial_id, opening_id, position,"
            ' "order", cells, parameters, is_repeat, lease_until, lapsed, created_at)'
            f" SELECT {uuid}, %s + n / %s, %s + n %% %s, NULL, n %% %s,"
            f" '[0, 1]', '[]', '{{}}', %s, %s, %s, %s FROM ({numbers}) AS numbers",
            [sessions[0].pk, each, trials[0], len(trials), each,
             False, moment, False, moment, VOTES - 1],
        )  # fmt: skip
        cursor.execute(
            "INSERT INTO rating_vote (assignment_id, key, outcome, late, spoilt, response_ms, timings,"
            f" received_at) SELECT id, {uuid}, 'answered', %s, %s, 900 + position, '{{}}', %s"
            " FROM rating_assignment",
            [False, False, moment],
        )
    _seal(study, Vote.objects.order_by("pk").first())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert Seal.objects.filter(study=study).count() == VOTES // BATCH


def _seal(study: Any, first: Any) -> None:
    from django.db import connection, transaction

    from humaneval.rating.live import NOTHING, Tally
    from humaneval.rating.models import Seal, Vote

    total = NOTHING
    with transaction.atomic():
        for number in range(VOTES // BATCH):
            start = first.pk + number * BATCH
            tally = Tally.of(Vote.objects.filter(pk__gte=start, pk__lt=start + BATCH))
            total += tally
            Seal.objects.create(
                study=study, number=number + 1, previous="0" * 64, head="0" * 64, vote_count=BATCH,
                summary=tally.as_summary(), totals=total.as_summary(),
            )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO rating_sealedvote (vote_id, seal_id, digest)"
                " SELECT id, %s + (id - %s) / %s, %s FROM rating_vote",
                [Seal.objects.earliest("pk").pk, first.pk, BATCH, "0" * 64],
            )


def measure(name: str) -> None:
    """Fill the database that the environment names, and print how long the live page's data take."""
    import django

    django.setup()
    from django.core.management import call_command

    from humaneval.rating.live import live_state, recount
    from tests.benchmarks.rating_growth import launch

    call_command("migrate", verbosity=0)
    study = launch(2_000)
    study.votes_per_trial = VOTES // 2_000
    fill(study)
    live_state(study)
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        state = live_state(study)
        times.append(1000 * (time.perf_counter() - started))
    started = time.perf_counter()
    whole = recount(study)
    spent = time.perf_counter() - started
    agrees = "agrees with" if whole == state.given else "DIFFERS FROM"
    print(
        f"{name}: live state of {state.given.votes:,} votes and {SESSIONS:,} sessions in"
        f" {statistics.median(times):.1f} ms (worst {max(times):.1f}); it {agrees} a recount ({spent:.1f} s)"
    )


def main() -> None:
    """Measure both, each in a process of its own."""
    if len(sys.argv) == 2 and sys.argv[1] == "postgresql":
        from tests.benchmarks import rating_growth as database

        database.prepare()
        try:
            measure("PostgreSQL")
        finally:
            database.drop()
    elif len(sys.argv) == 2:
        with tempfile.TemporaryDirectory(prefix="humaneval-bench-") as folder:
            os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'db.sqlite3'}"
            os.environ["DATA_DIR"] = folder
            os.environ["DJANGO_SETTINGS_MODULE"] = "humaneval.config.settings"
            measure("SQLite")
    else:
        for vendor in ("postgresql", "sqlite"):
            subprocess.run([sys.executable, "-m", "tests.benchmarks.rating_live", vendor], check=True)


if __name__ == "__main__":
    main()
