"""What is true of each item, and how good is each rater, when nobody tells: Dawid-Skene and its kin.

Expectation-maximisation started from vote shares, on one sparse matrix of votes, so that a step costs two
sparse products. The likelihood never falls; it stops when a step raises it by less than ``tolerance``
times (1 + |log-likelihood|). crowd-kit's Dawid-Skene (1.4.2) stops early and is many times slower.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from humaneval.stats.columns import IntArray, encode, same_length
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.latent_errors import (
    ABSENT,
    Accuracies,
    Confusions,
    Information,
    Learned,
    OnLogits,
    logit_errors,
)
from humaneval.stats.results import FloatArray, Result

_TINY = 1e-300
FEW_VOTES = 8
"""Votes a rater and category below which confusions without a prior bias the prevalence, in simulations."""
_AS_KNOWN = (
    "The interval of the prevalence takes what was learned of the raters as known, and is a little short: in "
    "simulations 95% ones held it about 90% of the time."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class LatentTruth(Result[FloatArray]):
    """Posterior labels of items and the quality of raters.

    ``estimate`` is the prevalence of each of ``categories``; ``posterior`` (items, categories) the
    probability of each label; ``accuracy`` (raters) each rater's chance of naming the true label of a
    random item; ``confusion`` (raters, true, said). ``item_labels`` and ``rater_labels`` give the order.
    """

    categories: NDArray[Any]
    item_labels: NDArray[Any]
    rater_labels: NDArray[Any]
    posterior: FloatArray = field(repr=False)
    confusion: FloatArray = field(repr=False)
    accuracy: FloatArray
    log_likelihood: float
    log_likelihoods: tuple[float, ...] = field(repr=False)
    iterations: int
    converged: bool

    @property
    def label(self) -> NDArray[Any]:
        """The most probable label of each item."""
        return self.categories[self.posterior.argmax(axis=1)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Mace(LatentTruth):
    """MACE's result; ``spamming`` is each rater's chance of not looking, ``habit`` what they say then."""

    spamming: FloatArray
    habit: FloatArray = field(repr=False)


@dataclass(frozen=True, eq=False)
class _Votes:
    """Votes as a sparse (items x raters·categories) matrix."""

    matrix: sparse.csr_matrix
    transposed: sparse.csr_matrix
    items: NDArray[Any]
    raters: NDArray[Any]
    categories: NDArray[Any]
    n: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.items), len(self.raters), len(self.categories)

    def shares(self) -> FloatArray:
        """Return each item's shares of the votes."""
        _, raters, k = self.shape
        fold = sparse.csr_matrix(np.tile(np.eye(k), (raters, 1)))
        counts = np.asarray((self.matrix @ fold).todense())
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _read(rater: ArrayLike, item: ArrayLike, answer: ArrayLike) -> _Votes:
    n = same_length(rater=rater, item=item, answer=answer)
    who, what, said = encode(rater), encode(item), encode(answer)
    if said.size < 2:
        raise NotEstimableError("All answers are alike: raters cannot be told apart.")
    column: IntArray = who.codes * said.size + said.codes
    shape = (what.size, who.size * said.size)
    matrix = sparse.coo_matrix((np.ones(n), (what.codes, column)), shape).tocsr()
    return _Votes(matrix, matrix.T.tocsr(), what.labels, who.labels, said.labels, n)


class _Model(ABC):
    """How raters answer, given the truth."""

    name: str
    learns_prevalence = True

    def __init__(self, votes: _Votes) -> None:
        self.votes = votes

    @abstractmethod
    def maximise(self, counts: FloatArray) -> None:
        """Update the parameters from expected counts (raters, said, true)."""

    @abstractmethod
    def chances(self) -> FloatArray:
        """Return P(said | true) as (raters, said, true)."""

    def penalty(self) -> float:
        """Return the log-prior of the parameters (0 without one)."""
        return 0.0

    def learned(self) -> Learned | None:
        """Return the parameters as an information needs them; None for a model without one."""
        return None

    def weights(self, counts: FloatArray) -> FloatArray:
        """Return expected counts with what the prior adds."""
        return counts


class _DawidSkene(_Model):
    """A full confusion matrix for each rater (Dawid and Skene 1979)."""

    name = "Dawid-Skene"

    def __init__(self, votes: _Votes, smoothing: float) -> None:
        super().__init__(votes)
        self.smoothing = smoothing

    def maximise(self, counts: FloatArray) -> None:
        smoothed = counts + self.smoothing
        total = smoothed.sum(axis=1, keepdims=True)
        even = 1.0 / counts.shape[1]
        self._chances = np.divide(smoothed, total, out=np.full(counts.shape, even), where=total > 0)

    def chances(self) -> FloatArray:
        return self._chances

    def learned(self) -> Learned:
        return Confusions(self._chances)

    def weights(self, counts: FloatArray) -> FloatArray:
        return counts + self.smoothing

    def penalty(self) -> float:
        return (
            float(self.smoothing * np.log(np.maximum(self._chances, _TINY)).sum()) if self.smoothing else 0.0
        )


class _OneCoin(_Model):
    """One accuracy a rater; errors fall evenly on the other answers."""

    name = "one-coin Dawid-Skene"

    def maximise(self, counts: FloatArray) -> None:
        right = np.trace(counts, axis1=1, axis2=2)
        self.accuracy = right / counts.sum(axis=(1, 2))

    def chances(self) -> FloatArray:
        k = self.votes.shape[2]
        wrong = (1 - self.accuracy) / (k - 1)
        table = np.broadcast_to(wrong[:, None, None], (len(wrong), k, k)).copy()
        table[:, np.arange(k), np.arange(k)] = self.accuracy[:, None]
        return table

    def learned(self) -> Learned:
        return Accuracies(self.accuracy, self.votes.shape[2])


class _Mace(_Model):
    """A rater names the truth, or (spamming) answers by habit (Hovy et al. 2013)."""

    name = "MACE"
    learns_prevalence = False

    def __init__(self, votes: _Votes, smoothing: float) -> None:
        super().__init__(votes)
        _, raters, k = votes.shape
        self.smoothing = smoothing
        self.spamming = np.full(raters, 0.5)
        self.habit = np.full((raters, k), 1.0 / k)

    def maximise(self, counts: FloatArray) -> None:
        k = counts.shape[1]
        right = counts[:, np.arange(k), np.arange(k)]
        by_habit = self.spamming[:, None] * self.habit
        share = np.divide(
            by_habit, by_habit + (1 - self.spamming)[:, None], out=np.ones_like(by_habit), where=by_habit < 1
        )
        habitual = counts.sum(axis=2) - right + right * share + self.smoothing
        looked = (right * (1 - share)).sum(axis=1) + self.smoothing
        total = habitual.sum(axis=1)
        self.habit = habitual / total[:, None]
        spammed = total - (k - 1) * self.smoothing
        self.spamming = spammed / (spammed + looked)

    def chances(self) -> FloatArray:
        k = self.votes.shape[2]
        table = np.repeat((self.spamming[:, None] * self.habit)[:, :, None], k, axis=2)
        table[:, np.arange(k), np.arange(k)] += (1 - self.spamming)[:, None]
        return table

    def penalty(self) -> float:
        if not self.smoothing:
            return 0.0
        spam = np.log(np.maximum(self.spamming, _TINY)) + np.log(np.maximum(1 - self.spamming, _TINY))
        return float(self.smoothing * (spam.sum() + np.log(np.maximum(self.habit, _TINY)).sum()))


@dataclass(frozen=True, eq=False)
class _Fit:
    posterior: FloatArray
    prevalence: FloatArray
    trace: tuple[float, ...]
    converged: bool


def _expectation_maximisation(model: _Model, tolerance: float, maximum: int) -> _Fit:
    votes = model.votes
    _, raters, k = votes.shape
    posterior = votes.shares()
    prevalence = np.full(k, 1.0 / k)
    trace: list[float] = []
    for _ in range(maximum):
        counts = np.asarray(votes.transposed @ posterior).reshape(raters, k, k)
        model.maximise(counts)
        if model.learns_prevalence:
            prevalence = posterior.mean(axis=0)
        logs = np.log(np.maximum(model.chances(), _TINY)).reshape(raters * k, k)
        joint = votes.matrix @ logs + np.log(np.maximum(prevalence, _TINY))
        peak = joint.max(axis=1, keepdims=True)
        posterior = np.exp(joint - peak)
        total = posterior.sum(axis=1, keepdims=True)
        posterior /= total
        trace.append(float((peak + np.log(total)).sum()) + model.penalty())
        if len(trace) > 1 and trace[-1] - trace[-2] < tolerance * (1 + abs(trace[-1])):
            return _Fit(posterior, prevalence, tuple(trace), True)
    return _Fit(posterior, prevalence, tuple(trace), False)


def _result_fields(model: _Model, fit: _Fit, tolerance: float) -> dict[str, Any]:
    votes = model.votes
    chances = model.chances()
    prevalence = fit.posterior.mean(axis=0)
    diagonal = np.diagonal(chances, axis1=1, axis2=2)
    rule, as_known = _prevalence_rule(model, fit, prevalence)
    notes: tuple[str, ...] = (as_known,) if as_known else ()
    if not fit.converged:
        notes += (f"Not converged after {len(fit.trace)} iterations: raise maximum_iterations.",)
    notes += _few_votes_notes(model) + _collapse_notes(votes, prevalence)
    return {
        "estimate": prevalence,
        "standard_error": rule.one_error(prevalence),
        "n": votes.n,
        "method": f"{model.name}, EM from vote shares to a relative tolerance of {tolerance:g}",
        "rule": rule,
        "clusters": {"rater": len(votes.raters), "item": len(votes.items)},
        "convention": "normal on logits, clustered by item",
        "notes": notes,
        "categories": votes.categories,
        "item_labels": votes.items,
        "rater_labels": votes.raters,
        "posterior": fit.posterior,
        "confusion": np.swapaxes(chances, 1, 2),
        "accuracy": diagonal @ prevalence,
        "log_likelihood": fit.trace[-1] - model.penalty(),
        "log_likelihoods": fit.trace,
        "iterations": len(fit.trace),
        "converged": fit.converged,
    }


def _few_votes_notes(model: _Model) -> tuple[str, ...]:
    """Return a note where confusions are learned without a prior from few votes a rater."""
    _, raters, k = model.votes.shape
    each = model.votes.n / raters
    if not isinstance(model, _DawidSkene) or model.smoothing >= 0.5 or each >= FEW_VOTES * k:
        return ()
    return (
        f"Raters gave {each:.0f} votes each on average, few for confusions of their own: the likelihood's "
        "peak pulls the prevalence towards even shares. Give smoothing=1, or use one_coin.",
    )


def _collapse_notes(votes: _Votes, prevalence: FloatArray) -> tuple[str, ...]:
    """Return a note where hardly any item is given a label that raters chose often."""
    shares = votes.shares().mean(axis=0)
    return tuple(
        f"Raters answered {label} {share:.0%} of the time, but the model gives it to {given:.0%} of the "
        "items: it may not fit raters who lean one way; compare dawid_skene."
        for label, share, given in zip(votes.categories, shares, prevalence, strict=True)
        if given < share / 5
    )


def _prevalence_rule(model: _Model, fit: _Fit, prevalence: FloatArray) -> tuple[OnLogits, str]:
    """Return the interval's rule, and a note where the raters' parameters had to be taken as known."""
    kept = np.flatnonzero(prevalence > ABSENT)
    errors, note = np.zeros(len(prevalence)), ""
    if len(kept) > 1:
        information = _information(model, fit, prevalence)
        covariance = information.covariance() if information and len(kept) == len(prevalence) else None
        if covariance is None:
            covariance, note = _as_known(fit.posterior[:, kept], prevalence[kept]), _AS_KNOWN
        errors[kept] = logit_errors(prevalence[kept], covariance)
    return OnLogits(errors, len(fit.posterior)), note


def _information(model: _Model, fit: _Fit, prevalence: FloatArray) -> Information | None:
    """Return the information at the peak; None before it is reached, and for a model without one."""
    votes, learned = model.votes, model.learned()
    if learned is None or not fit.converged:
        return None
    _, raters, k = votes.shape
    counts = np.asarray(votes.transposed @ fit.posterior).reshape(raters, k, k)
    return Information(
        votes.matrix, votes.transposed, fit.posterior, prevalence, model.weights(counts), learned
    )


def _as_known(posterior: FloatArray, prevalence: FloatArray) -> FloatArray:
    """Return the log-ratios' covariance from the items' scores, the raters' parameters taken as known."""
    scores = (posterior - prevalence)[:, :-1]
    return np.asarray(np.linalg.pinv(scores.T @ scores))


def dawid_skene(
    *,
    rater: ArrayLike,
    item: ArrayLike,
    answer: ArrayLike,
    smoothing: float = 0.0,
    tolerance: float = 1e-10,
    maximum_iterations: int = 2000,
) -> LatentTruth:
    """Return posterior labels and each rater's confusion matrix (Dawid and Skene 1979).

    A rater may answer an item more than once. ``smoothing`` adds that many votes to each cell of every
    confusion (0 is maximum likelihood). Raises NotEstimableError where all answers are alike.
    """
    model = _DawidSkene(_read(rater, item, answer), smoothing)
    fit = _expectation_maximisation(model, tolerance, maximum_iterations)
    return LatentTruth(**_result_fields(model, fit, tolerance))


def one_coin(
    *,
    rater: ArrayLike,
    item: ArrayLike,
    answer: ArrayLike,
    tolerance: float = 1e-10,
    maximum_iterations: int = 2000,
) -> LatentTruth:
    """Return posterior labels with one accuracy a rater: steadier than dawid_skene for few votes a rater."""
    model = _OneCoin(_read(rater, item, answer))
    fit = _expectation_maximisation(model, tolerance, maximum_iterations)
    return LatentTruth(**_result_fields(model, fit, tolerance))


def mace(
    *,
    rater: ArrayLike,
    item: ArrayLike,
    answer: ArrayLike,
    smoothing: float = 0.1,
    tolerance: float = 1e-10,
    maximum_iterations: int = 5000,
) -> Mace:
    """Return posterior labels and each rater's probability of answering without looking (MACE).

    Hovy, Berg-Kirkpatrick, Vaswani and Hovy (2013), by EM from vote shares, labels a priori equally
    likely; ``smoothing`` is added to every expected count (0 is maximum likelihood).
    """
    model = _Mace(_read(rater, item, answer), smoothing)
    fit = _expectation_maximisation(model, tolerance, maximum_iterations)
    return Mace(**_result_fields(model, fit, tolerance), spamming=model.spamming, habit=model.habit)
