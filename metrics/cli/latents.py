"""``latents``: VAE diagnostics of a file of posterior means and log-variances."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "latents",
        help="active units and KL of a VAE's posterior",
        description="Read posterior means and log-variances (n, d), or KL, from a .npz, .pt or .safetensors "
        "file (arrays called means and log_variances, or kl) and say which latent dimensions are used.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument(
        "--threshold", type=float, default=0.01, help="variance of means; default: %(default)s"
    )
    parser.add_argument("--kl-threshold", type=float, default=0.01, help="nats; default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the diagnostics of each file, write what was asked for; return 0."""
    found = {str(path): _diagnose(path, options) for path in options.files}
    for path, one in found.items():
        sys.stdout.write(f"{path}: {_sentence(one)}\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def _diagnose(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    from metrics.latents import active_units, active_units_from_kl, read_latents
    from metrics.scores import json_value

    arrays = read_latents(path)
    if "means" in arrays:
        result = active_units(
            arrays["means"],
            arrays.get("log_variances"),
            threshold=options.threshold,
            kl_threshold=options.kl_threshold,
        )
    else:
        result = active_units_from_kl(arrays["kl"], kl_threshold=options.kl_threshold)
    described: dict[str, Any] = json_value(
        {
            "n": result.n,
            "dimension": result.dimension,
            "active_units": result.active,
            "active_units_by_kl": result.active_by_kl,
            "collapsed_share": result.collapsed_share,
            "threshold": result.threshold,
            "kl_threshold": result.kl_threshold,
            "variance": result.variance,
            "kl": result.kl,
        }
    )
    return described


def _sentence(one: dict[str, Any]) -> str:
    parts = []
    if one["active_units"] is not None:
        parts.append(
            f"{one['active_units']} of {one['dimension']} units active "
            f"(variance of means above {one['threshold']:g})"
        )
    if one["active_units_by_kl"] is not None:
        parts.append(
            f"{one['active_units_by_kl']} by KL above {one['kl_threshold']:g} nats, "
            f"{sum(one['kl']):.4g} nats in all"
        )
    return ", ".join([*parts, f"{100 * one['collapsed_share']:.0f}% collapsed, n = {one['n']}"])
