"""``inception``: the network behind FID, IS and KID, with either published file of its weights."""

from __future__ import annotations

from pathlib import Path

import torch

from metrics.devices import network_dtype
from metrics.errors import MissingWeights, UnknownExtractor
from metrics.extractors.base import Description, Extractor, default_batch
from metrics.extractors.inception_network import TAPS, InceptionNetwork
from metrics.extractors.weights import PublishedFile, fetch_weights, file_sha256, find_weights
from metrics.images.preprocessing import Preprocessing, preprocessing_named

WEIGHTS = PublishedFile(
    title="the FID Inception-v3 (2015-12-05)",
    names=("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth"),
    size=95_628_359,
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    urls=(
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
        "weights-inception-2015-12-05-6726825d.pth",
    ),
    setting="METRICS_INCEPTION_WEIGHTS",
)
SIZE = (299, 299)
CPU_BATCH = 8


def check(argument: str, weights: str | Path | None = None) -> None:
    """Raise UnknownExtractor for another tap, MissingWeights when the file is not on this machine."""
    _tap(argument)
    find_weights(WEIGHTS, weights)


def _tap(argument: str) -> int:
    if argument and argument not in {str(tap) for tap in TAPS}:
        raise UnknownExtractor(f"inception has the taps {', '.join(map(str, TAPS))}, not {argument!r}")
    return int(argument or 2048)


def load(
    argument: str,
    *,
    device: torch.device,
    precision: str,
    weights: str | Path | None = None,
    preprocessing: str | None = None,
    verify: bool = True,
) -> Extractor:
    """Return the extractor at a tap. With ``verify=False`` other weights are taken, and named custom."""
    tap = _tap(argument)
    how = preprocessing_named(preprocessing or "tf1")
    path = fetch_weights(WEIGHTS, weights, verify=verify)
    sha256 = file_sha256(path)
    network = _read(path, tap).prepare(network_dtype(precision)).to(device)
    name = "inception" if sha256 == WEIGHTS.sha256 else "inception-custom"
    description = Description(
        spec="inception" if tap == 2048 else f"inception:{tap}",
        name=name if tap == 2048 else f"{name}-{tap}",
        version="2015-12-05",
        weights_sha256=sha256,
        input_size=SIZE,
        channels=3,
        resize=how.rule,
        preprocessing=how.name,
        precision=precision,
        feature_dimension=tap,
        logit_dimension=1008 if tap == 2048 else 0,
    )
    return extractor_of(description, network, how, device)


def extractor_of(
    description: Description, network: InceptionNetwork, preprocessing: Preprocessing, device: torch.device
) -> Extractor:
    """Return the extractor of a network that lies on the device.

    On a CPU the batch is small, so that what passes between layers stays in its caches, and in memory that
    the process keeps; it divides a GPU's, so that both cut a set into the same shards.
    """
    batch = CPU_BATCH if device.type == "cpu" else default_batch(SIZE, device)
    return Extractor(description, network, preprocessing, device=device, batch_size=batch, concurrent=True)


def _read(path: Path, tap: int) -> InceptionNetwork:
    with torch.device("meta"):  # all values come from the file
        network = InceptionNetwork(tap)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state, assign=True)
    except Exception as error:  # a broken file may raise anything out of the unpickler
        raise MissingWeights(f"{path} does not hold {WEIGHTS.title}: {str(error)[:300]}") from error
    return network
