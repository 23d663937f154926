"""What an extractor is: a network, its weights' hash, its size and preprocessing, and what it gives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from metrics.devices import network_dtype, precision_tier
from metrics.errors import InvalidInput
from metrics.images.preprocessing import Preprocessing, prepare

Outputs = tuple[torch.Tensor, torch.Tensor | None]
Arrays = tuple[np.ndarray, np.ndarray | None]
TEXTS = 64


@dataclass(frozen=True)
class Description:
    """Everything about an extractor that can change a score.

    ``input_size`` is (height, width), None for images as they are; ``logit_dimension`` is 0 without logits.
    """

    spec: str
    name: str
    version: str
    weights_sha256: str
    input_size: tuple[int, int] | None
    channels: int
    resize: str
    preprocessing: str
    precision: str
    feature_dimension: int
    logit_dimension: int

    @property
    def digest(self) -> str:
        """SHA-256 over all fields but the spec, which may name a path."""
        fields = {key: value for key, value in asdict(self).items() if key != "spec"}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


@dataclass
class Pending:
    """Outputs of some images that a device may still be working on; ``collect`` waits for them.

    Each part is on its way to memory of this machine from the moment that it is added, so that to wait for
    it is not to wait for what the device was given since.
    """

    parts: list[Outputs] = field(default_factory=list)
    done: torch.cuda.Event | None = None

    def add(self, features: torch.Tensor, logits: torch.Tensor | None) -> None:
        """Take one batch's outputs."""
        self.parts.append((_towards_host(features), None if logits is None else _towards_host(logits)))
        if features.device.type == "cuda":
            self.done = torch.cuda.Event()
            self.done.record(torch.cuda.current_stream(features.device))

    def collect(self) -> Arrays:
        """Return float32 features (n, d) and logits (n, classes) or None."""
        if self.done is not None:
            self.done.synchronize()
        logits = [part[1].numpy() for part in self.parts if part[1] is not None]
        features = np.concatenate([part[0].numpy() for part in self.parts])
        return features, np.concatenate(logits) if logits else None


def _towards_host(values: torch.Tensor) -> torch.Tensor:
    if values.device.type != "cuda":
        return values.cpu()
    held = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    return held.copy_(values, non_blocking=True)


class Extractor:
    """Turns decoded images into features, in batches of one fixed size.

    ``texts`` is a text tower that gives embeddings (n, d) in the same space; ``classes`` are the names of the
    logits' classes by number, empty where nobody says them. ``concurrent`` says that threads of a CPU may run
    the network at the same time.
    """

    def __init__(
        self,
        description: Description,
        network: Callable[[torch.Tensor], Outputs],
        preprocessing: Preprocessing,
        *,
        device: torch.device,
        batch_size: int,
        texts: Callable[[Sequence[str]], torch.Tensor] | None = None,
        classes: Sequence[str] = (),
        concurrent: bool = False,
    ) -> None:
        self.description = description
        self.device = device
        self.batch_size = batch_size
        self._network = network
        on_cpu = device.type == "cpu"
        self.concurrent = concurrent and on_cpu and description.precision != "fast"
        self._dtype = network_dtype(description.precision)
        # A CPU's draft is bfloat16 alone: nothing that concurrent batches share has to be set for it.
        self._tier = "reference" if self.concurrent else description.precision
        self._preprocessing = preprocessing
        self._texts = texts
        self.classes = tuple(classes)

    spec = property(lambda self: self.description.spec)
    name = property(lambda self: self.description.name)
    version = property(lambda self: self.description.version)
    weights_sha256 = property(lambda self: self.description.weights_sha256)
    digest = property(lambda self: self.description.digest)
    input_size = property(lambda self: self.description.input_size)
    channels = property(lambda self: self.description.channels)
    resize = property(lambda self: self.description.resize)
    preprocessing = property(lambda self: self.description.preprocessing)
    precision = property(lambda self: self.description.precision)
    feature_dimension = property(lambda self: self.description.feature_dimension)
    logit_dimension = property(lambda self: self.description.logit_dimension)

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON-able values, with ``digest`` and the library's version."""
        from metrics import __version__

        return asdict(self.description) | {
            "digest": self.digest,
            "library": f"metrics {__version__}",
            "torch": str(torch.__version__),
        }

    def prepare(self, images: Sequence[np.ndarray]) -> torch.Tensor:
        """Return the network's input for uint8 pixels (H, W, channels), resized in full float32."""
        with torch.inference_mode(), precision_tier("reference"):
            return prepare(images, self.input_size, self._preprocessing, self.device)

    def run(self, batch: torch.Tensor) -> Outputs:
        """Return float32 features (n, d) and logits (n, classes) or None for a prepared batch.

        They are on the device. The network always sees ``batch_size`` images: a shorter batch is padded with
        its last image.
        """
        n = len(batch)
        if not 1 <= n <= self.batch_size:
            raise InvalidInput(f"a batch holds 1 to {self.batch_size} images, not {n}")
        if n < self.batch_size:
            batch = torch.cat([batch, batch[-1:].expand(self.batch_size - n, *batch.shape[1:])])
        with torch.inference_mode(), precision_tier(self._tier):
            features, logits = self._network(batch.to(self._dtype))
            return self._rows(features, n, self.feature_dimension), (
                None if logits is None else self._rows(logits, n, self.logit_dimension)
            )

    @property
    def takes_prompts(self) -> bool:
        """Whether there is a text tower beside the network."""
        return self._texts is not None

    def embed_prompts(self, prompts: Sequence[str]) -> np.ndarray:
        """Return float32 embeddings (n, d) of prompts in the space of the pictures' features."""
        if self._texts is None:
            raise InvalidInput(f"{self.name} reads no prompts: take open_clip:NAME/PRETRAINED")
        parts = []
        with torch.inference_mode(), precision_tier(self._tier):
            for start in range(0, len(prompts), TEXTS):
                part = self._texts(list(prompts[start : start + TEXTS]))
                parts.append(self._rows(part, len(part), self.feature_dimension).cpu().numpy())
        return np.concatenate(parts)

    def _rows(self, values: torch.Tensor, n: int, width: int) -> torch.Tensor:
        rows = values[:n].flatten(start_dim=1).float()
        if rows.shape[1] != width:
            raise InvalidInput(f"{self.name} gave {rows.shape[1]} values a sample instead of {width}")
        return rows

    def compile(self) -> None:
        """Let torch.compile make the network faster: worth its minute for many images on a GPU.

        Values then differ in the last bits, which the description's ``precision`` says.
        """
        self._network = torch.compile(self._network)
        self.concurrent = False
        self.description = replace(self.description, precision=f"{self.precision}, compiled")

    def __call__(self, images: Sequence[np.ndarray]) -> Arrays:
        """Return features and logits of decoded images."""
        return self.launch(images).collect()

    def launch(self, images: Sequence[np.ndarray]) -> Pending:
        """Give decoded images to the device and return their features and logits to come.

        A device that runs out of memory halves the batch and goes on.
        """
        return self._halving(images, lambda part: self.run(self.prepare(part)), Pending())

    def launch_prepared(self, batch: torch.Tensor) -> Pending:
        """Return the same of images that ``prepare`` has been through, in parts perhaps."""
        return self._halving(batch, self.run, Pending())

    def _halving(self, images: Any, compute: Callable[[Any], Outputs], pending: Pending) -> Pending:
        if len(images) <= self.batch_size:
            try:
                pending.add(*compute(images))
                return pending
            except torch.cuda.OutOfMemoryError:
                if self.batch_size == 1:
                    raise
            # Outside the handler, whose traceback would keep the failed batch's memory.
            torch.cuda.empty_cache()
            self.batch_size = self.batch_size // 2
        step = self.batch_size
        for start in range(0, len(images), step):
            self._halving(images[start : start + step], compute, pending)
        return pending


def default_batch(input_size: tuple[int, int] | None, device: torch.device) -> int:
    """Return the fixed internal batch: large enough to fill the device, small enough for its memory."""
    height, width = input_size or (256, 256)
    budget = (128 if device.type == "cuda" else 16) * 299 * 299
    return max(1, min(256, 2 ** int(np.log2(max(1, budget // (height * width))))))
