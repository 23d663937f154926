"""Memory of a thousand rater bootstraps of a million votes: ``python -m tests.benchmarks.stats_memory``.

Measures what the fit adds to the process beyond the votes themselves (their columns are made first).
"""

from __future__ import annotations

import sys
import tracemalloc

from humaneval.stats import bradley_terry
from tests.benchmarks.stats_speed import preferences


def main() -> None:
    """Print the peak that numpy allocated during the fit."""
    data = preferences(1_000_000)
    tracemalloc.start()
    bradley_terry(winner=data.winner, loser=data.loser, tie=data.tie, rater=data.rater, replicates=1000)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    sys.stdout.write(
        f"1,000 rater bootstraps of 1,000,000 votes: peak {peak:.0f} MB beyond the votes (goal: 300)\n"
    )


if __name__ == "__main__":
    main()
