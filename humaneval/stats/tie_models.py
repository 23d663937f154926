"""How likely are win, loss and tie, given the difference of two log-strengths: three models.

Each gives, for differences d and a tie parameter t, the log-probability of win, loss and tie and their
first and second derivatives, along a last axis of length 3; leading axes are free (cells, replicates).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit, log_expit, logsumexp

from humaneval.stats.results import FloatArray


@dataclass(frozen=True, eq=False)
class Terms:
    """Log-probabilities of the outcomes and their derivatives by d and t."""

    value: FloatArray
    by_d: FloatArray
    by_t: FloatArray
    by_dd: FloatArray
    by_dt: FloatArray
    by_tt: FloatArray


class TieModel(Protocol):
    """A model of the three outcomes."""

    name: str
    has_parameter: bool
    start: float
    smallest: float

    def terms(self, d: FloatArray, t: FloatArray | float) -> Terms:
        """Return log-probabilities and derivatives at differences ``d`` and tie parameter ``t``."""
        ...

    def reported(self, t: float) -> float:
        """Return the tie parameter as its paper names it."""
        ...


def _stack(win: FloatArray, loss: FloatArray, tie: FloatArray) -> FloatArray:
    return np.stack(np.broadcast_arrays(win, loss, tie), axis=-1)


class Half:
    """Bradley and Terry (1952), a tie as half a win for each: P(win) = 1/(1 + exp(-d))."""

    name = "Bradley-Terry, a tie as half a win"
    has_parameter = False
    start = 0.0
    smallest = -np.inf

    def terms(self, d: FloatArray, t: FloatArray | float) -> Terms:
        """Return log-probabilities and derivatives; ``t`` is not used."""
        p = expit(d)
        win, loss = log_expit(d), log_expit(-d)
        curve, zero = -p * (1 - p), np.zeros_like(p)
        none = _stack(zero, zero, zero)
        return Terms(
            _stack(win, loss, (win + loss) / 2), _stack(1 - p, -p, 0.5 - p), none,
            _stack(curve, curve, curve), none, none,
        )  # fmt: skip

    def reported(self, t: float) -> float:
        """There is no tie parameter."""
        return 0.0


class Davidson:
    """Davidson (1970): P(tie) = ν √(π_i π_j)/(π_i + π_j + ν √(π_i π_j)); t = log ν."""

    name = "Bradley-Terry-Davidson"
    has_parameter = True
    start = -0.5
    smallest = -np.inf

    def terms(self, d: FloatArray, t: FloatArray | float) -> Terms:
        """Return log-probabilities and derivatives at t = log ν."""
        logits = _stack(d / 2, -d / 2, np.asarray(t, dtype=np.float64))
        value = logits - logsumexp(logits, axis=-1, keepdims=True)
        p = np.exp(value)
        tied = p[..., 2]
        mean = (p[..., 0] - p[..., 1]) / 2
        spread = mean**2 - (p[..., 0] + p[..., 1]) / 4
        return Terms(
            value,
            _stack(0.5 - mean, -0.5 - mean, -mean),
            _stack(-tied, -tied, 1 - tied),
            _stack(spread, spread, spread),
            _stack(mean * tied, mean * tied, mean * tied),
            _stack(-tied * (1 - tied), -tied * (1 - tied), -tied * (1 - tied)),
        )

    def reported(self, t: float) -> float:
        """Return ν."""
        return float(np.exp(t))


class RaoKupper:
    """Rao and Kupper (1967): P(win) = π_i/(π_i + θ π_j), θ > 1; t = log θ."""

    name = "Bradley-Terry-Rao-Kupper"
    has_parameter = True
    start = 0.3
    smallest = 1e-12

    def terms(self, d: FloatArray, t: FloatArray | float) -> Terms:
        """Return log-probabilities and derivatives at t = log θ; P(tie) = (θ² - 1) P(win) P(loss)."""
        t = np.asarray(t, dtype=np.float64)
        win, loss = log_expit(d - t), log_expit(-d - t)
        p, q = expit(d - t), expit(-d - t)
        curve_win, curve_loss = -p * (1 - p), -q * (1 - q)
        growth = -2.0 / np.expm1(-2 * t)
        growth_slope = 4.0 / (np.expm1(2 * t) * np.expm1(-2 * t))
        tie = np.log(np.expm1(2 * t)) + win + loss
        slope = (1 - p) - (1 - q)
        return Terms(
            _stack(win, loss, tie),
            _stack(1 - p, -(1 - q), slope),
            _stack(-(1 - p), -(1 - q), growth - (1 - p) - (1 - q)),
            _stack(curve_win, curve_loss, curve_win + curve_loss),
            _stack(-curve_win, curve_loss, curve_loss - curve_win),
            _stack(curve_win, curve_loss, growth_slope + curve_win + curve_loss),
        )

    def reported(self, t: float) -> float:
        """Return θ."""
        return float(np.exp(t))


MODELS: dict[str, TieModel] = {"half": Half(), "davidson": Davidson(), "rao_kupper": RaoKupper()}
