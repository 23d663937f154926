"""Networks of other packages: torchvision's, timm's, open_clip's, and DINOv2 as FD-DINOv2 takes it."""

from __future__ import annotations

import hashlib
import re
import urllib.error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from metrics.devices import network_dtype
from metrics.errors import InvalidInput, MissingPackage, MissingWeights, UnknownExtractor
from metrics.extractors.base import Description, Extractor, Outputs, default_batch
from metrics.extractors.vision_ops import import_torchvision
from metrics.images.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

PACKAGES = {"torchvision": "torchvision", "timm": "timm", "open_clip": "open_clip_torch"}
DINOV2 = {
    "vits14": "vit_small_patch14_dinov2.lvd142m",
    "vitb14": "vit_base_patch14_dinov2.lvd142m",
    "vitl14": "vit_large_patch14_dinov2.lvd142m",
    "vitg14": "vit_giant_patch14_dinov2.lvd142m",
}
DINOV2_SIZE = (224, 224)
FILTERS = {"bilinear": "bilinear-antialias", "bicubic": "bicubic-antialias"}


@dataclass(frozen=True)
class _Loaded:
    network: nn.Module
    run: Callable[[torch.Tensor], Outputs]
    version: str
    size: tuple[int, int]
    resize_to: int | None
    rule: str
    mean: Sequence[float]
    std: Sequence[float]
    features: int
    logits: int
    texts: Callable[[Sequence[str]], torch.Tensor] | None = None
    classes: Sequence[str] = ()


def check(kind: str, argument: str) -> None:
    """Raise MissingPackage or UnknownExtractor for what cannot be loaded here; weights are not looked for."""
    package = "timm" if kind == "dinov2" else kind
    if find_spec(package) is None:
        raise MissingPackage(f"{kind}:{argument} needs a package: pip install {PACKAGES[package]}")
    if kind == "dinov2" and argument not in DINOV2:
        raise UnknownExtractor(f"dinov2 comes as {', '.join(DINOV2)}, not {argument!r}")
    if kind == "timm" and not re.fullmatch(r"[\w.-]+", argument):
        raise _not_timms(argument)
    if kind == "open_clip" and not all(argument.partition("/")):
        raise UnknownExtractor("open_clip:NAME/PRETRAINED, such as open_clip:ViT-L-14-336/openai")


def _not_timms(name: str) -> UnknownExtractor:
    return UnknownExtractor(
        f"timm has no model called {name!r} (timm.list_pretrained() has its names); another network comes as "
        "a file of your own"
    )


def load(
    kind: str,
    argument: str,
    *,
    device: torch.device,
    precision: str,
    weights: str | Path | None = None,
) -> Extractor:
    """Return the extractor; ``weights`` is a file with the network's state instead of a download."""
    check(kind, argument)
    if find_spec("torchvision") is not None:
        import_torchvision()  # timm and open_clip import it too, and need the same cure
    loaders = {"torchvision": _torchvision, "timm": _timm, "open_clip": _open_clip, "dinov2": _dinov2}
    try:
        loaded = loaders[kind](argument, weights)
    except MissingWeights:
        raise
    except (urllib.error.URLError, OSError) as error:
        raise _missing(kind, argument, error) from error
    network = loaded.network.eval().requires_grad_(False)
    digest = state_sha256(network)
    network.to(device=device, dtype=network_dtype(precision), memory_format=torch.channels_last)  # type: ignore[call-overload]
    how = Preprocessing(
        kind,
        loaded.rule,
        tuple(255 * value for value in loaded.mean),
        tuple(255 * value for value in loaded.std),
        clip=True,
        resize_to=loaded.resize_to,
    )
    description = Description(
        spec=f"{kind}:{argument}",
        name=f"{kind}-{argument}".replace("/", "-"),
        version=loaded.version,
        weights_sha256=digest,
        input_size=loaded.size,
        channels=3,
        resize=loaded.rule if loaded.resize_to is None else f"{loaded.rule}, {loaded.resize_to}, centre crop",
        preprocessing=f"mean {tuple(loaded.mean)}, std {tuple(loaded.std)}",
        precision=precision,
        feature_dimension=loaded.features,
        logit_dimension=loaded.logits,
    )
    return Extractor(
        description,
        loaded.run,
        how,
        device=device,
        batch_size=default_batch(loaded.size, device),
        texts=loaded.texts,
        classes=loaded.classes,
    )


def _missing(kind: str, argument: str, error: Exception) -> MissingWeights:
    """Return what to tell people: torchvision keeps a folder of its own, the others take a named file."""
    place = f"put them into {torch.hub.get_dir()}/checkpoints, or " if kind == "torchvision" else ""
    return MissingWeights(
        f"the weights of {kind}:{argument} could not be had ({str(error)[:200]}). Without network, "
        f"fetch them elsewhere and {place}name the file (--weights FILE, weights=)."
    )


def state_sha256(network: nn.Module) -> str:
    """Return the SHA-256 over a network's parameters and buffers, by name: the same for any file format."""
    total = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        total.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        total.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def _read_state(network: nn.Module, weights: str | Path) -> None:
    path = Path(weights)
    if not path.is_file():
        raise MissingWeights(f"{path} does not exist")
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise MissingWeights(f"{path} holds another network's weights: {str(error)[:300]}") from error


def _last_linear(network: nn.Module) -> nn.Linear:
    found = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not found:
        raise UnknownExtractor(
            f"{type(network).__name__} ends without a linear layer: it gives no features here"
        )
    return found[-1]


def _both_sides(network: nn.Module, head: nn.Linear) -> Callable[[torch.Tensor], Outputs]:
    """Return a call that gives the last layer's input as features and its output as logits."""
    seen: list[torch.Tensor] = []
    head.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))

    def run(batch: torch.Tensor) -> Outputs:
        seen.clear()
        logits = network(batch.contiguous(memory_format=torch.channels_last))
        return seen[-1], logits

    return run


def _torchvision(name: str, weights: str | Path | None) -> _Loaded:
    torchvision = import_torchvision()
    from torchvision import models

    if name not in models.list_models(module=models):
        raise UnknownExtractor(f"torchvision has no classifier called {name!r}")
    known = models.get_model_weights(name).DEFAULT
    network = models.get_model(name, weights=None if weights else known)
    if weights:
        _read_state(network, weights)
    transform = known.transforms()
    head = _last_linear(network)
    return _Loaded(
        network,
        _both_sides(network, head),
        f"torchvision {torchvision.__version__} {known.name}",
        (transform.crop_size[0], transform.crop_size[0]),
        transform.resize_size[0],
        FILTERS[transform.interpolation.value],
        transform.mean,
        transform.std,
        head.in_features,
        head.out_features,
        classes=known.meta.get("categories", ()),
    )


def _timm(name: str, weights: str | Path | None) -> _Loaded:
    import timm

    # create_model would also fetch and build whatever a stranger has put onto a hub, or lies in a folder.
    if name not in {*timm.list_models(), *timm.list_pretrained()}:
        raise _not_timms(name)
    try:
        network = timm.create_model(name, pretrained=weights is None)
    except RuntimeError as error:
        raise _missing("timm", name, error) from error
    if weights:
        _read_state(network, weights)
    data = timm.data.resolve_model_data_config(network)
    _, height, width = data["input_size"]

    def run(batch: torch.Tensor) -> Outputs:
        features = network.forward_head(network.forward_features(batch), pre_logits=True)
        return features, network.get_classifier()(features) if network.num_classes else None

    return _Loaded(
        network,
        run,
        f"timm {timm.__version__}",
        (height, width),
        round(min(height, width) / data.get("crop_pct", 1.0)),
        FILTERS.get(data["interpolation"], "bicubic-antialias"),
        data["mean"],
        data["std"],
        network.num_features,
        network.num_classes,
    )


def _dinov2(argument: str, weights: str | Path | None) -> _Loaded:
    """Return DINOv2 as FD-DINOv2 was published with (Stein et al. 2023): 224 x 224, the class token.

    The positions are interpolated as Meta's own code does, not as timm does it.
    """
    import timm

    name = DINOV2[argument]
    if weights and not Path(weights).is_file():
        raise MissingWeights(f"{weights} does not exist")
    file = {"file": str(weights)} if weights else {}
    try:
        network = timm.create_model(name, pretrained=True, num_classes=0, pretrained_cfg_overlay=file)
    except RuntimeError as error:
        raise _missing("dinov2", argument, error) from error
    positions = network.pos_embed.detach().clone()
    network.set_input_size(img_size=DINOV2_SIZE)
    with torch.no_grad():
        network.pos_embed.copy_(dinov2_positions(positions, DINOV2_SIZE[0] // 14))
    return _Loaded(
        network,
        lambda batch: (network(batch), None),
        f"timm {timm.__version__}",
        DINOV2_SIZE,
        None,
        "bicubic-antialias",
        IMAGENET_MEAN,
        IMAGENET_STD,
        network.num_features,
        0,
    )


def dinov2_positions(positions: torch.Tensor, side: int) -> torch.Tensor:
    """Return position embeddings (1, 1 + side^2, d) from those of another grid, as DINOv2's code does.

    Bicubic without antialiasing, by a factor with 0.1 added to the new side: that "historical kludge"
    moves every sample a little, and is part of the published features.
    """
    first, patches = positions[:, :1], positions[:, 1:]
    grid = round(patches.shape[1] ** 0.5)
    planes = patches.reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
    factor = (side + 0.1) / grid
    found = nn.functional.interpolate(planes, scale_factor=(factor, factor), mode="bicubic")
    return torch.cat([first, found.permute(0, 2, 3, 1).reshape(1, side * side, -1)], dim=1)


def _clip_network(argument: str, weights: str | Path | None) -> Any:
    """Return open_clip's network with its pretrained weights, or those of a file in the same activation."""
    import open_clip

    name, _, tag = argument.partition("/")
    if name not in open_clip.list_models():
        raise UnknownExtractor(f"open_clip has no model called {name!r}")
    known = open_clip.list_pretrained_tags_by_model(name)
    if tag not in known and not weights:
        raise UnknownExtractor(f"open_clip has no weights {tag!r} of {name}; it has: {', '.join(known)}")
    if weights and not Path(weights).is_file():
        raise MissingWeights(f"{weights} does not exist")
    quick = bool(open_clip.get_pretrained_cfg(name, tag).get("quick_gelu")) if tag in known else False
    try:
        return open_clip.create_model(
            name, pretrained=str(weights) if weights else tag, force_quick_gelu=quick
        )
    except RuntimeError as error:
        raise _missing("open_clip", argument, error) from error


def _open_clip(argument: str, weights: str | Path | None) -> _Loaded:
    import open_clip

    name = argument.partition("/")[0]
    network = _clip_network(argument, weights)
    size = network.visual.image_size
    height, width = size if isinstance(size, tuple) else (size, size)
    mean = getattr(network.visual, "image_mean", None)
    std = getattr(network.visual, "image_std", None)
    if mean is None or std is None:
        raise InvalidInput(f"open_clip's {name} does not say how its images are normalised")

    def run(batch: torch.Tensor) -> Outputs:
        return network.encode_image(batch), None

    tokenizer = open_clip.get_tokenizer(name)

    def texts(prompts: Sequence[str]) -> torch.Tensor:
        return network.encode_text(tokenizer(list(prompts)).to(next(network.parameters()).device))

    return _Loaded(
        network,
        run,
        f"open_clip {open_clip.__version__}",
        (height, width),
        min(height, width),
        "bicubic-antialias",
        mean,
        std,
        network.visual.output_dim,
        0,
        texts=texts,
    )
