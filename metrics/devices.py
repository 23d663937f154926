"""Devices and precision tiers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from metrics.errors import InvalidInput

PRECISIONS = ("reference", "fast", "draft")


def resolve_device(name: str = "auto") -> torch.device:
    """Return the device of this name; ``auto`` is CUDA where there is any, else MPS, else the CPU."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InvalidInput(f"unknown device {name!r}: auto, cpu, cuda, cuda:1, mps") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InvalidInput("no CUDA device is usable here: check nvidia-smi, or say cpu")
    return device


def statistics_device(device: torch.device) -> torch.device:
    """Return where float64 work can run: the device itself, or the CPU where it has no float64."""
    return torch.device("cpu") if device.type == "mps" else device


def check_precision(name: str) -> str:
    """Return the tier's name. Raises InvalidInput unless it is reference, fast or draft."""
    if name not in PRECISIONS:
        raise InvalidInput(f"unknown precision {name!r}: one of {', '.join(PRECISIONS)}")
    return name


def network_dtype(precision: str) -> torch.dtype:
    """Return the type a network of this tier runs in."""
    return torch.bfloat16 if precision == "draft" else torch.float32


@contextmanager
def precision_tier(precision: str) -> Iterator[None]:
    """Set what the tier allows for the time of a computation, and set it back.

    ``reference`` is float32 with TF32 off and deterministic convolutions, whatever the caller had set;
    ``fast`` allows TF32.
    """
    tf32 = precision != "reference"
    cudnn = torch.backends.cudnn
    products = torch.get_float32_matmul_precision()
    before = cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = tf32, True, False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(products)
        cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = before
