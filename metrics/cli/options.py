"""Options that several commands share."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.cli.progress import ProgressLine
from metrics.errors import InvalidInput

if TYPE_CHECKING:
    from metrics.caching import Reading


def add_extractor_options(parser: argparse.ArgumentParser) -> None:
    """Add what chooses the network, the device and the precision."""
    group = parser.add_argument_group("extractor")
    group.add_argument("--extractor", default="inception", help="see `list`; default: %(default)s")
    group.add_argument("--weights", help="a file of the published weights, instead of setting or cache")
    group.add_argument(
        "--unverified-weights", action="store_true", help="accept other weights; the score is then not FID"
    )
    group.add_argument("--preprocessing", help="tf1 (default), pytorch or clean, for inception")
    group.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    group.add_argument("--precision", default="reference", choices=("reference", "fast", "draft"))
    group.add_argument(
        "--compile", action="store_true", help="torch.compile the network (large sets on a GPU)"
    )
    group.add_argument("--workers", type=int, help="decoding processes; default: fits the device")
    group.add_argument(
        "--skip-unreadable", action="store_true", help="leave unreadable images out, and say so"
    )
    group.add_argument("--cache", type=Path, help="where features are kept; default: the user's cache folder")
    group.add_argument("--no-cache", action="store_true", help="keep no features")


def extractor_from(options: argparse.Namespace) -> Any:
    """Return the extractor that the options name."""
    from metrics.extractors import load_extractor

    extractor = load_extractor(
        options.extractor,
        device=options.device,
        precision=options.precision,
        weights=options.weights,
        preprocessing=options.preprocessing,
        verify=not options.unverified_weights,
    )
    if options.compile:
        extractor.compile()
    return extractor


def cache_from(options: argparse.Namespace) -> Path | None:
    """Return the cache folder that the options name, None for no cache."""
    from metrics.caching import default_cache

    return None if options.no_cache else options.cache or default_cache()


def reading_from(options: argparse.Namespace, report: ProgressLine) -> Reading:
    """Return how images are read and who is told of it."""
    from metrics.caching import Reading

    on_error = "skip" if options.skip_unreadable else "refuse"
    return Reading(options.workers, on_error, cache_from(options), report)


def settings_from(pairs: list[str]) -> dict[str, dict[str, Any]]:
    """Return ``precision_recall.k=5`` and the like as settings by metric. Raises InvalidInput."""
    from metrics.registry import resolve

    settings: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        place, equals, value = pair.partition("=")
        metric, dot, name = place.partition(".")
        if not equals or not dot:
            raise InvalidInput(f"--set takes METRIC.SETTING=VALUE, such as prc.k=5, not {pair!r}")
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = value
        for one in resolve([metric]):
            settings.setdefault(one.name, {})[name] = parsed
    return settings
