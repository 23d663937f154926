"""Makes feature extraction stop at a given batch until a file appears: there is time to kill a worker."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig

STOP_BEFORE = int(os.environ.get("STOP_BEFORE", "5"))

BATCH_SECONDS = float(os.environ.get("BATCH_SECONDS", "0"))
"""How long each batch waits, as for a card that computes."""


class SlowMetricsConfig(AppConfig):
    """Features in small shards; batch ``STOP_BEFORE`` of a process waits for a file ``go`` in DATA_DIR."""

    name = "tests.scoring.slow_metrics"

    def ready(self) -> None:
        """Put a printed line and, once, the waiting before a batch."""
        from humaneval.scoring import shards
        from metrics.extractors.base import Extractor

        shards.TARGET = 64
        quick, numbers = Extractor.launch, itertools.count(1)
        go = Path(os.environ["DATA_DIR"]) / "go"

        def slow(self: Extractor, images: Sequence[Any]) -> Any:
            sys.stdout.write(f"batch by {os.getpid()}\n")
            sys.stdout.flush()
            if next(numbers) == STOP_BEFORE:
                while not go.exists():
                    time.sleep(0.05)
            time.sleep(BATCH_SECONDS)
            return quick(self, images)

        Extractor.launch = slow  # type: ignore[method-assign]
