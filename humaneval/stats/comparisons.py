"""Pairwise votes as a small table: one row a pair (and side), with wins, losses and ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from humaneval.stats.columns import Codes, IntArray, encode_together, numbers, same_length, truths, weights
from humaneval.stats.errors import DisconnectedError, InputError, NotEstimableError
from humaneval.stats.results import FloatArray

WIN, LOSS, TIE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Counts of outcomes for each cell.

    A cell is a pair ``first < second`` of condition codes and a ``side``: +1 where the pair's first
    condition was shown in the first place, -1 where in the second, 0 where unknown. ``counts`` has
    the columns first wins, second wins, tie. ``place`` gives each vote's row and column in the table as
    3 · cell + outcome (None where the table came ready-made).
    """

    labels: NDArray[Any]
    first: IntArray
    second: IntArray
    side: FloatArray
    counts: FloatArray
    n: int
    place: IntArray | None = None
    weight: FloatArray | None = None

    @property
    def size(self) -> int:
        """How many conditions there are."""
        return len(self.labels)

    @property
    def names(self) -> list[str]:
        """The conditions' labels as text."""
        return [str(label) for label in self.labels]

    def wins_matrix(self) -> FloatArray:
        """Return W, W[i, j] the times i beat j, each tie as half a win for both."""
        matrix = np.zeros((self.size, self.size))
        np.add.at(matrix, (self.first, self.second), self.counts[:, WIN] + 0.5 * self.counts[:, TIE])
        np.add.at(matrix, (self.second, self.first), self.counts[:, LOSS] + 0.5 * self.counts[:, TIE])
        return matrix


def from_votes(
    winner: ArrayLike | Codes,
    loser: ArrayLike | Codes,
    *,
    tie: ArrayLike | None = None,
    position: ArrayLike | None = None,
    counts: ArrayLike | None = None,
) -> Comparisons:
    """Tabulate votes; where ``tie`` is true, winner and loser are merely the two conditions shown.

    ``position`` is true where the condition in ``winner`` was shown in the first place
    (see :func:`shown_first`).
    """
    n = same_length(winner=winner, loser=loser, tie=tie, position=position, counts=counts)
    (won, lost), labels = encode_together(winner, loser)
    k = len(labels)
    kind = np.zeros(n, dtype=np.int64) if position is None else shown_first(position) + np.int64(1)
    if tie is not None:
        kind = kind + 3 * truths(tie, "tie")
    index = (kind * k + won) * k + lost
    weight = None if counts is None else weights(counts, n, "counts")
    votes = np.bincount(index, weight, 6 * k * k).astype(np.float64).reshape(2, 3, k, k)
    if np.einsum("abii->", votes) > 0:
        raise InputError("A comparison has two different conditions; some votes name the same one twice.")
    return _from_kinds(votes, labels, index, weight, n if weight is None else round(float(weight.sum())))


def shown_first(position: ArrayLike) -> NDArray[np.bool_]:
    """Return where the condition in ``winner`` was shown in the first place.

    Read from true and false, 1 and 0, 1 and -1, "first" and "second", or "left" and "right".
    """
    column = np.asarray(position)
    if column.dtype.kind in "OU":
        text = column.astype(str)
        for first, second in (("first", "second"), ("left", "right")):
            if np.isin(text, (first, second)).all():
                return np.asarray(text == first)
    if column.dtype.kind == "b":
        return column
    try:
        number = numbers(column, "position")
    except InputError:
        number = np.full(len(column), np.nan)
    for second_place in (0.0, -1.0):
        if np.isin(number, (1.0, second_place)).all():
            return np.asarray(number == 1.0)
    raise InputError(
        "position says for each vote whether the condition in winner was shown first: true or false, 1 or 0, "
        "1 or -1, 'first' or 'second', 'left' or 'right'."
    )


def _from_kinds(
    votes: FloatArray, labels: NDArray[Any], index: IntArray, weight: FloatArray | None, n: int
) -> Comparisons:
    """Tabulate counts by (tie, position: unknown, winner second, winner first; winner, loser)."""
    k = len(labels)
    cell_of, outcome_of = _cells_of_kinds(k)
    counts = np.zeros((3, k, k, 3))
    np.add.at(counts.reshape(-1, 3), (cell_of, outcome_of), votes.ravel())
    flat = counts.reshape(-1, 3)
    used = np.flatnonzero(flat.sum(axis=1) > 0)
    number = np.zeros(len(flat), dtype=np.int64)
    number[used] = np.arange(len(used))
    side, pair = np.divmod(used, k * k)
    lookup = number[cell_of] * 3 + outcome_of
    return Comparisons(labels, pair // k, pair % k, side - 1.0, flat[used], n, lookup[index], weight)


def _cells_of_kinds(k: int) -> tuple[IntArray, IntArray]:
    """Return the (side, first, second) cell and the outcome that each kind of vote belongs to."""
    tie, position, won, lost = np.indices((2, 3, k, k))
    swapped = won > lost
    side = np.where(position == 0, 1, np.where((position == 2) != swapped, 2, 0))
    low, high = np.minimum(won, lost), np.maximum(won, lost)
    outcome = np.where(tie > 0, TIE, np.where(swapped, LOSS, WIN))
    return ((side * k + low) * k + high).ravel(), outcome.ravel()


def from_matrix(
    wins: ArrayLike, *, ties: ArrayLike | None = None, labels: ArrayLike | None = None
) -> Comparisons:
    """Tabulate a win matrix: ``wins[i, j]`` the times i beat j; ``ties`` is symmetric."""
    labels = _names_of_frame(wins) if labels is None else labels
    matrix = _square(wins, "wins")
    tied = np.zeros_like(matrix) if ties is None else _square(ties, "ties")
    if tied.shape != matrix.shape or not np.allclose(tied, tied.T):
        raise InputError("ties must be symmetric and of the shape of wins.")
    first, second = np.triu_indices(len(matrix), 1)
    counts = np.stack([matrix[first, second], matrix[second, first], tied[first, second]], axis=1)
    met = counts.sum(axis=1) > 0
    if not met.any():
        raise NotEstimableError("There are no comparisons.")
    names = np.arange(len(matrix)) if labels is None else np.asarray(labels)
    if len(names) != len(matrix):
        raise InputError(f"{len(names)} labels for {len(matrix)} conditions.")
    first, second, counts = first[met], second[met], counts[met]
    return Comparisons(names, first, second, np.zeros(len(first)), counts, round(float(counts.sum())))


def _names_of_frame(wins: ArrayLike) -> NDArray[Any] | None:
    """Return the names of a data frame's rows, which must be those of its columns; None without names."""
    rows, columns = getattr(wins, "index", None), getattr(wins, "columns", None)
    if rows is None or columns is None or not hasattr(rows, "to_numpy"):
        return None
    if len(rows) == len(columns) and list(rows) != list(columns):
        raise InputError("The rows of a win matrix (who won) and its columns (who lost) have other names.")
    return np.asarray(rows.to_numpy())


def tabulate(
    wins: ArrayLike | None,
    *,
    ties: ArrayLike | None,
    labels: ArrayLike | None,
    winner: ArrayLike | Codes | None,
    loser: ArrayLike | Codes | None,
    tie: ArrayLike | None,
    position: ArrayLike | None = None,
    counts: ArrayLike | None,
) -> Comparisons:
    """Tabulate a win matrix (``wins``, or a two-dimensional ``counts``) or votes, and refuse a mixture."""
    if winner is None and loser is None and counts is not None:
        if wins is not None:
            raise InputError("Give the win matrix once: as the first argument or as counts=.")
        if np.ndim(counts) != 2:
            raise InputError(
                "counts= without winner= and loser= is a win matrix; beside them one number a row of votes."
            )
        wins = counts
    if wins is not None:
        if winner is not None or loser is not None or (counts is not None and counts is not wins):
            raise InputError("Give either a win matrix or the votes (winner= and loser=), not both.")
        if tie is not None or position is not None:
            raise InputError("tie= and position= go with votes; ties of a win matrix are tied=.")
        return from_matrix(wins, ties=ties, labels=labels)
    if winner is None or loser is None:
        raise InputError("Give the votes (winner= and loser=) or a win matrix (counts=).")
    if ties is not None or labels is not None:
        raise InputError("tied= and labels= go with a win matrix; votes name their conditions and tie=.")
    if counts is not None and np.ndim(counts) != 1:
        raise InputError("Beside winner= and loser=, counts= is one number a row of votes, not a matrix.")
    return from_votes(winner, loser, tie=tie, position=position, counts=counts)


def _square(values: ArrayLike, name: str) -> FloatArray:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"{name} must be a square matrix, not of shape {matrix.shape}.")
    if not np.isfinite(matrix).all() or (matrix < 0).any() or np.diag(matrix).any():
        raise InputError(f"{name} holds counts: finite, not negative, 0 on the diagonal.")
    return matrix


def linked_groups(table: Comparisons) -> list[list[int]]:
    """Return the groups of conditions that chains of comparisons link."""
    edges = sparse.coo_matrix((np.ones(len(table.first)), (table.first, table.second)), (table.size,) * 2)
    count, group = csgraph.connected_components(edges, directed=False)
    return [np.flatnonzero(group == number).tolist() for number in range(count)]


def require_linked(table: Comparisons) -> None:
    """Raise DisconnectedError unless every condition can be compared with every other."""
    groups = linked_groups(table)
    if len(groups) > 1:
        names = table.names
        raise DisconnectedError([[names[index] for index in group] for group in groups])


def beating_groups(table: Comparisons) -> list[list[int]]:
    """Return the strongly connected groups of "i beat (or tied) j", best group first where ordered.

    More than one group means that no condition of some group ever lost to (or won from) another's:
    maximum likelihood then puts the groups infinitely far apart (Ford 1957).
    """
    wins = table.wins_matrix() > 0
    count, group = csgraph.connected_components(sparse.csr_matrix(wins), directed=True, connection="strong")
    members = [np.flatnonzero(group == number).tolist() for number in range(count)]
    score = wins.sum(axis=1) - wins.sum(axis=0)
    return sorted(members, key=lambda group: -float(np.mean(score[group])))


def places_of(table: Comparisons) -> IntArray:
    """Return the place of each vote in the table. Raises InputError for a table that came ready-made."""
    if table.place is None:
        raise InputError("Clusters need the votes, not a ready table.")
    return table.place


def cluster_tables(table: Comparisons, cluster: IntArray, size: int) -> sparse.csr_matrix:
    """Return the (clusters x 3·cells) counts of each cluster's votes."""
    place = places_of(table)
    weight = np.ones(len(place)) if table.weight is None else table.weight
    return sparse.coo_matrix((weight, (cluster, place)), (size, table.counts.size)).tocsr()
