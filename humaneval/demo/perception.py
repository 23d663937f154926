"""How a simulated rater sees: the demo's perceptual model, written down.

A rater never learns which image is real. It gets the same stimuli as a browser does and looks at them
with a digit classifier that was trained on the held-out half, apart from the one that automated scores
use. For an image x with features f(x):

* **realness** ``s(x) = -(log r(x) - m) / w``, where ``r(x)`` is the mean distance from f(x) to its five
  nearest real digits, divided by the same of those five (a local outlier factor, so that a sloppy 8 is
  as real as a neat 1), and m, w are the mean and standard deviation of ``log r`` over real digits:
  0 for a typical real digit, below 0 for an odd one;
* **fit** to a prompt ``a(x, digit) = log p(digit | x)``, not below -6;
* **variety** of a grid ``v = (mean distance of each image to the one most like it in the grid) / (the
  same over random real grids) - 1``: 0 for a grid as varied as real ones, -1 for one image repeated.

Features are the classifier's two depths, shape and texture, each block scaled to unit variance over
real digits and weighted alike.

A rater with noise ``sigma`` perceives each of these plus a normal error (sigma for realness, sigma / 8
for variety), so a comparison of two images errs by sqrt(2) sigma as in Thurstone's case V. Raters differ:

* skill: ``sigma`` is log-normal around 1.1 (standard deviation of the log 0.35);
* bias: a preference for the left side, N(0, 0.15), and a shift of the scale, N(0, 0.35) points;
* care: one in twelve is careless, answers at random, and is three times as fast.

Response times are log-normal around 1.2 s, as published for real-or-fake studies, and longer for close
calls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

from humaneval.demo.classifier import DigitClassifier, look
from humaneval.demo.digits import Digits

NEIGHBOURS = 5
GRID = 16
CARELESS_SHARE = 1 / 12
LOWEST_FIT = -6.0
SCALE_CUTS = (-2.6, -1.5, -0.7, 0.1)
"""Realness at which an answer moves from one point of a five-point scale to the next."""
VARIETY_CUTS = (-0.55, -0.3, -0.16, -0.06)
TIE_WIDTH = 0.35


@dataclass(frozen=True)
class Seen:
    """One image after a look at it."""

    features: NDArray[np.float32]
    log_probability: NDArray[np.float32]
    realness: float


class Eye:
    """The classifier and the memory of real digits that perception compares with."""

    def __init__(self, classifier: DigitClassifier, memory: Digits) -> None:
        self._classifier = classifier
        raw, _ = look(classifier, memory.images)
        self._centre, self._scale = raw.mean(0), block_scale(raw)
        known = (raw - self._centre) / self._scale
        self._tree = cKDTree(known)
        near, place = self._tree.query(known, k=NEIGHBOURS + 1)
        self._own_distance = near[:, 1:].mean(1)  # the nearest is the digit itself
        log_ratio = np.log(self._own_distance / self._own_distance[place[:, 1:]].mean(1))
        self._typical = float(log_ratio.mean()), float(log_ratio.std())
        random = np.random.default_rng(0)
        grids = [random.choice(len(known), GRID, replace=False) for _ in range(200)]
        self._typical_spread = float(np.mean([spread(known[grid]) for grid in grids]))

    def look(self, images: NDArray[np.uint8]) -> list[Seen]:
        """Return what is seen in uint8 images (n, 28, 28)."""
        raw, log_probability = look(self._classifier, images)
        features = (raw - self._centre) / self._scale
        near, place = self._tree.query(features, k=NEIGHBOURS + 1)
        # A stimulus that is in memory meets itself at distance 0: that neighbour does not count.
        first = (near[:, 0] < 1e-4).astype(int)[:, None]
        others = first + np.arange(NEIGHBOURS)
        distance = np.take_along_axis(near, others, 1).mean(1)
        expected = self._own_distance[np.take_along_axis(place, others, 1)].mean(1)
        centre, width = self._typical
        realness = -(np.log(distance / expected) - centre) / width
        return [Seen(f, p, float(r)) for f, p, r in zip(features, log_probability, realness, strict=True)]

    def variety(self, seen: list[Seen]) -> float:
        """Return how varied a grid is: 0 as real ones, -1 one image repeated."""
        return spread(np.stack([image.features for image in seen])) / self._typical_spread - 1


def block_scale(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what to divide features (n, 96) by, so that shape and texture weigh alike."""
    deviation = features.std(0)
    shape, texture = np.split(deviation, [64])
    return np.concatenate(
        [np.full(64, np.sqrt((shape**2).sum())), np.full(len(texture), np.sqrt((texture**2).sum()))]
    ).astype(np.float32)


def spread(features: NDArray[np.float32]) -> float:
    """Return the mean distance of each row to the row nearest to it."""
    distance = squareform(pdist(features))
    np.fill_diagonal(distance, np.inf)
    return float(distance.min(1).mean())


@dataclass
class SimulatedRater:
    """One simulated person. Draws its character and its errors from its own generator."""

    random: np.random.Generator
    sigma: float
    left_bias: float
    scale_shift: float
    careless: bool

    @classmethod
    def born(cls, seed: int) -> SimulatedRater:
        """Return the rater of this seed; the same seed is the same person."""
        random = np.random.default_rng(seed)
        return cls(
            random=random,
            sigma=float(np.exp(random.normal(np.log(1.1), 0.35))),
            left_bias=float(random.normal(0, 0.15)),
            scale_shift=float(random.normal(0, 0.35)),
            careless=bool(random.random() < CARELESS_SHARE),
        )

    def judge(self, value: float, noise: float | None = None) -> float:
        """Return a value as perceived."""
        return value + self.random.normal(0, self.sigma if noise is None else noise)

    def more_real(self, left: Seen, right: Seen) -> int:
        """Return the place (0 left, 1 right) of the image taken for real."""
        if self.careless:
            return int(self.random.integers(2))
        gap = self.judge(left.realness) - self.judge(right.realness) + self.left_bias
        return 0 if gap >= 0 else 1

    def is_real(self, image: Seen) -> bool:
        """Return whether an image alone is taken for real."""
        if self.careless:
            return bool(self.random.integers(2))
        return self.judge(image.realness) > -0.8

    def prefer(self, left: Seen, right: Seen, digit: int | None, *, tie: bool) -> int | None:
        """Return the place of the better image for the digit asked for, or None for a tie."""
        if self.careless:
            return int(self.random.integers(2))
        gap = self.judge(self.quality(left, digit)) - self.judge(self.quality(right, digit)) + self.left_bias
        if tie and abs(gap) < TIE_WIDTH:
            return None
        return 0 if gap >= 0 else 1

    @staticmethod
    def quality(image: Seen, digit: int | None) -> float:
        """Return realness plus fit to the digit asked for."""
        fit = 0.0 if digit is None else max(float(image.log_probability[digit]), LOWEST_FIT)
        return image.realness + fit

    def rate_realism(self, images: list[Seen], points: int) -> int:
        """Return a scale point from 1 to ``points`` for the mean realness of what is shown."""
        return self.place_on_scale(
            self.judge(float(np.mean([image.realness for image in images]))), SCALE_CUTS, points
        )

    def rate_variety(self, variety: float, points: int) -> int:
        """Return a scale point from 1 to ``points`` for a grid's variety."""
        return self.place_on_scale(self.judge(variety, self.sigma / 8), VARIETY_CUTS, points)

    def place_on_scale(self, value: float, cuts: tuple[float, ...], points: int) -> int:
        """Return the scale point of a perceived value, with this rater's shift; careless ones guess."""
        if self.careless:
            return int(self.random.integers(1, points + 1))
        point = 1 + float(np.searchsorted(cuts, value)) + self.scale_shift
        share = (np.clip(round(point), 1, len(cuts) + 1) - 1) / len(cuts)
        return 1 + round(share * (points - 1))

    def response_ms(self, closeness: float) -> float:
        """Return a response time in ms; ``closeness`` in 0 to 1 is how hard the call is."""
        median = 1200 * (1 + 0.5 * closeness) / (3 if self.careless else 1)
        return float(np.exp(self.random.normal(np.log(median), 0.4)))
