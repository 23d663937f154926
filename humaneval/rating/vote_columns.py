"""Votes as columns: plain arrays, one row a vote, that rules and estimates read; no database in sight.

A study of a million votes takes some 80 MB in this form. :func:`humaneval.rating.reading.read_vote_columns`
fills it from the database; bundles and votes from elsewhere fill it from files.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Smalls = NDArray[np.int16]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NO_ANSWER = -32768
"""Stands in ``answers`` and ``expected`` where a question has none; no canonical value is as low."""

OUTCOMES = ("answered", "cannot_tell", "not_shown")
"""What a code in ``outcome`` stands for."""

ANSWERED = OUTCOMES.index("answered")


@dataclass(frozen=True, eq=False)
class VoteColumns:
    """All votes of a study, in the order in which they came: V rows, Q questions, at most S places on screen.

    ``vote``, ``session``, ``rater`` and ``trial`` are ids; ``position`` is the place in the session, from 0.
    ``handed_at`` and ``received_at`` are microseconds since 1970 (UTC) by the server's clock. Of votes from
    elsewhere a position may be -1 and a time 0: nobody knows. ``answers``
    (V x Q) are canonical values, ``NO_ANSWER`` where there is none; ``expected`` (V x Q) the right ones of a
    gold trial. ``order`` (V x S) is the slot shown at each place, from the left, -1 where there is no such
    place. ``block``, ``frames`` and ``frame_ms`` tell of timed votes; ``block`` is -1 for others.
    ``names_slots`` says that an answer is a slot, and no point of a scale, order, or yes and no.
    """

    questions: tuple[str, ...]
    names_slots: bool
    vote: Ints
    session: Ints
    rater: Ints
    trial: Ints
    position: Ints
    handed_at: Ints
    received_at: Ints
    response_ms: Floats
    outcome: Smalls
    answers: Smalls
    expected: Smalls
    order: Smalls
    is_repeat: Bools
    is_gold: Bools
    late: Bools
    spoilt: Bools
    simulated: Bools
    screened_out: Bools
    block: Ints
    frames: Ints
    frame_ms: Floats

    def __len__(self) -> int:
        return len(self.vote)

    def where(self, rows: Bools | Ints) -> VoteColumns:
        """Return the votes that a mask or their rows pick."""
        return VoteColumns(**{one.name: self._picked(one.name, rows) for one in fields(self)})

    def _picked(self, name: str, rows: Bools | Ints) -> Any:
        column = getattr(self, name)
        return column[rows] if isinstance(column, np.ndarray) else column

    @property
    def has_answer(self) -> Bools:
        """Whether any question of the vote was answered."""
        found: Bools = (self.answers != NO_ANSWER).any(axis=1)
        return found

    @property
    def counts(self) -> Bools:
        """Whether estimates rest on it: answered, shown as asked, and neither a repeat nor a gold trial."""
        return (self.outcome == ANSWERED) & ~(self.is_repeat | self.is_gold | self.spoilt)

    @property
    def pressed(self) -> Smalls:
        """Each answer as it stood on screen (V x Q): the place of a slot, or the value itself."""
        if not self.names_slots or self.order.shape[1] < 2:
            return self.answers
        several = (self.order >= 0).sum(axis=1) > 1
        pressed = self.answers.copy()
        for question in range(pressed.shape[1]):
            at = self.order == self.answers[:, question, None]
            found = several & at.any(axis=1)
            pressed[found, question] = at[found].argmax(axis=1)
        return pressed
