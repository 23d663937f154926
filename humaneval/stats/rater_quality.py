"""Is this rater paying attention? Several weak signs, each shown, and one probability that joins them.

Each sign compares two explanations of what the rater did, the ordinary rater of this very study and a
careless one who answers without looking, and gives a log-likelihood ratio. Counts are beta-binomial, so that
few votes say little. The signs are added as if independent, each capped, on the prior odds of carelessness.
It is a reason to look, never to withhold pay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, expit

from humaneval.stats.columns import Codes, cells, encode, numbers, same_length, sums_by
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.rates import RateResult, rate, zero_one
from humaneval.stats.results import FloatArray

CAP = 3.0
"""Most log-odds that one sign may add or take away."""
CONCENTRATION = 20.0
"""How alike ordinary raters are, as a beta distribution's size."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sign:
    """One sign of carelessness for every rater.

    ``value`` is what was measured (a share, in the order of the raters; NaN-free: 0 where ``n`` is 0), ``n``
    on how many votes, ``log_odds`` what it adds to the log-odds of carelessness (0 where ``n`` is 0).
    """

    name: str
    meaning: str
    value: FloatArray
    n: NDArray[np.int64]
    log_odds: FloatArray
    ordinary: float
    careless: float


@dataclass(frozen=True, kw_only=True, eq=False)
class RaterQuality:
    """Every rater's signs and the probability of carelessness that they add up to."""

    raters: NDArray[Any]
    votes: NDArray[np.int64]
    careless: FloatArray
    signs: dict[str, Sign]
    prior: float


def rater_quality(
    *,
    rater: ArrayLike,
    item: ArrayLike,
    answer: ArrayLike,
    gold: ArrayLike | None = None,
    first: ArrayLike | None = None,
    response_ms: ArrayLike | None = None,
    repeat: ArrayLike | None = None,
    prior: float = 0.05,
) -> RaterQuality:
    """Return signs of carelessness for each rater; votes in the order in which each rater gave them.

    Always: agreement with the others on the same items, and straight-lining (the same answer as just
    before). ``gold`` (the right answer; None or NaN where unknown) adds accuracy; ``first`` (1 where the
    thing shown first was chosen) position habits; ``response_ms`` speed, relative to this study;
    ``repeat`` (true on a repeated showing of an item) consistency with the rater's own first answer.
    """
    n = same_length(rater=rater, item=item, answer=answer, gold=gold, first=first, response_ms=response_ms)
    if not 0 < prior < 1:
        raise InputError("prior is a probability between 0 and 1.")
    who, what, said = encode(rater), encode(item), encode(answer)
    again = np.zeros(n, dtype=bool) if repeat is None else np.asarray(repeat, dtype=bool)
    share = sums_by(said.codes, np.ones(n), said.size) / n
    chance = float((share**2).sum())
    signs = [_agreement(who, what, said, again, chance), _straight_lining(who, said, chance)]
    if gold is not None:
        signs.append(_gold(who, answer, gold, said.size))
    if repeat is not None:
        signs.append(_consistency(who, what, said, again, chance))
    if first is not None:
        signs.append(_position(who, zero_one(first)))
    if response_ms is not None:
        signs.append(_speed(who, numbers(response_ms, "response_ms")))
    total = np.log(prior / (1 - prior)) + sum(sign.log_odds for sign in signs)
    return RaterQuality(
        raters=who.labels,
        votes=np.bincount(who.codes, minlength=who.size),
        careless=expit(total),
        signs={sign.name: sign for sign in signs},
        prior=prior,
    )


def _log_beta_binomial(k: FloatArray, n: FloatArray, mean: float, concentration: float) -> FloatArray:
    """Return the log-likelihood of k of n (without the binomial coefficient)."""
    mean = min(max(mean, 0.005), 0.995)
    a, b = mean * concentration, (1 - mean) * concentration
    return np.asarray(betaln(k + a, n - k + b) - betaln(a, b))


def _sign(
    name: str, meaning: str, who: Codes, hit: FloatArray, rows: NDArray[np.bool_], careless: float,
    ordinary: float | None = None, looseness: float = CONCENTRATION,
) -> Sign:  # fmt: skip
    """Return a sign from the share of ``hit`` among ``rows``; ordinary is the raters' median share."""
    k = sums_by(who.codes[rows], hit[rows], who.size)
    n = sums_by(who.codes[rows], np.ones(int(rows.sum())), who.size)
    shares = np.divide(k, n, out=np.zeros(who.size), where=n > 0)
    usual = float(np.median(shares[n > 0])) if ordinary is None and (n > 0).any() else float(ordinary or 0.5)
    ratio = _log_beta_binomial(k, n, careless, looseness) - _log_beta_binomial(k, n, usual, CONCENTRATION)
    return Sign(
        name=name,
        meaning=meaning,
        value=shares,
        n=n.astype(np.int64),
        log_odds=np.where(n > 0, np.clip(ratio, -CAP, CAP), 0.0),
        ordinary=usual,
        careless=careless,
    )


def _agreement(who: Codes, what: Codes, said: Codes, again: NDArray[np.bool_], chance: float) -> Sign:
    """Share of other raters' answers to the same items that are the same as this rater's."""
    fresh = ~again
    key = cells(what.codes, said.codes, said.size)
    same = sums_by(key.codes, fresh.astype(float), key.size)[key.codes] - 1
    others = sums_by(what.codes, fresh.astype(float), what.size)[what.codes] - 1
    rows = fresh & (others > 0)
    share = np.divide(same, others, out=np.zeros(len(same)), where=others > 0)
    return _sign(
        "agreement", "share of others' answers to the same items that are the same", who, share, rows, chance
    )


def _straight_lining(who: Codes, said: Codes, chance: float) -> Sign:
    order = np.argsort(who.codes, kind="stable")
    before = np.zeros(len(order))
    rows = np.zeros(len(order), dtype=bool)
    same_rater = who.codes[order][1:] == who.codes[order][:-1]
    rows[order[1:]] = same_rater
    before[order[1:]] = same_rater & (said.codes[order][1:] == said.codes[order][:-1])
    return _sign(
        "straight_lining",
        "share of answers equal to the one just before",
        who,
        before,
        rows,
        max(0.9, chance),
    )


def _gold(who: Codes, answer: ArrayLike, gold: ArrayLike, categories: int) -> Sign:
    right, known = _against_gold(answer, gold)
    return _sign("gold", "share right where the truth is known", who, right, known, 1 / categories)


def _against_gold(answer: ArrayLike, gold: ArrayLike) -> tuple[FloatArray, NDArray[np.bool_]]:
    truth = np.asarray(gold)
    if truth.dtype.kind == "f":
        known = ~np.isnan(truth)
    else:
        known = np.array([value is not None and value == value for value in truth])
    return np.asarray(np.asarray(answer) == truth, dtype=float), known


def _consistency(who: Codes, what: Codes, said: Codes, again: NDArray[np.bool_], chance: float) -> Sign:
    same, paired = _repeats(who, what, said, again)
    return _sign("consistency", "share of repeated items answered as before", who, same, paired, chance)


def _repeats(
    who: Codes, what: Codes, said: Codes, again: NDArray[np.bool_]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    key = cells(who.codes, what.codes, what.size)
    first = np.full(key.size, -1, dtype=np.int64)
    first[key.codes[~again]] = said.codes[~again]
    paired = again & (first[key.codes] >= 0)
    return (said.codes == first[key.codes]).astype(float), paired


def _position(who: Codes, first: FloatArray) -> Sign:
    """Distance from half and half: a habit may be either side, so the careless beta is wide."""
    rows = np.ones(len(first), dtype=bool)
    return _sign(
        "position", "share of choices of what was shown first", who, first, rows, 0.5, 0.5, looseness=0.5
    )


def _speed(who: Codes, response_ms: FloatArray) -> Sign:
    limit = float(np.median(response_ms)) / 3
    rows = np.ones(len(response_ms), dtype=bool)
    meaning = f"share of answers faster than {limit:.0f} ms, a third of the study's median"
    return _sign("speed", meaning, who, (response_ms < limit).astype(float), rows, 0.6)


def gold_accuracy(*, rater: ArrayLike, answer: ArrayLike, gold: ArrayLike) -> dict[Any, RateResult]:
    """Return each rater's share right on gold, with a Jeffreys interval (one rater's votes)."""
    same_length(rater=rater, answer=answer, gold=gold)
    right, known = _against_gold(answer, gold)
    return _by_rater(encode(rater), right, known, "No vote has a known truth.")


def repeat_consistency(
    *, rater: ArrayLike, item: ArrayLike, answer: ArrayLike, repeat: ArrayLike
) -> dict[Any, RateResult]:
    """Return each rater's share of repeated items answered as before, with a Jeffreys interval."""
    same_length(rater=rater, item=item, answer=answer, repeat=repeat)
    who = encode(rater)
    same, paired = _repeats(who, encode(item), encode(answer), np.asarray(repeat, dtype=bool))
    return _by_rater(who, same, paired, "No repeat has a first answer to compare with.")


def _by_rater(who: Codes, hit: FloatArray, rows: NDArray[np.bool_], empty: str) -> dict[Any, RateResult]:
    if not rows.any():
        raise NotEstimableError(empty)
    k = sums_by(who.codes[rows], hit[rows], who.size)
    n = np.bincount(who.codes[rows], minlength=who.size)
    return {
        (label.item() if hasattr(label, "item") else label): rate(
            successes=float(k[code]), trials=float(n[code]), method="jeffreys"
        )
        for code, label in enumerate(who.labels)
        if n[code]
    }
