"""``compare``: scores of generated sets against a real one, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from metrics.cli.options import (
    add_extractor_options,
    cache_from,
    extractor_from,
    settings_from,
)
from metrics.cli.progress import ProgressLine


def add_to(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "compare",
        help="score generated sets against a real one",
        description="Score sets against a real one. A set is a folder, a zip or s3://bucket/prefix; "
        "REAL may be an npz of published statistics (mu, sigma), for FID alone.",
    )
    parser.add_argument("real", metavar="REAL")
    parser.add_argument("generated", metavar="GENERATED", nargs="+")
    parser.add_argument("--metrics", default="fid,is,kid,prdc", help="comma-separated; default: %(default)s")
    parser.add_argument("--set", action="append", default=[], metavar="METRIC.SETTING=VALUE", dest="settings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all scores with their settings")
    parser.add_argument("--per-sample", type=Path, metavar="DIR", help="per-sample scores as CSV")
    parser.add_argument(
        "--prompts",
        action="append",
        metavar="CSV",
        help="columns name and prompt, for clip_score; once for all sets or once for each; "
        "default: a folder's own prompts.csv",
    )
    parser.add_argument(
        "--labels",
        action="append",
        metavar="CSV",
        help="columns name and label (the class asked for), for class_accuracy; as --prompts",
    )
    add_extractor_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare, print the table, write what was asked for; return 0."""
    from metrics.comparing import compare
    from metrics.registry import resolve

    names = [name for name in options.metrics.split(",") if name.strip()]
    resolve(names)
    settings = settings_from(options.settings)
    extractor = extractor_from(options)
    report = ProgressLine()
    try:
        result = compare(
            options.real,
            options.generated,
            metrics=names,
            extractor=extractor,
            settings=settings,
            seed=options.seed,
            report=report,
            workers=options.workers,
            on_error="skip" if options.skip_unreadable else "refuse",
            cache=cache_from(options),
            prompts=options.prompts,
            labels=options.labels,
        )
    finally:
        report.close()
    sys.stdout.write(table(result))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result.as_dict(), indent=1) + "\n")
    if options.per_sample:
        write_per_sample(result, options.per_sample)
    return 0


def table(result: Any) -> str:
    """Return the scores as text: a row for each score of each set, then the warnings once each."""
    rows = [("set", "score", "value", "± s.e.", "better", "n real", "n gen.")]
    for score in result.scores:
        error = "" if score.standard_error is None else f"{score.standard_error:.3g}"
        better = {True: "higher", False: "lower", None: ""}[score.higher_is_better]
        count = str(score.count_real or "")
        value = f"{score.value:.6g}"
        rows.append((score.set_name, score.label, value, error, better, count, str(score.count_generated)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    notes = list(dict.fromkeys(warning for score in result.scores for warning in score.warnings))
    notes += [f"left out: {name}, {reason}" for name, reason in result.left_out.items()]
    described = result.extractor
    about = (
        f"{described['name']} {described['version']}, preprocessing {described['preprocessing']}, "
        f"precision {described['precision']}, weights {described['weights_sha256'][:12] or 'none'}"
    )
    return (
        "\n".join([*(line.rstrip() for line in lines), "", about, *(f"note: {note}" for note in notes)])
        + "\n"
    )


def write_per_sample(result: Any, folder: Path) -> None:
    """Write one CSV for each generated set: a row for each sample, a column for each per-sample score."""
    import csv

    folder.mkdir(parents=True, exist_ok=True)
    for name in result.generated:
        columns = {key: values for score in result.of_set(name) for key, values in score.per_sample.items()}
        with (folder / f"{name.replace('/', '_')}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sample", *columns])
            for row, sample in enumerate(result.names[name]):
                writer.writerow([sample, *(values[row] for values in columns.values())])
