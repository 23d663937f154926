"""A network of one's own from a file: ``module:FILE.pt2`` (torch.export) or ``torchscript:FILE.pt``.

Beside the file lies a small JSON of the same name that says what a file of weights cannot.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from metrics.devices import network_dtype
from metrics.errors import InvalidInput, MissingWeights
from metrics.extractors.base import Description, Extractor, Outputs, default_batch
from metrics.extractors.weights import file_sha256
from metrics.features import write_whole
from metrics.images.preprocessing import preprocessing_named
from metrics.images.resizing import RULES

KEYS = {
    "name": str,
    "version": str,
    "input_size": list,
    "channels": int,
    "preprocessing": str,
    "feature_dimension": int,
    "logit_dimension": int,
}
BATCH = 64


def save_module(
    network: torch.nn.Module,
    path: str | Path,
    *,
    name: str,
    version: str = "1",
    input_size: tuple[int, int],
    channels: int = 3,
    preprocessing: str = "unit",
    resize: str = "bilinear-antialias",
    classes: Sequence[str] = (),
) -> Path:
    """Write ``path`` (.pt2) and its JSON so that ``module:path`` loads it; return the path.

    ``classes`` names the logits' classes in their order, so that labels may be names.

    The network takes (n, channels, height, width) and gives features, (features, logits) or a dict with
    these keys, and must not depend on the batch's size.
    """
    target = Path(path)
    if target.suffix != ".pt2":
        raise InvalidInput(f"an exported network is called FILE.pt2, not {target.name}")
    preprocessing_named(preprocessing)
    example = torch.zeros(BATCH, channels, *input_size)
    network = network.eval().cpu()
    with torch.inference_mode(False), torch.no_grad():
        features, logits = outputs(network(example))
        sizes = ({0: torch.export.Dim("batch", min=1, max=65536)},)
        program = torch.export.export(network, (example,), dynamic_shapes=sizes)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.stem}.part.pt2")
    torch.export.save(program, part)
    part.replace(target)
    sidecar = {
        "name": name,
        "version": version,
        "input_size": list(input_size),
        "channels": channels,
        "preprocessing": preprocessing,
        "resize": resize,
        "feature_dimension": features.flatten(start_dim=1).shape[1],
        "logit_dimension": 0 if logits is None else logits.shape[1],
        "batch_size": BATCH,
    } | ({"classes": list(classes)} if classes else {})
    _check_classes(sidecar, target.with_suffix(".json"))
    write_whole(target.with_suffix(".json"), json.dumps(sidecar, indent=1).encode())
    return target


def outputs(result: Any) -> Outputs:
    """Return (features, logits or None) from what a user's network gave."""
    if isinstance(result, dict):
        return result["features"], result.get("logits")
    if isinstance(result, tuple | list):
        return result[0], result[1] if len(result) > 1 else None
    return result, None


def read_sidecar(path: Path) -> dict[str, Any]:
    """Return the JSON beside a network's file. Raises MissingWeights or InvalidInput with what to write."""
    sidecar = path.with_suffix(".json")
    if not path.is_file():
        raise MissingWeights(f"{path} does not exist: give the path of an exported network")
    if not sidecar.is_file():
        raise MissingWeights(
            f"{sidecar} is missing: write beside {path.name} a JSON object with {', '.join(KEYS)}"
        )
    try:
        content = json.loads(sidecar.read_text())
    except ValueError as error:
        raise InvalidInput(f"{sidecar} is not JSON: {error}") from error
    wrong = [key for key, kind in KEYS.items() if not isinstance(content.get(key), kind)]
    if wrong:
        raise InvalidInput(f"{sidecar}: missing or of another type: {', '.join(wrong)}")
    if len(content["input_size"]) != 2 or content["channels"] not in (1, 3):
        raise InvalidInput(f"{sidecar}: input_size is [height, width] and channels 1 or 3")
    if content.setdefault("resize", "bilinear-antialias") not in RULES:
        raise InvalidInput(f"{sidecar}: resize is one of {', '.join(RULES)}")
    preprocessing_named(content["preprocessing"])
    _check_classes(content, sidecar)
    return dict(content)


def _check_classes(content: Mapping[str, Any], sidecar: Path) -> None:
    classes = content.get("classes")
    if classes is None:
        return
    if not isinstance(classes, list) or len(classes) != content["logit_dimension"]:
        raise InvalidInput(f"{sidecar}: classes must be a list of {content['logit_dimension']} names")


def check(argument: str) -> None:
    """Raise MissingWeights or InvalidInput unless the file and its JSON are there and make sense."""
    read_sidecar(Path(argument))


def load(kind: str, argument: str, *, device: torch.device, precision: str) -> Extractor:
    """Return the extractor in a file; ``kind`` is ``module`` or ``torchscript``."""
    path = Path(argument)
    about = read_sidecar(path)
    module = _read_export(path, device) if kind == "module" else _read_script(path, device)
    size = (int(about["input_size"][0]), int(about["input_size"][1]))
    how = preprocessing_named(about["preprocessing"])
    how = type(how)(how.name, about["resize"], how.shift, how.scale, how.clip)
    description = Description(
        spec=f"{kind}:{argument}",
        name=about["name"],
        version=about["version"],
        weights_sha256=file_sha256(path),
        input_size=size,
        channels=about["channels"],
        resize=about["resize"],
        preprocessing=about["preprocessing"],
        precision=precision,
        feature_dimension=about["feature_dimension"],
        logit_dimension=about["logit_dimension"],
    )
    batch = int(about.get("batch_size") or default_batch(size, device))
    network = _in_precision(module, network_dtype(precision), device)
    classes = [str(name) for name in about.get("classes", ())]
    return Extractor(description, network, how, device=device, batch_size=batch, classes=classes)


def _in_precision(
    module: Callable[..., Any], dtype: torch.dtype, device: torch.device
) -> Callable[[torch.Tensor], Outputs]:
    """Return the network called in its own float32, under autocast where the tier is lower."""

    def call(batch: torch.Tensor) -> Outputs:
        if dtype == torch.float32:
            return outputs(module(batch))
        with torch.autocast(device.type, dtype=dtype):
            return outputs(module(batch.float()))

    return call


def _read_export(path: Path, device: torch.device) -> Callable[..., Any]:
    try:
        program = torch.export.load(path)
    except Exception as error:  # a broken archive raises many kinds
        raise InvalidInput(f"{path} is not a network saved by torch.export: {str(error)[:300]}") from error
    if device.type != "cpu":
        from torch.export.passes import move_to_device_pass

        program = move_to_device_pass(program, device)
    return program.module()


def _read_script(path: Path, device: torch.device) -> Callable[..., Any]:
    try:
        with warnings.catch_warnings():
            # PyTorch deprecates the format; files in it will be with users for years.
            warnings.simplefilter("ignore", DeprecationWarning)
            module = torch.jit.load(str(path), map_location=device)
    except (RuntimeError, ValueError) as error:
        raise InvalidInput(f"{path} is not a TorchScript file: {str(error)[:300]}") from error
    return module.eval()
