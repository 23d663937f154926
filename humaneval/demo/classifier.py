"""Small digit classifiers: one gives the feature space of the demo's scores, another is the raters' eye.

They never share weights or training images, so that human and automated numbers agree only as far as
both see the same thing in the images.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name everyone uses)

from humaneval.demo.digits import SIDE, Digits

EPOCHS = 10


class DigitClassifier(nn.Module):
    """Two convolutions and two layers; gives 64 features and 10 logits for pixels in 0 to 1."""

    def __init__(self, width: int = 16, features: int = 64) -> None:
        super().__init__()
        self.strokes = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU())
        self.shape = nn.Sequential(
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(2 * width * (SIDE // 4) ** 2, features),
            nn.ReLU(),
        )
        self.head = nn.Linear(features, 10)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (n, 64) and logits (n, 10) of a batch (n, 1, 28, 28)."""
        features = self.shape(self.strokes(pixels))
        return features, self.head(features)

    def texture(self, pixels: Tensor) -> Tensor:
        """Return mean and deviation of each first-layer map, (n, 32): noise and blur show here."""
        maps = self.strokes(pixels)
        return torch.cat([maps.mean((2, 3)), maps.std((2, 3))], 1)


def train_classifier(digits: Digits, *, seed: int, epochs: int = EPOCHS, width: int = 16) -> DigitClassifier:
    """Train with Adam on shuffled batches of 64, each shifted by up to two pixels and dimmed at random.

    Shifts and dimming make the features speak of shape rather than of place and ink.
    """
    torch.manual_seed(seed)
    model = DigitClassifier(width)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    pixels = torch.from_numpy(digits.scaled()).view(-1, 1, SIDE, SIDE)
    labels = torch.from_numpy(digits.labels)
    for _ in range(epochs):
        for batch in torch.randperm(len(pixels)).split(64):
            down, right = (int(shift) for shift in torch.randint(-2, 3, (2,)))
            shifted = torch.roll(pixels[batch], (down, right), (2, 3)) * (0.7 + 0.3 * torch.rand(1))
            optimiser.zero_grad()
            F.cross_entropy(model(shifted)[1], labels[batch]).backward()
            optimiser.step()
    return model.eval()


@torch.no_grad()
def look(
    model: DigitClassifier, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return features (n, 96: shape, then texture) and log-probabilities (n, 10) of uint8 images."""
    pixels = torch.from_numpy(images.astype(np.float32) / 255).unsqueeze(1)
    seen = [(*model(batch), model.texture(batch)) for batch in pixels.split(500)]
    shape, logits, texture = (torch.cat(part) for part in zip(*seen, strict=True))
    return torch.cat([shape, texture], 1).numpy(), F.log_softmax(logits, 1).numpy()


def accuracy(model: DigitClassifier, digits: Digits) -> float:
    """Return the share of digits it names rightly, in 0 to 1."""
    return float((look(model, digits.images)[1].argmax(1) == digits.labels).mean())


def save_eye(model: DigitClassifier, path: Path) -> None:
    """Store the raters' classifier."""
    torch.save(model.state_dict(), path)


def load_eye(path: Path) -> DigitClassifier:
    """Return the raters' classifier as stored by :func:`save_eye`."""
    model = DigitClassifier()
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval()
