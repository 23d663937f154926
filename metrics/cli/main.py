"""Arguments in, exit status out: 0 done, 1 an error with its sentence, 130 interrupted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from metrics.cli import bench, compare, features, latents, listing
from metrics.errors import MetricsError

COMMANDS = (compare, features, latents, listing, bench)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m metrics",
        description="Automated scores for image generators: FID, IS, KID, precision and recall, density and "
        "coverage, NDB, Vendi score, uniqueness, near-duplicates, VAE diagnostics.",
        epilog="Example: python -m metrics compare real/ generated/ --metrics fid,prdc --json scores.json",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except MetricsError as error:
        sys.stderr.write(f"\nmetrics: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. What was finished is kept; the same command goes on from there.\n")
        return 130
    return status
