"""Networks that the tests save and load."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from metrics.extractors import load_extractor
from metrics.extractors.base import Extractor
from metrics.images.preprocessing import preprocessing_named


class SmallNetwork(torch.nn.Module):
    """A convolution, a normalisation and two linear layers: 16 features, 10 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(1, 4, 3)
        self.normalisation = torch.nn.BatchNorm2d(4)
        self.features = torch.nn.Linear(400, 16)
        self.head = torch.nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return features and logits."""
        x = torch.relu(self.normalisation(self.convolution(x))).flatten(1)
        features = torch.relu(self.features(x))
        return features, self.head(features)


def two_towers(size: int = 4) -> Extractor:
    """Return the pixels of size x size beside a text tower: one that knows three words."""
    plain = load_extractor(f"pixels:{size}", device="cpu", channels=1)
    width = plain.feature_dimension

    def texts(prompts: Sequence[str]) -> torch.Tensor:
        rows = {"bright": torch.ones(width), "dark": -torch.ones(width), "left": torch.eye(width)[0]}
        return torch.stack([rows[prompt] for prompt in prompts])

    return Extractor(
        plain.description,
        lambda batch: (batch.flatten(1), None),
        preprocessing_named("unit"),
        device=torch.device("cpu"),
        batch_size=64,
        texts=texts,
    )
