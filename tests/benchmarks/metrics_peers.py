"""What the metric benchmarks share: timing, memory, random Inception weights, folders of pictures."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from PIL import Image, ImageFilter


@dataclass(frozen=True)
class Measured:
    """What a call gave, its seconds by the clock and on all cores, and its peak of memory (MB)."""

    result: Any
    seconds: float
    core_seconds: float
    peak_mb: float


def measure(call: Callable[[], Any]) -> Measured:
    """Return a call's result, time and peak of resident memory above its start, sampled every 5 ms."""
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    peak, over = [before], threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    begun, cores = time.perf_counter(), time.process_time()
    try:
        result = call()
    finally:
        seconds, used = time.perf_counter() - begun, time.process_time() - cores
        over.set()
        watcher.join()
    return Measured(result, seconds, used, (peak[0] - before) / 2**20)


def best_of(call: Callable[[], Any], repeats: int) -> Measured:
    """Return the fastest of some runs: on a shared machine the others measure the neighbours."""
    return min((measure(call) for _ in range(repeats)), key=lambda one: one.seconds)


def report(name: str, ours: Measured, peer: Measured, target: float) -> None:
    """Print one line: both times, how many times faster, and how many are asked for.

    On a machine that others use at the time the ratio of core seconds says more than the clock's.
    """
    ratio, cores = peer.seconds / ours.seconds, peer.core_seconds / ours.core_seconds
    verdict = "ok" if ratio >= target else "BELOW"
    print(
        f"{name:46} {ours.seconds:8.2f} s, peer {peer.seconds:8.2f} s: {ratio:6.2f} times as fast "
        f"({cores:.2f} in core seconds), asked {target:g}: {verdict}",
        flush=True,
    )


def random_inception_weights(path: Path, seed: int = 0) -> Path:
    """Write a state like the published one, with random values that keep activations alive."""
    from metrics.extractors.inception_network import InceptionNetwork

    generator = torch.Generator().manual_seed(seed)
    network = InceptionNetwork()
    state = network.state_dict()
    for name, value in state.items():
        if name.endswith("running_var") or name.endswith("bn.weight"):
            value.copy_(torch.rand(value.shape, generator=generator) * 0.5 + 0.75)
        elif name.endswith("running_mean") or name.endswith("bn.bias"):
            value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
        elif name.endswith("weight"):
            fan = value[0].numel()
            value.copy_(torch.randn(value.shape, generator=generator) * (2 / fan) ** 0.5)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path)
    return path


def picture_folder(folder: Path, count: int, size: int, seed: int) -> Path:
    """Write PNGs of smoothed colour noise, so that decoding costs what photographs cost."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for index in range(count):
        coarse = rng.integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
        noise = Image.fromarray(rng.integers(0, 256, (size, size, 3), dtype=np.uint8))
        blend = Image.blend(picture, noise.filter(ImageFilter.GaussianBlur(1)), 0.2)
        blend.save(folder / f"{index:05d}.png")
    return folder
