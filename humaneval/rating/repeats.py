"""Repeats: trials shown to a rater a second time, to see whether they answer alike.

Their places are drawn from the study's seed and the session, so nobody can guess them and a reload does not
move them. A repeat is shown with its sides turned round: who always presses the same key is found out.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from humaneval.rating.history import Handed
from humaneval.rating.models import Session
from humaneval.studies.models import Study

OTHERS_BETWEEN = 4
"""At least so many other trials come between a trial and its repeat."""


def repeat_positions(study: Study, session: Session) -> frozenset[int]:
    """Return the positions, from 0 and gold trials aside, that are repeats in a session.

    They are fewer than wished in a short session.
    """
    trials = min(study.assignments_per_session, study.trial_count)
    wished = min(study.repeats_per_session, max(0, trials - OTHERS_BETWEEN))
    possible = range(OTHERS_BETWEEN + 1, trials + wished)
    if wished > len(possible):
        wished = len(possible)
    return frozenset(_seeded(study, session.pk, "positions").sample(possible, wished))


def choose_repeat(study: Study, session: Session, position: int, handed: Iterable[Handed]) -> Handed | None:
    """Return the assignment whose trial is shown again at a position, or None where none is fit yet.

    Fit is a trial that was handed out more than :data:`OTHERS_BETWEEN` places before, did not lapse, and
    has not been repeated.
    """
    rows = list(handed)
    repeated = {row.trial_id for row in rows if row.is_repeat}
    fit = [
        row
        for row in rows
        if row.is_fresh
        and row.trial_id not in repeated
        and not row.lapsed
        and row.position < position - OTHERS_BETWEEN
    ]
    return _seeded(study, session.pk, f"trial {position}").choice(fit) if fit else None


def _seeded(study: Study, *parts: object) -> Random:
    return Random(f"{study.seed} {' '.join(map(str, parts))}")
