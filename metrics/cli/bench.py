"""``bench``: what this machine does in a second, and which stage holds the others up."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics.measuring import Measurement

IMAGES = {"cuda": 8_192, "cpu": 64}
SAMPLES = {"cuda": 50_000, "cpu": 2_000}


def add_to(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "bench",
        help="measure decoding, the network and the distances on this machine",
        description="Measure decoding of 256 x 256 PNGs; Inception with random weights and its share of the "
        "device's measured convolution ceiling; features from arrays and from files; statistics, Fréchet "
        "and kernel distances, precision, recall, density and coverage of 2048 features.",
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="reference", choices=("reference", "fast", "draft"))
    parser.add_argument(
        "--compile", action="store_true", help="with torch.compile, whose time is not counted"
    )
    parser.add_argument("--batches", type=int, default=4, help="timed batches; default: %(default)s")
    parser.add_argument("--images", type=int, help="default: 8,192 on a GPU, 64 else")
    parser.add_argument(
        "--samples", type=int, help="of each set; default: 50,000 on a GPU, 2,000 else; 0: no distances"
    )
    parser.add_argument("--workers", type=int, help="decoding processes; default: as in compare")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures as well")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print each figure as it is measured; return 0."""
    import torch

    from metrics.devices import resolve_device
    from metrics.measuring import device_name

    device = resolve_device(options.device)
    name = f"{device_name(device)}, torch {torch.__version__}, precision {options.precision}"
    sys.stdout.write(f"{'device':34} {name}\n")
    found = []
    for one in chain(_of_images(options, device), _of_distances(options, device)):
        found.append(asdict(one))
        value = f"{one.value:,.2f}" if one.value < 100 else f"{one.value:,.0f}"
        sys.stdout.write(f"{one.name:34} {value} {one.unit}{f' ({one.note})' if one.note else ''}\n")
        sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps({"device": name, "figures": found}, indent=2) + "\n")
    return 0


def _of_images(options: argparse.Namespace, device: Any) -> Iterator[Measurement]:
    from metrics import measuring
    from metrics.images.decoding import default_workers
    from metrics.measuring import INCEPTION_FLOPS, Measurement

    count = options.images or IMAGES["cuda" if device.type == "cuda" else "cpu"]
    workers = default_workers(device.type) if options.workers is None else options.workers
    ceiling = measuring.convolution_ceiling(device, options.precision)
    yield Measurement("convolution ceiling", ceiling / 1e12, "TFLOP/s")
    extractor = measuring.random_inception(device, options.precision)
    if options.compile:
        extractor.compile()
    network = measuring.network_a_second(extractor, options.batches)
    yield Measurement("network", network, "images/s", _share(network * INCEPTION_FLOPS, ceiling))
    images = measuring.pictures(count)
    arrays = measuring.features_a_second(extractor, images, options.workers)
    yield Measurement("arrays to features", arrays, "images/s", _share(arrays * INCEPTION_FLOPS, ceiling))
    yield Measurement("decoding, one core", measuring.decoded_a_second(), "PNGs of 256 x 256 a second")
    with measuring.picture_files(images) as folder:
        arriving = measuring.delivered_a_second(folder, workers)
        yield Measurement("decoding, all workers", arriving, "PNGs a second", _processes(workers))
        files = measuring.features_a_second(extractor, folder, options.workers)
        slower = "decoding" if arriving < arrays else "the network"
        yield Measurement("files to features", files, "images/s", f"{slower} is the bottleneck")


def _of_distances(options: argparse.Namespace, device: Any) -> Iterator[Measurement]:
    from metrics.measuring import Measurement, distance_figures

    asked = options.samples
    samples = SAMPLES["cuda" if device.type == "cuda" else "cpu"] if asked is None else asked
    if not samples:
        return
    found = distance_figures(device, samples)
    size = f"{samples:,} x 2048"
    yield Measurement(f"statistics of {size}", found.statistics, "s")
    yield Measurement("Fréchet distance, 2048 dimensions", found.frechet, "s")
    yield Measurement(f"kernel distance, {size}", found.kernel, "s")
    peak = "" if found.peak is None else f"{found.peak / 2**20:,.0f} MiB above the inputs"
    yield Measurement("precision to coverage, same sets", found.neighbours, "s", peak)


def _share(achieved: float, ceiling: float) -> str:
    return f"{achieved / 1e12:.2f} TFLOP/s, {100 * achieved / ceiling:.0f}% of the convolution ceiling"


def _processes(workers: int) -> str:
    from metrics.measuring import usable_cores

    return f"{workers or 'no'} worker processes, {usable_cores()} cores"
