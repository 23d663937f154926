"""Extractors by name: ``load_extractor("inception")``, ``module:FILE.pt2``, ``torchvision:resnet50``, ..."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.errors import UnknownExtractor

if TYPE_CHECKING:
    from metrics.extractors.base import Extractor

PUBLISHED = ("torchvision", "timm", "open_clip", "dinov2")
ENTRY_POINT = "humaneval_metrics.extractors"

KINDS: dict[str, str] = {
    "inception": "the FID Inception-v3 (2015-12-05), 2048 features and 1008 logits; "
    "inception:64, :192 and :768 are its earlier taps",
    "module": "module:FILE.pt2, a network of your own saved with torch.export, FILE.json beside it",
    "torchscript": "torchscript:FILE.pt, the same for TorchScript",
    "torchvision": "torchvision:NAME, a torchvision classifier with its published weights",
    "timm": "timm:NAME, a timm model (pip install timm), such as timm:vit_large_patch14_dinov2.lvd142m",
    "open_clip": "open_clip:NAME/PRETRAINED, a CLIP image tower (pip install open_clip_torch)",
    "dinov2": "DINOv2 ViT-L/14 at 224 x 224, as FD-DINOv2 is published (pip install timm); "
    "also dinov2:vits14, vitb14, vitg14",
    "pixels": "pixels:32, the pixels themselves at 32 x 32",
}


def _split(spec: str) -> tuple[str, str]:
    kind, _, argument = spec.strip().partition(":")
    if kind not in KINDS and kind not in added_extractors():
        known = ", ".join([*KINDS, *added_extractors()])
        raise UnknownExtractor(f"no extractor is called {spec!r}; there are: {known}")
    if kind == "dinov2":
        argument = argument or "vitl14"
    if not argument and kind not in ("inception", *added_extractors()):
        raise UnknownExtractor(f"{kind} needs more than its name: {KINDS[kind]}")
    return kind, argument


def added_extractors() -> dict[str, Any]:
    """Return extractors that installed packages add by the entry point ``humaneval_metrics.extractors``.

    Each is a callable ``(argument, *, device, precision) -> Extractor``, loaded when it is used.
    """
    return {point.name: point for point in entry_points(group=ENTRY_POINT)}


def check_extractor(spec: str, *, weights: str | Path | None = None) -> None:
    """Raise what ``load_extractor`` would for a wrong spec or missing files, without loading or fetching."""
    kind, argument = _split(spec)
    if kind == "inception":
        from metrics.extractors import inception

        inception.check(argument, weights)
    elif kind in ("module", "torchscript"):
        from metrics.extractors import own_file

        own_file.check(argument)
    elif kind == "pixels":
        from metrics.extractors import pixels

        pixels.size_of(argument)
    elif kind in PUBLISHED:
        from metrics.extractors import published

        published.check(kind, argument)


def load_extractor(
    spec: str,
    *,
    device: Any = "auto",
    precision: str = "reference",
    weights: str | Path | None = None,
    preprocessing: str | None = None,
    verify: bool = True,
    channels: int = 3,
) -> Extractor:
    """Return the extractor that a spec names, ready on a device ("auto": a GPU if there is one).

    ``precision`` is reference, fast or draft; ``weights`` a path to published weights (else the setting, the
    cache, a download); ``preprocessing`` another than the extractor's own, for ``inception``;
    ``verify=False`` accepts other weights than the published; ``channels`` is for ``pixels``.
    Raises UnknownExtractor, MissingWeights, MissingPackage or InvalidInput, each with what to do.
    """
    import torch

    from metrics.devices import check_precision, resolve_device

    kind, argument = _split(spec)
    place = device if isinstance(device, torch.device) else resolve_device(device)
    check_precision(precision)
    if preprocessing is not None and kind != "inception":
        raise UnknownExtractor(f"{kind} has its own preprocessing; {preprocessing!r} cannot be asked of it")
    if kind == "inception":
        from metrics.extractors import inception

        return inception.load(
            argument,
            device=place,
            precision=precision,
            weights=weights,
            preprocessing=preprocessing,
            verify=verify,
        )
    if kind in ("module", "torchscript"):
        from metrics.extractors import own_file

        return own_file.load(kind, argument, device=place, precision=precision)
    if kind == "pixels":
        from metrics.extractors import pixels

        return pixels.load(argument, device=place, channels=channels)
    if kind in PUBLISHED:
        from metrics.extractors import published

        return published.load(kind, argument, device=place, precision=precision, weights=weights)
    extractor: Extractor = added_extractors()[kind].load()(argument, device=place, precision=precision)
    return extractor
