"""The live page's data at a million votes, on PostgreSQL (TEST_POSTGRES_URL) and SQLite; 50 ms are asked for.

Votes and their seals are written by the database itself; the sums in the newest seal are checked against a
recount of all votes.
"""

from __future__ import annotations

import statistics
import sys
import time

from tests.benchmarks import rating_rows as rows

VOTES = 1_000_000
SESSIONS = 5_000
TRIALS = 2_000
ROUNDS = 15


def measure(vendor: str) -> None:
    """Print how long the live page's data take in a database of that kind."""
    from humaneval.rating.live import live_state, recount

    study = rows.launch(TRIALS, votes_per_trial=VOTES // TRIALS)
    rows.give_votes(study, VOTES, SESSIONS)
    live_state(study)
    times = [rows.timed(lambda: live_state(study)) for _ in range(ROUNDS)]
    state, started = live_state(study), time.perf_counter()
    agrees = "agrees with" if recount(study) == state.given else "DIFFERS FROM"
    print(
        f"{rows.VENDORS[vendor]}: live state of {state.given.votes:,} votes and {SESSIONS:,} sessions in"
        f" {statistics.median(times):.1f} ms (worst {max(times):.1f}); it {agrees} a recount"
        f" ({time.perf_counter() - started:.1f} s); a statement that does nothing {rows.do_nothing():.2f} ms"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with rows.own_database(sys.argv[1]):
            measure(sys.argv[1])
    else:
        rows.for_each_vendor("tests.benchmarks.rating_live")
