"""Devices and precision tiers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

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

    ``reference`` is float32 with TF32 off and deterministic convolutions, whatever the caller had set, in
    PyTorch's older way or its newer one; ``fast`` allows TF32.
    """
    tf32 = precision != "reference"
    cudnn = torch.backends.cudnn
    convolutions = cudnn.deterministic, cudnn.benchmark
    older, newer = _older_settings(), [place.fp32_precision for place in _newer_settings()]
    _set_older((older[0] and ("high" if tf32 else "highest"), None if older[1] is None else tf32))
    _set_newer(["tf32" if tf32 else "ieee"] * len(newer))
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        _set_older(older)
        _set_newer(newer)
        cudnn.deterministic, cudnn.benchmark = convolutions


def _newer_settings() -> list[Any]:
    """Return what carries ``fp32_precision`` (PyTorch 2.9 and later): matrix products and convolutions."""
    backends: Any = torch.backends
    places = [backends.cuda.matmul, backends.mkldnn, backends.cudnn]
    if not all(hasattr(place, "fp32_precision") for place in places):
        return []
    return [
        backends.cuda.matmul,
        backends.cudnn.conv,
        backends.cudnn.rnn,
        backends.mkldnn.matmul,
        backends.mkldnn.conv,
    ]


def _set_newer(values: Sequence[str]) -> None:
    for place, value in zip(_newer_settings(), values, strict=True):
        place.fp32_precision = value


def _older_settings() -> tuple[str | None, bool | None]:
    """Return the precision of matrix products and whether cuDNN may use TF32.

    None where PyTorch refuses to say, since the caller has set the newer ones to something else.
    """
    try:
        products = torch.get_float32_matmul_precision()
    except RuntimeError:
        products = None
    try:
        return products, torch.backends.cudnn.allow_tf32
    except RuntimeError:
        return products, None


def _set_older(settings: tuple[str | None, bool | None]) -> None:
    products, convolutions = settings
    if products is not None:
        torch.set_float32_matmul_precision(products)
    if convolutions is not None:
        torch.backends.cudnn.allow_tf32 = convolutions
