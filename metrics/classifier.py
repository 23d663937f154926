"""Inception Score and what a classifier's answers say about classes (Salimans et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from metrics.arrays import Array, as_matrix
from metrics.errors import InvalidInput


@dataclass(frozen=True)
class InceptionScore:
    """exp(mean KL(p(y|x) || p(y))): the mean over splits and their standard deviation (ddof 0)."""

    mean: float
    std: float
    splits: tuple[float, ...]
    seed: int | None

    @property
    def value(self) -> float:
        """The mean over splits."""
        return self.mean


def inception_score(logits: Array, splits: int = 10, seed: int | None = None) -> InceptionScore:
    """Return the Inception Score of class logits (n, classes), between 1 and the number of classes.

    ``seed`` shuffles the samples before they are split (2020 is torch-fidelity's); None keeps their order.
    """
    scores = as_matrix(logits, "logits")
    n = len(scores)
    if not 1 <= splits <= n:
        raise InvalidInput(f"{n} samples cannot be cut into {splits} splits")
    if seed is not None:
        scores = scores[torch.from_numpy(np.random.RandomState(seed).permutation(n)).to(scores.device)]
    log_p = scores.log_softmax(dim=1)
    parts = [_of_split(log_p[i * n // splits : (i + 1) * n // splits]) for i in range(splits)]
    return InceptionScore(float(np.mean(parts)), float(np.std(parts)), tuple(parts), seed)


def _of_split(log_p: torch.Tensor) -> float:
    marginal = log_p.logsumexp(dim=0) - np.log(len(log_p))
    return float((log_p.exp() * (log_p - marginal)).nan_to_num(0.0).sum(dim=1).mean().exp())


@dataclass(frozen=True)
class ClassEntropy:
    """How sure the classifier is of each sample, and how evenly the samples fill the classes (nats).

    ``standard_error`` is the infinitesimal jackknife's of ``marginal``, whose derivative by a sample's
    weight is -sum p log(mean p); NaN for one sample.
    """

    conditional: float
    marginal: float
    per_sample: np.ndarray
    predicted: np.ndarray
    counts: np.ndarray
    standard_error: float

    @property
    def coverage(self) -> float:
        """The share of classes that at least one sample is put into."""
        return float((self.counts > 0).mean())


def class_entropy(logits: Array) -> ClassEntropy:
    """Return H(y|x) for each sample and on average, H(y), and how many samples each class gets."""
    log_p = as_matrix(logits, "logits").log_softmax(dim=1)
    p = log_p.exp()
    each = -(p * log_p).nan_to_num(0.0).sum(dim=1)
    share = p.mean(dim=0)
    influence = -torch.xlogy(p, share).sum(dim=1)
    predicted = p.argmax(dim=1)
    counts = torch.bincount(predicted, minlength=p.shape[1])
    return ClassEntropy(
        float(each.mean()),
        float(torch.special.entr(share).sum()),
        each.cpu().numpy(),
        predicted.cpu().numpy(),
        counts.cpu().numpy(),
        float(influence.std() / len(p) ** 0.5) if len(p) > 1 else float("nan"),
    )


@dataclass(frozen=True)
class ClassAccuracy:
    """The share of samples that a classifier puts into the class they were made for."""

    value: float
    standard_error: float
    by_class: dict[int, float]
    correct: np.ndarray


def class_accuracy(logits: Array, classes: Sequence[int] | np.ndarray) -> ClassAccuracy:
    """Return how often the classifier agrees with the class that each sample was asked for.

    With a classifier trained on real samples this is what prompts by class can be scored with; the
    predicted and asked-for classes are also what a classification accuracy score (Ravuri and Vinyals
    2019) trains on. Raises InvalidInput unless there is one class, within range, for each sample.
    """
    scores = as_matrix(logits, "logits")
    asked = np.asarray(classes)
    if asked.shape != (len(scores),) or asked.dtype.kind not in "iu":
        raise InvalidInput(f"one whole-number class is needed for each of {len(scores)} samples")
    if asked.min() < 0 or asked.max() >= scores.shape[1]:
        raise InvalidInput(f"classes run from 0 to {scores.shape[1] - 1}")
    correct = scores.argmax(dim=1).cpu().numpy() == asked
    share = float(correct.mean())
    by_class = {int(one): float(correct[asked == one].mean()) for one in np.unique(asked)}
    return ClassAccuracy(share, (share * (1 - share) / len(correct)) ** 0.5, by_class, correct)
