"""Rankings of several conditions, and best-worst choices: the Plackett-Luce model.

A ranking is a row of choices: the best of all, the best of the rest, and so on (Luce 1959, Plackett
1975). Equal choices from equal sets are counted once, Newton's method maximises the concave likelihood.
With two conditions a ranking it is Bradley-Terry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.special import logsumexp

from humaneval.stats.alike import COVARIANCE_NOTE, RAISED, raised_covariance
from humaneval.stats.bradley_terry import ONE_RATER_NOTE, PRIOR_DEVIATION, Strengths
from humaneval.stats.columns import Codes, IntArray, cells, encode, missing, sums_by
from humaneval.stats.errors import DisconnectedError, InputError, NotEstimableError
from humaneval.stats.intervals import SymmetricEach
from humaneval.stats.items import Items, Repeating, as_items
from humaneval.stats.multiway import Told, crossed_covariance, freedom_in_words
from humaneval.stats.results import FloatArray
from humaneval.stats.tables import counts_table, only_counts


@dataclass(frozen=True, kw_only=True, eq=False)
class PlackettLuce(Strengths):
    """Plackett-Luce log-strengths (log-worths), centred on 0."""

    log_likelihood: float
    independent: FloatArray
    """The covariance if rankings were independent."""

    def as_independent(self) -> PlackettLuce:
        """Return the same fit with errors as if rankings were independent."""
        return replace(
            self,
            standard_error=np.sqrt(np.maximum(np.diag(self.independent), 0.0)),
            method=MODEL_BASED,
            rule=SymmetricEach(np.full(len(self.labels), np.inf)),
            clusters={},
            convention="normal",
            notes=(INDEPENDENT_NOTE, *_unbounded_notes(self.unbounded)),
            covariance=self.independent,
            freedoms=np.full(len(self.labels), np.inf),
            design_effect=1.0,
        )


MODEL_BASED = "Plackett-Luce, model-based errors"
INDEPENDENT_NOTE = "Rankings are taken as independent; those of one rater are not."


@dataclass(frozen=True, eq=False)
class _Choices:
    """Distinct choice sets: ``member`` (S, K) 0/1, ``sign`` (S) +1 for best and -1 for worst choices.

    ``chosen`` (S, K) tells how often each condition was chosen from each set. Ballots that are alike are of
    one kind: each single choice of a kind has its set, the condition chosen, and the kind. ``kind`` is that
    of each ballot.
    """

    labels: NDArray[Any]
    member: FloatArray
    sign: FloatArray
    chosen: FloatArray
    set_of: IntArray
    choice: IntArray
    kind_of: IntArray
    kinds: int
    kind: IntArray

    @property
    def size(self) -> int:
        return len(self.labels)


def plackett_luce(
    rankings: Sequence[Sequence[Any]] | ArrayLike | None = None,
    *,
    best: ArrayLike | None = None,
    worst: ArrayLike | None = None,
    offered: Sequence[Sequence[Any]] | ArrayLike | None = None,
    rater: ArrayLike | None = None,
    item: Repeating | None = None,
    counts: ArrayLike | None = None,
) -> PlackettLuce:
    """Return log-strengths from rankings (each a row of labels, best first) or best-worst choices.

    ``offered`` lists what each ranking chose from, where it stops early (a top-3 of 8); for best-worst
    choices it is required: ``best`` is chosen from all offered, ``worst`` from the rest with the
    strengths reversed. With ``rater`` (one a ranking) errors are a sandwich clustered by rater, and with
    ``item`` (what each ranking is about: a column, or one for each image shown) two-way, Student t.

    ``counts`` tells how often each ranking (or best-worst choice) was given, without raters.

    Raises DisconnectedError as bradley_terry does; where a condition is first or last throughout, a
    normal prior of 2 logits is used and said.
    """
    choices = _read(rankings, best, worst, offered)
    n = len(choices.kind)
    if item is not None and rater is None:
        raise InputError("item= needs rater=: rankings are clustered by rater, and then by item.")
    if counts is not None:
        only_counts(rater=rater, item=item)
        times = counts_table(counts, "one number a ranking", (len(choices.kind),))
        choices = _repeated(choices, sums_by(choices.kind, times, choices.kinds))
        n = round(float(times.sum()))
    unbounded = _unbounded(choices)
    precision = PRIOR_DEVIATION**-2 if unbounded else 0.0
    theta, information = _maximise(choices, precision)
    k = choices.size
    covariance = np.linalg.inv(information) - (0.0 if precision else 1.0 / k)
    independent = covariance
    freedoms, clusters, method = np.full(k, np.inf), {}, MODEL_BASED
    notes: tuple[str, ...] = (INDEPENDENT_NOTE,)
    if rater is not None:
        raters, items = _clusters_of(choices, rater, item)
        notes = (ONE_RATER_NOTE,) if raters.size < 2 else ()
        found = crossed_covariance(_told(choices, theta), covariance, raters, items)
        if found is not None:
            covariance, raised = raised_covariance(found.covariance, covariance)
            freedoms, clusters = found.freedoms, found.clusters
            method = f"Plackett-Luce, sandwich clustered by {found.by}{RAISED * raised}"
            notes += (COVARIANCE_NOTE,) if raised else ()
    notes += _unbounded_notes(unbounded)
    return PlackettLuce(
        estimate=theta,
        standard_error=np.sqrt(np.maximum(np.diag(covariance), 0.0)),
        n=n,
        method=method,
        rule=SymmetricEach(freedoms),
        clusters=clusters,
        convention=freedom_in_words(freedoms),
        notes=notes,
        labels=choices.labels,
        covariance=covariance,
        freedoms=freedoms,
        design_effect=float(np.trace(covariance) / np.trace(independent)),
        unbounded=unbounded,
        log_likelihood=_log_likelihood(choices, theta),
        independent=independent,
    )


def _unbounded_notes(unbounded: Mapping[str, Any]) -> tuple[str, ...]:
    if not unbounded:
        return ()
    return (
        f"First or last throughout: {', '.join(unbounded)}. Their strengths have no finite estimate; all "
        f"are shown under a weak normal prior of {PRIOR_DEVIATION:g} logits.",
    )


_Reader = Callable[[Sequence[IntArray]], _Choices]


def _read(
    rankings: Sequence[Sequence[Any]] | ArrayLike | None,
    best: ArrayLike | None,
    worst: ArrayLike | None,
    offered: Sequence[Sequence[Any]] | ArrayLike | None,
) -> _Choices:
    return _by_distinct_rows(*_tables(rankings, best, worst, offered))


def _tables(
    rankings: Sequence[Sequence[Any]] | ArrayLike | None,
    best: ArrayLike | None,
    worst: ArrayLike | None,
    offered: Sequence[Sequence[Any]] | ArrayLike | None,
) -> tuple[list[IntArray], _Reader]:
    """Return the ballots as tables of codes, and how to read the choices in rows of them."""
    if rankings is not None:
        given = [rankings] if offered is None else [rankings, offered]
        tables, labels = _padded([_table(one) for one in given])
        if len({len(one) for one in tables}) > 1:
            raise InputError(f"{len(tables[1])} offered sets for {len(tables[0])} rankings.")
        return tables, lambda rows: _from_rankings(*rows, labels=labels)
    if best is None or worst is None or offered is None:
        raise InputError("Give rankings=, or best=, worst= and offered=.")
    ends = [np.asarray(one) for one in (best, worst)]
    choice = _table(offered)
    if not len(ends[0]) == len(ends[1]) == len(choice):
        raise InputError("best, worst and offered have one entry a vote.")
    tables, labels = _padded([choice, *(one[:, None] for one in ends)])
    return tables, lambda rows: _from_best_worst(*rows, labels=labels)


def _by_distinct_rows(tables: Sequence[IntArray], read: _Reader) -> _Choices:
    """Read each different ballot once, and count its choices as often as it was given."""
    first, kind = _distinct_rows(tables)
    read_once = replace(read([one[first] for one in tables]), kind=kind)
    return _repeated(read_once, np.bincount(kind, minlength=len(first)).astype(np.float64))


def _distinct_rows(tables: Sequence[IntArray]) -> tuple[IntArray, IntArray]:
    """Return the first of each kind of rows that are alike in all tables, and each row's kind."""
    row_of = np.zeros(len(tables[0]), dtype=np.int64)
    for column in (column for one in tables for column in one.T):
        codes = encode(column)
        row_of = cells(row_of, codes.codes, codes.size).codes
    first = np.zeros(int(row_of.max()) + 1, dtype=np.int64)
    first[row_of[::-1]] = np.arange(len(row_of))[::-1]
    return first, row_of


_Table = list[list[Any]] | NDArray[Any]
"""Rows of labels: lists, or an array where all are equally long and none is missing."""


def _table(values: Sequence[Sequence[Any]] | ArrayLike) -> _Table:
    if getattr(values, "ndim", 1) == 2:  # a data frame gives its column names when looped over
        values = np.asarray(values)
        if values.dtype.kind in "iub" and values.size:
            return values
    rows = [_ranked(row) for row in values]  # type: ignore[union-attr]
    if not rows:
        raise NotEstimableError("There are no rankings.")
    return rows


def _ranked(row: Any) -> list[Any]:
    """Return a ranking's labels, without the missing values that end a shorter row of a table."""
    if not np.iterable(row):
        raise InputError("Each ranking is a list of conditions, best first, not a single number.")
    labels = list(row)
    absent = missing(np.asarray(labels, dtype=object))
    while labels and absent[len(labels) - 1]:
        labels.pop()
    return labels


def _padded(tables: Sequence[_Table]) -> tuple[list[IntArray], NDArray[Any]]:
    """Return tables as codes, -1 after the ends of shorter rows, and the labels that they share."""
    flat = [
        one.ravel() if isinstance(one, np.ndarray) else np.array([label for row in one for label in row])
        for one in tables
    ]
    codes = encode(np.concatenate(flat))
    parts = np.split(codes.codes, np.cumsum([len(one) for one in flat])[:-1])
    return [_shaped(one, part) for one, part in zip(tables, parts, strict=True)], codes.labels


def _shaped(table: _Table, codes: IntArray) -> IntArray:
    if isinstance(table, np.ndarray):
        return codes.reshape(table.shape)
    lengths = np.array([len(row) for row in table])
    padded = np.full((len(table), int(lengths.max())), -1, dtype=np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = codes
    return padded


def _membership(padded: IntArray, k: int) -> FloatArray:
    row, place = np.nonzero(padded >= 0)
    member = sums_by(row * k + padded[row, place], np.ones(len(row)), len(padded) * k).reshape(-1, k)
    if (member > 1).any():
        raise InputError("A ranking names each condition once.")
    return member


def _from_rankings(ranked: IntArray, offered: IntArray | None = None, *, labels: NDArray[Any]) -> _Choices:
    named = _membership(ranked, len(labels))
    left = named.copy() if offered is None else _membership(offered, len(labels))
    if (named > left).any():
        raise InputError("Some ranking names a condition that was not offered.")
    parts = []
    ballots = np.arange(len(ranked))
    for place in range(ranked.shape[1]):
        chosen = ranked[:, place]
        real = (chosen >= 0) & (left.sum(axis=1) > 1)
        parts.append((left[real].copy(), np.ones(real.sum()), chosen[real], ballots[real]))
        rest = chosen >= 0
        left[rest, chosen[rest]] = 0
    return _distinct(labels, parts, len(ranked))


def _from_best_worst(offered: IntArray, best: IntArray, worst: IntArray, *, labels: NDArray[Any]) -> _Choices:
    left, first, last = _membership(offered, len(labels)), best[:, 0], worst[:, 0]
    ballots = np.arange(len(first))
    if (first == last).any() or not (left[ballots, first] * left[ballots, last]).all():
        raise InputError("best and worst are two different conditions among those offered.")
    parts: list[tuple[FloatArray, FloatArray, IntArray, IntArray]] = []
    parts.append((left.copy(), np.ones(len(first)), first, ballots))
    left[ballots, first] = 0
    parts.append((left, -np.ones(len(first)), last, ballots))
    return _distinct(labels, parts, len(first))


def _distinct(
    labels: NDArray[Any], parts: list[tuple[FloatArray, FloatArray, IntArray, IntArray]], ballots: int
) -> _Choices:
    member, sign, choice, ballot = (np.concatenate(column) for column in zip(*parts, strict=True))
    real = member.sum(axis=1) > 1
    member, sign, choice, ballot = member[real], sign[real], choice[real], ballot[real]
    if not len(choice):
        raise NotEstimableError("No ranking compares two conditions.")
    keys = np.packbits(np.column_stack([member > 0, sign > 0]), axis=1)
    rows = np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1]))).ravel()
    _, first, set_of = np.unique(rows, return_index=True, return_inverse=True)
    k = len(labels)
    chosen = sums_by(set_of * k + choice, np.ones(len(choice)), len(first) * k).reshape(-1, k)
    own = np.arange(ballots)
    return _Choices(labels, member[first], sign[first], chosen, set_of, choice, ballot, ballots, own)


def _repeated(choices: _Choices, times: FloatArray) -> _Choices:
    """Return the choices of ballots of which each kind was given so often."""
    k = choices.size
    place = choices.set_of * k + choices.choice
    chosen = sums_by(place, times[choices.kind_of], len(choices.member) * k).reshape(-1, k)
    return replace(choices, chosen=chosen)


def _unbounded(choices: _Choices) -> dict[str, Any]:
    """Return conditions outside the largest group that beat and lose among themselves."""
    over = np.zeros((choices.size, choices.size))
    for sign in (1, -1):
        rows = choices.sign == sign
        beats = choices.chosen[rows].T @ choices.member[rows] > 0
        over += beats if sign > 0 else beats.T
    np.fill_diagonal(over, 0)
    edges = sparse.csr_matrix(over)
    count, group = csgraph.connected_components(edges, directed=False)
    names = [str(label) for label in choices.labels]
    if count > 1:
        raise DisconnectedError([[names[i] for i in np.flatnonzero(group == g)] for g in range(count)])
    count, group = csgraph.connected_components(edges, directed=True, connection="strong")
    if count == 1:
        return {}
    core = np.bincount(group).argmax()
    won, lost = (over > 0).sum(axis=1), (over > 0).sum(axis=0)
    return {names[i]: "above" if won[i] >= lost[i] else "below" for i in np.flatnonzero(group != core)}


def _chances(choices: _Choices, theta: FloatArray) -> FloatArray:
    """Return the (S, K) probabilities of being chosen from each set."""
    logits = np.where(choices.member > 0, choices.sign[:, None] * theta, -np.inf)
    return np.asarray(np.exp(logits - logsumexp(logits, axis=1, keepdims=True)))


def _log_likelihood(choices: _Choices, theta: FloatArray) -> float:
    taken = choices.chosen > 0
    return float(choices.chosen[taken] @ np.log(_chances(choices, theta)[taken]))


def _maximise(choices: _Choices, precision: float) -> tuple[FloatArray, FloatArray]:
    """Return centred strengths and the information (with the shift direction filled in)."""
    theta = np.zeros(choices.size)
    count = choices.chosen.sum(axis=1)
    for _ in range(200):
        chance = _chances(choices, theta)
        residual = choices.sign[:, None] * (choices.chosen - count[:, None] * chance)
        information = np.diag(count @ chance) - (chance * count[:, None]).T @ chance
        filled = information + (np.eye(choices.size) * precision if precision else 1.0 / choices.size)
        step = np.linalg.solve(filled, residual.sum(axis=0) - precision * theta)
        theta = theta + step / max(1.0, float(np.abs(step).max()))
        theta = theta - theta.mean()
        if np.abs(step).max() < 1e-11:
            return theta, filled
    raise NotEstimableError("Plackett-Luce: no maximum found in 200 Newton steps.")


def _told(choices: _Choices, theta: FloatArray) -> Told:
    """Return what each ballot adds to the derivatives by the strengths."""
    chance = _chances(choices, theta)
    asked = sparse.coo_matrix(
        (np.ones(len(choices.set_of)), (choices.kind_of, choices.set_of)), (choices.kinds, len(chance))
    ).tocsr()
    information = np.asarray(asked @ (chance * (1 - chance)))
    return Told(choices.kind, _scores(choices, theta), information)


def _clusters_of(choices: _Choices, rater: ArrayLike, item: Repeating | None) -> tuple[Codes, Items | None]:
    raters, items = encode(rater), as_items(item)
    for name, column in (("raters", raters), ("items", items)):
        if column is not None and len(column) != len(choices.kind):
            raise InputError(f"{len(column)} {name} for {len(choices.kind)} rankings.")
    return raters, items


def _scores(choices: _Choices, theta: FloatArray) -> FloatArray:
    """Return the log-likelihood's derivatives by the strengths for one ballot of each kind."""
    who, k, size = choices.kind_of, choices.size, choices.kinds
    sign = choices.sign[choices.set_of]
    chosen = sums_by(who * k + choices.choice, sign, size * k).reshape(size, k)
    sets = sparse.coo_matrix((sign, (who, choices.set_of)), (size, len(choices.member))).tocsr()
    return np.asarray(chosen - np.asarray(sets @ _chances(choices, theta)))


@dataclass(frozen=True, eq=False)
class Ballots:
    """Rankings (or best-worst choices) as kinds: how often each was given, and the kind of each ballot.

    What they cost to fit again and again depends on how many different ones there are.
    """

    labels: NDArray[Any]
    counts: FloatArray
    kind: IntArray
    choices: _Choices

    def fit(self, counts: FloatArray) -> tuple[FloatArray, NDArray[Any]]:
        """Fit so many ballots of each kind; return strengths and the labels that they belong to."""
        theta, _information = self._maximum(counts)
        return theta, self.labels

    def shifts(self, strengths: FloatArray) -> FloatArray:
        """Return what one ballot of each kind adds to every strength, to first order (kinds, conditions)."""
        _theta, information = self._maximum(self.counts)
        return _scores(self.choices, strengths) @ np.linalg.inv(information)

    def _maximum(self, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        given = _repeated(self.choices, counts)
        return _maximise(given, PRIOR_DEVIATION**-2 if _unbounded(given) else 0.0)


def ballots_of(
    rankings: Sequence[Sequence[Any]] | ArrayLike | None = None,
    *,
    best: ArrayLike | None = None,
    worst: ArrayLike | None = None,
    offered: Sequence[Sequence[Any]] | ArrayLike | None = None,
) -> Ballots:
    """Return ballots, given as :func:`plackett_luce` takes them, as kinds."""
    tables, read = _tables(rankings, best, worst, offered)
    first, kind = _distinct_rows(tables)
    choices = read([one[first] for one in tables])
    counts = np.bincount(kind, minlength=len(first)).astype(np.float64)
    return Ballots(choices.labels, counts, kind, choices)
