"""Covariance of several estimates at once when votes cluster by rater and by what repeats.

Each kind of cluster has a sandwich: scores are summed within a cluster before they are multiplied. Crossed
kinds are joined as V = V_rater + V_item - V_cell (Cameron, Gelbach and Miller 2011), raised until no variance
is below that of one kind alone: not only of a parameter (the "max-se" of MacKinnon, Nielsen and Webb 2024),
but of every combination of them. Ranks and correlations rest on differences.
A cluster's score by a condition is divided by sqrt(1 - h), h its share of what all votes tell of that
condition: Bell and McCaffrey's (2002) CR2 for means, and of a model with many parameters its diagonal. The
degrees of freedom are theirs too, for each condition by those shares: as many clusters as really tell of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from humaneval.stats.columns import Codes, IntArray, encode
from humaneval.stats.items import Items
from humaneval.stats.results import FloatArray

ALL = 1e-9
"""Where a cluster has all but this share of what is known of a condition, it says nothing of its spread."""
MOST_CELLS = 4_000_000
"""Owners times kinds up to which a full table of both is counted; of more, only the cells that occur."""


@dataclass(frozen=True, eq=False)
class Told:
    """What votes add to the derivatives of a fitted model's likelihood: by kinds, of which there are few.

    ``kind`` (N) is the kind of each vote; ``scores`` (kinds x parameters) its first derivatives,
    ``information`` the negative second ones, of each parameter by itself. A vote counts ``weight`` times in
    sums of scores and ``informed`` times in those of information (once, where None).
    """

    kind: IntArray
    scores: FloatArray
    information: FloatArray
    weight: FloatArray | None = None
    informed: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def known(self) -> FloatArray:
        """What all votes together tell of each parameter."""
        return np.asarray(np.bincount(self.kind, self.informed, len(self.information)) @ self.information)

    def scores_by(self, owners: Sequence[IntArray], size: int) -> FloatArray:
        """Return the sums of scores over each owner's votes (``size`` x parameters).

        Each column of ``owners`` (N) gives every vote an owner; ``size`` stands for none.
        """
        return self._by(owners, size, self.weight, self.scores)

    def information_by(self, owners: Sequence[IntArray], size: int) -> FloatArray:
        """Return the sums of information over each owner's votes (``size`` x parameters)."""
        return self._by(owners, size, self.informed, self.information)

    def squares_by(
        self, owners: Sequence[IntArray], size: int, times: FloatArray | None = None
    ) -> FloatArray:
        """Return the sum over owners of the outer products of their sums of scores, each so many times.

        Of owners by the million most have one vote: such are added up by kind.
        """
        owner, vote = self._owned(owners, size)
        often = np.ones(size) if times is None else times
        alone = (np.bincount(owner, minlength=size) == 1)[owner]
        weight = np.ones(len(vote)) if self.weight is None else self.weight[vote]
        squared = np.bincount(
            self.kind[vote[alone]], weight[alone] ** 2 * often[owner[alone]], len(self.scores)
        )
        found = np.asarray((self.scores * squared[:, None]).T @ self.scores)
        shared = encode(owner[~alone]) if not alone.all() else None
        if shared is None:
            return found
        rest = _table(shared.codes, self.kind[vote[~alone]], weight[~alone], (shared.size, len(self.scores)))
        sums = rest @ sparse.csr_matrix(self.scores)
        again = sums.T @ sparse.diags_array(often[shared.labels.astype(np.int64)]) @ sums
        return found + np.asarray(again.toarray())

    def _by(
        self, owners: Sequence[IntArray], size: int, weight: FloatArray | None, design: FloatArray
    ) -> FloatArray:
        owner, vote = self._owned(owners, size)
        weights = None if weight is None else weight[vote]
        shape = (size, len(design))
        if size * len(design) <= MOST_CELLS:
            flat = np.bincount(owner * len(design) + self.kind[vote], weights, size * len(design))
            return np.asarray(flat.reshape(shape) @ design)
        told = np.ones(len(vote)) if weights is None else weights
        return np.asarray((_table(owner, self.kind[vote], told, shape) @ sparse.csr_matrix(design)).toarray())

    def _owned(self, owners: Sequence[IntArray], size: int) -> tuple[IntArray, IntArray]:
        """Return the owner of each vote in each column that gives it one, and the vote."""
        owner, vote = np.concatenate(owners), np.tile(np.arange(len(self)), len(owners))
        there = owner < size
        return (owner, vote) if there.all() else (owner[there], vote[there])


def _table(owner: IntArray, kind: IntArray, weight: FloatArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return how much of each kind each owner has."""
    return sparse.coo_matrix((weight, (owner, kind)), shape).tocsr()


@dataclass(frozen=True, eq=False)
class Clustered:
    """A covariance, the degrees of freedom of each parameter, and what it rests on."""

    covariance: FloatArray
    freedoms: FloatArray
    clusters: dict[str, int]

    @property
    def by(self) -> str:
        """What votes were clustered by: ``rater and prompt``."""
        return " and ".join(self.clusters)


@dataclass(frozen=True, eq=False)
class _Kind:
    covariance: FloatArray
    freedoms: FloatArray


def crossed_covariance(
    model: Told, bread: FloatArray, rater: Codes | None, item: Items | None
) -> Clustered | None:
    """Return the covariance by the widest clustering that the votes allow; ``None`` where they allow none.

    ``bread`` is the inverse information. Two-way where items repeat across raters, else by rater; by item
    where there is only one rater.
    """
    known = model.known
    items = item if item is not None and item.size > 1 else None
    if rater is None or rater.size < 2:
        if items is None or items.size >= len(items):
            return None
        alone = _by_items(model, bread, known, items)
        return Clustered(alone.covariance, alone.freedoms, {items.name: items.size})
    ours = _one_way(model, bread, known, [rater.codes], rater.size)
    if items is None or not items.crossed(rater):
        return Clustered(ours.covariance, ours.freedoms, {"rater": rater.size})
    theirs = _by_items(model, bread, known, items)
    both = ours.covariance + theirs.covariance - _cells(model, bread, items.with_raters(rater))
    return Clustered(
        no_less_than_one_kind(both, ours.covariance, theirs.covariance),
        np.minimum(ours.freedoms, theirs.freedoms),
        {"rater": rater.size, items.name: items.size},
    )


def _one_way(
    model: Told, bread: FloatArray, known: FloatArray, owners: Sequence[IntArray], size: int
) -> _Kind:
    told = model.information_by(owners, size)
    moved = _adjusted(model.scores_by(owners, size), told, known) @ bread
    return _Kind(moved.T @ moved, _freedoms(told))


def _by_items(model: Told, bread: FloatArray, known: FloatArray, items: Items) -> _Kind:
    """Return the kind of items: of several a vote, those in sets that repeat are counted once."""
    if not items.several:
        return _one_way(model, bread, known, [items.one_code().codes], items.size)
    told = model.information_by(items.columns, items.size)
    moved = _adjusted(model.scores_by(items.columns, items.size), told, known) @ bread
    sets, beyond = items.sets()
    told_again = model.information_by([sets.codes], sets.size)
    again = _adjusted(model.scores_by([sets.codes], sets.size), told_again, known) @ bread
    twice = again * np.sqrt(beyond)[:, None]
    own = np.divide(told, told.max(axis=1, keepdims=True), out=np.zeros_like(told), where=told > 0)
    freedoms = np.minimum(_freedoms(told * own), _freedoms(told_again))  # what always comes together is one
    return _Kind(moved.T @ moved - twice.T @ twice, freedoms)


def _cells(model: Told, bread: FloatArray, items: Items) -> FloatArray:
    """Return the covariance of what raters and items share; so many cells need no correction."""
    found = model.squares_by(items.columns, items.size)
    if items.several:
        sets, beyond = items.sets()
        found = found - model.squares_by([sets.codes], sets.size, beyond.astype(np.float64))
    return np.asarray(bread @ found @ bread)


def _adjusted(scores: FloatArray, told: FloatArray, known: FloatArray) -> FloatArray:
    """Return clusters' scores as large as they would be, had the estimate not been fitted to them."""
    room = 1.0 - np.divide(told, known, out=np.zeros_like(told), where=known > 0)
    return np.divide(scores, np.sqrt(np.maximum(room, ALL)), out=np.zeros_like(scores), where=room > ALL)


def _freedoms(told: FloatArray) -> FloatArray:
    """Return Bell and McCaffrey's degrees of freedom of each parameter (G - 1 if balanced), at least 1."""
    total = told.sum(axis=0)
    share = np.divide(told, total, out=np.zeros_like(told), where=total > 0)
    room = np.maximum(1.0 - share, ALL)
    odds = share**2 / room
    inverse = (share**2).sum(axis=0) + odds.sum(axis=0) ** 2 - (odds**2).sum(axis=0)
    return np.maximum(np.divide(1.0, inverse, out=np.ones_like(inverse), where=inverse > 0), 1.0)


def no_less_than_one_kind(both: FloatArray, by_rater: FloatArray, by_item: FloatArray) -> FloatArray:
    """Return the two-way covariance, raised until no combination of parameters varies less than by one kind.

    Both kinds first give one floor, so that it is the same whichever comes first, and the floor then raises
    what falls below it; where nothing does, the two-way covariance comes back as it is. All are measured in
    each parameter's larger one-way error, so that units do not matter.
    """
    error = np.sqrt(np.maximum(np.maximum(np.diag(by_rater), np.diag(by_item)), 0.0))
    one = np.divide(1.0, error, out=np.zeros_like(error), where=error > 0)
    unit = np.outer(one, one)
    floor = _no_less_than_either(by_rater * unit, by_item * unit)
    return np.asarray(_no_less_than_either(both * unit, floor) * np.outer(error, error))


def _no_less_than_either(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the matrix of least trace of those that no combination makes less than either (Loewner's order).

    It is A + (B - A)+, which is B + (A - B)+ as well; ``+`` keeps the positive directions.
    """
    gap = second - first
    values, vectors = np.linalg.eigh((gap + gap.T) / 2)
    return np.asarray(first + (vectors * np.maximum(values, 0.0)) @ vectors.T)


def freedom_in_words(freedoms: FloatArray) -> str:
    """Return ``Student t on 19 degrees of freedom``, or from which to which; ``normal`` for infinite ones."""
    low, high = (f"{one:.3g}" for one in (freedoms.min(), freedoms.max()))
    if np.isinf(freedoms).all():
        return "normal"
    return f"Student t on {low if low == high else f'{low} to {high}'} degrees of freedom"
