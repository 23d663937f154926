"""Networks that the tests save and load."""

from __future__ import annotations

import torch


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
