"""The places of a session: which positions hold repeats, which hold gold trials, and which anything else.

Among every ten positions as many hold gold trials as the study sets, drawn from its seed and the session, so
that nobody can guess them and a reload does not move them. The other positions are counted through, and
repeats stand at theirs among these.
"""

from __future__ import annotations

from itertools import count, islice
from random import Random

from humaneval.rating.models import Session
from humaneval.rating.repeats import repeat_positions
from humaneval.studies.models import Study

STRETCH = 10
"""Positions among which a study's number of gold trials are placed."""


class Places:
    """A session's positions, from 0."""

    def __init__(self, study: Study, session: Session) -> None:
        self._study, self._session = study, session
        self._repeats = repeat_positions(study, session)
        self._gold: list[int] = []
        self._drawn = 0

    def is_gold(self, position: int) -> bool:
        """Return whether a gold trial stands at a position, if one is left for this session."""
        self._draw_to(position)
        return position in self._gold

    def next_other(self, position: int) -> int:
        """Return the first position from this one on that holds no gold trial."""
        return next(later for later in count(position) if not self.is_gold(later))

    def is_repeat(self, position: int) -> bool:
        """Return whether a repeat stands at a position, if a trial is fit to be repeated."""
        if not self._repeats or self.is_gold(position):
            return False
        return position - sum(gold < position for gold in self._gold) in self._repeats

    def length(self, fresh: int) -> int:
        """Return how many positions a session takes that is handed ``fresh`` trials for the first time.

        Gold trials after the last one of the others are not handed out.
        """
        wanted = fresh + len(self._repeats)
        if not wanted or not self._study.gold_count:
            return wanted
        others = (position for position in count() if not self.is_gold(position))
        return next(islice(others, wanted - 1, None)) + 1

    def _draw_to(self, position: int) -> None:
        while self._drawn <= position:
            seed = f"{self._study.seed} {self._session.pk} gold {self._drawn}"
            places = Random(seed).sample(range(STRETCH), self._study.gold_per_block)
            self._gold += sorted(self._drawn + place for place in places)
            del self._gold[self._study.gold_count :]  # each gold trial once a session
            self._drawn += STRETCH
