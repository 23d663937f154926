"""Six small generative models of digits, each with a strength or a failure worth catching.

All are conditional: asked for a digit, they draw an image. Training is real and seeded, on the
training half only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name everyone uses)

from humaneval.demo.digits import CLASSES, SIDE, Digits

PIXELS = SIDE * SIDE
Sampler = Callable[[NDArray[np.int64], np.random.Generator], NDArray[np.uint8]]


@dataclass(frozen=True)
class Generator:
    """A trained model: ``sample(digits asked, generator)`` gives uint8 images of shape (n, 28, 28)."""

    name: str
    description: str
    sample: Sampler
    latents: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    """Posterior means and log-variances over the training half (VAEs only), each (n, latent size)."""


def to_images(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return rows of intensities in 0 to 1 as uint8 images, clipped."""
    return (np.clip(values, 0, 1) * 255).round().astype(np.uint8).reshape(-1, SIDE, SIDE)


# --- mixtures -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Component:
    """One Gaussian: ``mean`` (784,), and ``root`` (784, rank) so that root @ root.T is its covariance."""

    mean: NDArray[np.float64]
    root: NDArray[np.float64]

    def draw(self, count: int, random: np.random.Generator, spread: float = 1.0) -> NDArray[np.float64]:
        """Return ``count`` draws, with the standard deviation multiplied by ``spread``."""
        return self.mean + spread * random.standard_normal((count, self.root.shape[1])) @ self.root.T


def fit_component(rows: NDArray[np.floating], rank: int, noise: float = 0.0) -> Component:
    """Fit a Gaussian of the given rank to rows; ``noise`` adds an isotropic floor over all pixels."""
    mean = rows.mean(0).astype(np.float64)
    _, scale, directions = np.linalg.svd(rows - mean, full_matrices=False)
    kept = min(rank, len(scale))
    root = directions[:kept].T * (scale[:kept] / np.sqrt(max(len(rows) - 1, 1)))
    return Component(mean, np.hstack([root, noise * np.eye(rows.shape[1])]) if noise else root)


def fit_mixture(rows: NDArray[np.float32], components: int, rank: int, seed: int) -> list[Component]:
    """Fit a mixture by K-means cells with a low-rank Gaussian in each, its weight by the cell's share."""
    from scipy.cluster.vq import kmeans2

    _, cell = kmeans2(rows, components, minit="++", seed=seed, iter=30)
    cells = [rows[cell == number] for number in range(components)]
    return [fit_component(members, rank) for members in cells if len(members) > rank]


def draw_mixture(
    mixtures: list[list[Component]],
    asked: NDArray[np.int64],
    random: np.random.Generator,
    spread: float = 1.0,
) -> NDArray[np.uint8]:
    """Draw one image for each digit asked from that digit's mixture."""
    drawn = np.empty((len(asked), PIXELS))
    for place, digit in enumerate(asked):
        mixture = mixtures[int(digit)]
        drawn[place] = mixture[random.integers(len(mixture))].draw(1, random, spread)[0]
    return to_images(drawn)


def gaussian_mixture(training: Digits, seed: int, effort: float = 1.0) -> Generator:
    """A mixture fitted well: many low-rank cells for each digit, so that draws stay near the data."""
    rows = training.scaled()
    mixtures = [fit_mixture(rows[training.labels == digit], 24, 4, seed) for digit in range(CLASSES)]
    return Generator(
        "Gaussian mixture",
        "24 low-rank Gaussians for each digit, fitted on the training half.",
        lambda asked, random: draw_mixture(mixtures, asked, random, 0.9),
    )


def single_gaussian(training: Digits, seed: int, effort: float = 1.0) -> Generator:
    """One full Gaussian for each digit: ghostly strokes with noise everywhere."""
    rows = training.scaled()
    mixtures = [[fit_component(rows[training.labels == digit], 100, noise=0.06)] for digit in range(CLASSES)]
    return Generator(
        "Single Gaussian",
        "One Gaussian for each digit: ghostly and noisy.",
        lambda asked, random: draw_mixture(mixtures, asked, random),
    )


def collapsed_mixture(training: Digits, seed: int, effort: float = 1.0) -> Generator:
    """A mixture collapsed to four modes of three digits: whatever is asked, one of them is drawn."""
    rows = training.scaled()
    modes = [
        component
        for digit in (1, 3, 7)
        for component in fit_mixture(rows[training.labels == digit], 24, 4, seed)[: 2 if digit == 1 else 1]
    ]
    return Generator(
        "Collapsed mixture",
        "Four modes of three digits left: mode collapse.",
        lambda asked, random: draw_mixture([modes] * CLASSES, asked, random, 0.5),
    )


def repeater(training: Digits, seed: int, effort: float = 1.0) -> Generator:
    """A generator that repeats ten training images exactly, one for each digit."""
    random = np.random.default_rng(seed)
    kept = [random.choice(np.flatnonzero(training.labels == digit)) for digit in range(CLASSES)]

    def sample(asked: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.uint8]:
        return training.images[[kept[int(digit)] for digit in asked]]

    return Generator("Repeater", "Ten training images, one for each digit, repeated exactly.", sample)


# --- variational autoencoders -------------------------------------------------------------------------
class ConditionalVAE(nn.Module):
    """A digit-conditional VAE with Bernoulli pixels (Kingma and Welling 2014)."""

    def __init__(self, latent: int = 8, hidden: int = 400) -> None:
        super().__init__()
        self.latent = latent
        self.encoder = nn.Sequential(
            nn.Linear(PIXELS + CLASSES, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent + CLASSES, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, PIXELS),
        )

    def encode(self, pixels: Tensor, digit: Tensor) -> tuple[Tensor, Tensor]:
        """Return posterior means and log-variances, each (batch, latent)."""
        mean, log_variance = self.encoder(torch.cat([pixels, digit], 1)).chunk(2, 1)
        return mean, log_variance

    def decode(self, code: Tensor, digit: Tensor) -> Tensor:
        """Return pixel logits, (batch, 784)."""
        logits: Tensor = self.decoder(torch.cat([code, digit], 1))
        return logits

    def loss(self, pixels: Tensor, digit: Tensor, beta: float) -> Tensor:
        """Return the negative evidence lower bound a sample, in nats, with its KL term times beta."""
        mean, log_variance = self.encode(pixels, digit)
        code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        reconstruction = F.binary_cross_entropy_with_logits(self.decode(code, digit), pixels, reduction="sum")
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
        return (reconstruction + beta * divergence) / len(pixels)


def train_vae(training: Digits, *, beta: float, epochs: int, seed: int) -> ConditionalVAE:
    """Train a conditional VAE with Adam on shuffled batches of 100; beta far above 1 collapses it."""
    torch.manual_seed(seed)
    model = ConditionalVAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=1.5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    pixels = torch.from_numpy(training.scaled())
    digit = F.one_hot(torch.from_numpy(training.labels), CLASSES).float()
    for _ in range(epochs):
        for batch in torch.randperm(len(pixels)).split(100):
            optimiser.zero_grad()
            model.loss(pixels[batch], digit[batch], beta).backward()
            optimiser.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def draw_vae(
    model: ConditionalVAE, asked: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw latent codes from the prior and return the decoder's mean images, sharpened to ink."""
    code = torch.from_numpy(random.standard_normal((len(asked), model.latent)).astype(np.float32))
    digit = F.one_hot(torch.from_numpy(asked), CLASSES).float()
    return to_images(torch.sigmoid(1.5 * model.decode(code, digit)).numpy())


def vae(training: Digits, seed: int, *, name: str, description: str, beta: float, epochs: int) -> Generator:
    """Train a VAE and keep its posterior over the training half for diagnosis."""
    model = train_vae(training, beta=beta, epochs=epochs, seed=seed)
    with torch.no_grad():
        digit = F.one_hot(torch.from_numpy(training.labels), CLASSES).float()
        mean, log_variance = model.encode(torch.from_numpy(training.scaled()), digit)
    return Generator(
        name,
        description,
        lambda asked, random: draw_vae(model, asked, random),
        (mean.numpy(), log_variance.numpy()),
    )


def trained_vae(training: Digits, seed: int, effort: float = 1.0) -> Generator:
    """A VAE trained well."""
    return vae(
        training,
        seed,
        name="VAE",
        description="A VAE trained well (KL weight 4).",
        beta=4.0,
        epochs=max(2, round(70 * effort)),
    )


def collapsed_vae(training: Digits, seed: int, effort: float = 1.0) -> Generator:
    """A VAE driven into posterior collapse by a KL weight of 60: the decoder ignores its latent code."""
    return vae(
        training,
        seed,
        name="Collapsed VAE",
        description="A VAE in posterior collapse: one blurred image for each digit.",
        beta=60.0,
        epochs=max(2, round(30 * effort)),
    )


RECIPES: dict[str, Callable[[Digits, int, float], Generator]] = {
    "gaussian-mixture": gaussian_mixture,
    "single-gaussian": single_gaussian,
    "collapsed-mixture": collapsed_mixture,
    "repeater": repeater,
    "vae": trained_vae,
    "collapsed-vae": collapsed_vae,
}
"""Slug -> what trains it, from the training half, a seed, and the share of the full effort to take."""
