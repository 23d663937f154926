"""``list``: the metrics, extractors and preprocessings there are."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any


def add_to(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("list", help="the metrics and extractors there are")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the lists; return 0."""
    sys.stdout.write(json.dumps(catalogue(), indent=1) + "\n" if options.json else text())
    return 0


def catalogue() -> dict[str, Any]:
    """Return metrics, groups and extractors as JSON-able values."""
    from metrics.extractors import KINDS, added_extractors
    from metrics.registry import GROUPS, metrics_by_name

    metrics = [
        {
            "name": metric.name,
            "aliases": list(metric.aliases),
            "label": metric.label,
            "description": metric.description,
            "needs": sorted(metric.needs),
            "gives": [
                {"name": kind.name, "label": kind.label, "higher_is_better": kind.higher_is_better}
                for kind in metric.gives
            ],
            "settings": dict(metric.defaults),
        }
        for metric in metrics_by_name().values()
    ]
    added = dict.fromkeys(added_extractors(), "added by an installed package")
    return {"metrics": metrics, "groups": GROUPS, "extractors": KINDS | added}


def text() -> str:
    """Return the lists for people."""
    found = catalogue()
    lines = ["Metrics (name, aliases, what it is, settings):"]
    for metric in found["metrics"]:
        aliases = f" ({', '.join(metric['aliases'])})" if metric["aliases"] else ""
        settings = ", ".join(f"{key}={json.dumps(value)}" for key, value in metric["settings"].items())
        lines.append(
            f"  {metric['name']}{aliases}: {metric['description']}" + (f" [{settings}]" if settings else "")
        )
    lines += [f"  {name}: {' and '.join(parts)}" for name, parts in found["groups"].items()]
    lines += ["", "Extractors:"] + [f"  {name}: {about}" for name, about in found["extractors"].items()]
    lines += [
        "",
        "Preprocessings of inception: tf1 (torch-fidelity's), pytorch (pytorch-fid's), clean (clean-fid's)",
    ]
    return "\n".join(lines) + "\n"
