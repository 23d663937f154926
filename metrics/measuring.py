"""What this machine does in a second: decoding, the network, features of images, statistics, distances."""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter

from metrics.devices import network_dtype, precision_tier, statistics_device
from metrics.extraction import extract
from metrics.extractors.base import Description, Extractor
from metrics.extractors.inception import SIZE, extractor_of
from metrics.extractors.inception_network import InceptionNetwork
from metrics.frechet import frechet_distance
from metrics.images.decoding import decode, decoded
from metrics.images.preprocessing import preprocessing_named
from metrics.images.sources import ImageItem, image_items
from metrics.kernel import kernel_distance
from metrics.manifold import count_balls
from metrics.neighbours import nearest_within
from metrics.statistics import FeatureStatistics

INCEPTION_FLOPS = 2 * 5.71e9
SIDE = 256
# Batch, channels and side of 3 x 3 convolutions that fill a device; the best of them is its ceiling.
LARGE_CONVOLUTIONS = {"cuda": ((64, 512, 64), (256, 256, 56), (128, 1024, 32)), "cpu": ((8, 192, 35),)}


@dataclass(frozen=True)
class Measurement:
    """A figure, its unit, and what to know about it."""

    name: str
    value: float
    unit: str
    note: str = ""


def device_name(device: torch.device) -> str:
    """Return the card's name, or the CPU's thread count."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads"


def settle(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(call: Callable[[], object], device: torch.device, repeats: int = 1) -> float:
    """Return the seconds of one call, the mean of ``repeats`` back to back after one that is not counted."""
    call()
    settle(device)
    begun = time.perf_counter()
    for _ in range(repeats):
        call()
    settle(device)
    return (time.perf_counter() - begun) / repeats


def convolution_ceiling(device: torch.device, precision: str) -> float:
    """Return the FLOP/s of the fastest large convolution, the best that a network could come to here."""
    shapes = LARGE_CONVOLUTIONS["cuda" if device.type == "cuda" else "cpu"]
    return max(_convolution_flops(device, precision, *shape) for shape in shapes)


def _convolution_flops(device: torch.device, precision: str, batch: int, channels: int, side: int) -> float:
    dtype = network_dtype(precision)
    layer = torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False).to(device, dtype)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(batch, channels, side, side, device=device, dtype=dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), precision_tier(precision):
        seconds = seconds_of(lambda: layer(x), device, 10 if device.type == "cuda" else 3)
    return 2 * 9 * channels**2 * side**2 * batch / seconds


def random_inception(device: torch.device, precision: str) -> Extractor:
    """Return Inception with random weights, as fast as with the published ones."""
    network = InceptionNetwork().prepare(network_dtype(precision)).to(device)
    about = Description(
        "inception", "inception-random", "0", "", SIZE, 3, "tf1", "tf1", precision, 2048, 1008
    )
    return extractor_of(about, network, preprocessing_named("tf1"), device)


def network_a_second(extractor: Extractor, batches: int) -> float:
    """Return the images a second of the network alone, from batches that lie on the device."""
    size = extractor.batch_size
    batch = torch.rand(size, 3, *SIZE, device=extractor.device) * 2 - 1
    return size / seconds_of(lambda: extractor.run(batch), extractor.device, batches)


def pictures(count: int) -> np.ndarray:
    """Return smoothed noise (count, 256, 256, 3) uint8; from the 65th on they are repeated."""
    rng = np.random.default_rng(0)
    made = [rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8) for _ in range(min(count, 64))]
    smooth = [np.asarray(Image.fromarray(one).filter(ImageFilter.GaussianBlur(2))) for one in made]
    return np.stack(smooth)[np.arange(count) % len(smooth)]


def features_a_second(extractor: Extractor, images: Any, workers: int | None) -> float:
    """Return the images a second from arrays or files to features, from the first batch to the last.

    What happens once, such as the start of workers, is left out; with one batch all counts, and so it does
    where several batches are under way when the first is counted.
    """
    extract(extractor, pictures(extractor.batch_size), workers=0)
    ticks = [(0, time.perf_counter())]

    def tick(done: int, _total: int) -> None:
        ticks.append((done, time.perf_counter()))

    extract(extractor, images, workers=workers, progress=tick)
    settle(extractor.device)
    first, last = ticks[0 if extractor.concurrent or len(ticks) <= 2 else 1], ticks[-1]
    return (last[0] - first[0]) / (time.perf_counter() - first[1])


@contextmanager
def picture_files(images: np.ndarray) -> Iterator[Path]:
    """Write the images as PNGs to a temporary folder for as long as it is used."""
    with tempfile.TemporaryDirectory() as folder:
        encoded = [_png(image) for image in images[:64]]
        for index in range(len(images)):
            (Path(folder) / f"{index:06d}.png").write_bytes(encoded[index % len(encoded)])
        yield Path(folder)


def _png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def decoded_a_second() -> float:
    """Return how many 256 x 256 PNGs one core decodes in a second."""
    item = ImageItem("bench", _png(pictures(1)[0]))
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < 0.5:
        decode(item, 3)
        count += 1
    return count / (time.perf_counter() - begun)


def delivered_a_second(folder: Path, workers: int) -> float:
    """Return how many files' pixels arrive here in a second from all workers, once these have started."""
    items = image_items(folder)
    stream = decoded(items, 3, workers)
    for _ in range(min(len(items) // 4, 8 * workers)):
        next(stream)
    begun = time.perf_counter()
    return sum(1 for _ in stream) / (time.perf_counter() - begun)


@dataclass(frozen=True)
class DistanceFigures:
    """Seconds of statistics and distances of two sets of 2048 features, and the peak of the device's memory.

    ``peak`` is that of precision, recall, density and coverage, in bytes above the inputs; None on a CPU.
    """

    statistics: float
    frechet: float
    kernel: float
    neighbours: float
    peak: int | None


def distance_figures(device: torch.device, samples: int, dimension: int = 2048) -> DistanceFigures:
    """Measure the distances on the device, in float64 but for the neighbours of float32 features."""
    place = statistics_device(device)
    generator = torch.Generator(place).manual_seed(0)
    real, generated = (
        torch.randn(samples, dimension, device=place, generator=generator).abs_() for _ in range(2)
    )
    both = [FeatureStatistics.of(one, device=place) for one in (real, generated)]
    gaussians = (both[0].mean, both[0].cov, both[1].mean, both[1].cov)
    return DistanceFigures(
        seconds_of(lambda: FeatureStatistics.of(real, device=place), place),
        seconds_of(lambda: frechet_distance(*gaussians), place),
        seconds_of(lambda: kernel_distance(real, generated), place),
        *_neighbours(real, generated),
    )


def _neighbours(real: torch.Tensor, generated: torch.Tensor) -> tuple[float, int | None]:
    on_gpu = real.device.type == "cuda"
    settle(real.device)
    before = torch.cuda.memory_allocated(real.device) if on_gpu else 0
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(real.device)
    begun = time.perf_counter()
    found = nearest_within(real, 5), nearest_within(generated, 5)
    count_balls(real, generated, *found, [3, 5])
    settle(real.device)
    seconds = time.perf_counter() - begun
    return seconds, torch.cuda.max_memory_allocated(real.device) - before if on_gpu else None


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
