"""``features``: extract once, keep in a safetensors file, and statistics in an npz."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from metrics.cli.options import add_extractor_options, extractor_from, reading_from
from metrics.cli.progress import ProgressLine


def add_to(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "features",
        help="extract features into a file",
        description="Extract features of a folder, zip or S3 prefix into a safetensors file. An interrupted "
        "extraction goes on where it stopped when the command is given again.",
    )
    parser.add_argument("images", metavar="IMAGES")
    parser.add_argument("out", metavar="OUT", type=Path, help="a .safetensors file")
    parser.add_argument(
        "--statistics", type=Path, metavar="NPZ", help="also write mu and sigma as pytorch-fid reads them"
    )
    add_extractor_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Extract and write; return 0."""
    from metrics.caching import features_of
    from metrics.published import write_statistics

    report = ProgressLine()
    try:
        table = features_of(
            extractor_from(options), options.images, options.images, reading_from(options, report)
        )
    finally:
        report.close()
    table.save(options.out)
    sys.stdout.write(f"{len(table)} samples, {table.dimension} features each: {options.out}\n")
    for problem in table.problems:
        sys.stdout.write(f"left out: {problem.name}: {problem.reason}\n")
    if options.statistics:
        statistics = table.statistics()
        write_statistics(options.statistics, statistics.mean.numpy(), statistics.cov.numpy(), statistics.n)
        sys.stdout.write(f"statistics: {options.statistics}\n")
    return 0
