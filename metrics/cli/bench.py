"""``bench``: what this machine does in a second, and which stage holds the others up."""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable
from typing import Any


def add_to(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "bench",
        help="measure decoding, the network and the Fréchet distance on this machine",
        description="Measure decoding of 256 x 256 PNGs, Inception with random weights, its share of "
        "the device's measured convolution ceiling, and a Fréchet distance of 2048 dimensions.",
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="reference", choices=("reference", "fast", "draft"))
    parser.add_argument("--batches", type=int, default=4, help="timed batches; default: %(default)s")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the measurements; return 0."""
    from metrics.devices import resolve_device

    device = resolve_device(options.device)
    decoding = decoded_a_second()
    network, achieved = network_a_second(device, options.precision, options.batches)
    ceiling = convolution_ceiling(device, options.precision)
    seconds = frechet_seconds(device)
    slower = (
        "decoding (one core; it runs in as many processes as there are)"
        if decoding < network
        else "the network"
    )
    sys.stdout.write(
        f"device            {device_name(device)}, precision {options.precision}\n"
        f"decoding          {decoding:,.0f} PNGs of 256 x 256 a second on one core\n"
        f"network           {network:,.1f} images a second, {achieved / 1e12:.2f} TFLOP/s, "
        f"{100 * achieved / ceiling:.0f}% of the convolution ceiling ({ceiling / 1e12:.2f})\n"
        f"Fréchet distance  {seconds:.2f} s at 2048 dimensions\n"
        f"bottleneck        {slower}\n"
    )
    return 0


def device_name(device: Any) -> str:
    """Return the card's name, or the CPU's thread count."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads"


def _seconds(call: Callable[[], object], device: Any, repeats: int) -> float:
    import torch

    def settle() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    call()
    settle()
    begun = time.perf_counter()
    for _ in range(repeats):
        call()
    settle()
    return (time.perf_counter() - begun) / repeats


def decoded_a_second() -> float:
    """Return how many 256 x 256 PNGs one core decodes in a second."""
    import numpy as np
    from PIL import Image, ImageFilter

    from metrics.images.decoding import decode
    from metrics.images.sources import ImageItem

    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2)).save(buffer, "PNG")
    item = ImageItem("bench", buffer.getvalue())
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < 0.5:
        decode(item, 3)
        count += 1
    return count / (time.perf_counter() - begun)


INCEPTION_FLOPS = 2 * 5.71e9


def network_a_second(device: Any, precision: str, batches: int) -> tuple[float, float]:
    """Return images a second through Inception with random weights, and the FLOP/s that they are."""
    import torch

    from metrics.devices import network_dtype, precision_tier
    from metrics.extractors.base import default_batch
    from metrics.extractors.inception_network import InceptionNetwork

    network = InceptionNetwork().prepare(network_dtype(precision)).to(device)
    size = default_batch((299, 299), device)
    batch = torch.rand(size, 3, 299, 299, device=device, dtype=network_dtype(precision)) * 2 - 1
    with torch.inference_mode(), precision_tier(precision):
        seconds = _seconds(lambda: network(batch), device, batches)
    return size / seconds, INCEPTION_FLOPS * size / seconds


def convolution_ceiling(device: Any, precision: str) -> float:
    """Return the FLOP/s of one large 3 x 3 convolution, the best that a network could come to here."""
    import torch

    from metrics.devices import network_dtype, precision_tier

    channels, side, batch = (512, 64, 64) if device.type == "cuda" else (192, 35, 8)
    dtype = network_dtype(precision)
    layer = torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False).to(device, dtype)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.rand(batch, channels, side, side, device=device, dtype=dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), precision_tier(precision):
        seconds = _seconds(lambda: layer(x), device, 5)
    return 2 * 9 * channels**2 * side**2 * batch / seconds


def frechet_seconds(device: Any) -> float:
    """Return the seconds of a Fréchet distance between covariances of 2048 dimensions."""
    import torch

    from metrics.devices import statistics_device
    from metrics.frechet import frechet_distance

    place = statistics_device(device)
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(2, 4096, 2048, generator=generator, dtype=torch.float64).to(place)
    mean, cov = samples.mean(dim=1), [torch.cov(one.T) for one in samples]
    begun = time.perf_counter()
    frechet_distance(mean[0], cov[0], mean[1], cov[1])
    return time.perf_counter() - begun
