"""Which gold trial a session meets next.

A gold trial is a trial of its own beside those that the study asks about (:mod:`humaneval.studies.gold`). It
fills no opening, and a session meets each at most once.
"""

from __future__ import annotations

from random import Random

from humaneval.rating.history import History
from humaneval.rating.models import Session
from humaneval.studies.models import Trial


def unmet_gold(session: Session, history: History) -> list[Trial]:
    """Return the gold trials that a session has not met: one query, none for studies that use no gold."""
    study = session.study
    if not (study.gold_per_block and study.gold_count):
        return []
    gold = Trial.objects.filter(study=study, number__gte=study.trial_count)
    return list(gold.exclude(pk__in=history.trials).order_by("number"))


def choose_gold(session: Session, position: int, gold: list[Trial]) -> Trial | None:
    """Return the gold trial that a session meets at a position, or None where it has met them all."""
    return _seeded(session, f"gold at {position}").choice(gold) if gold else None


def gold_turn(session: Session, trial: Trial) -> int:
    """Return how far a gold trial's slots are turned round for a session, every turn as likely as another."""
    return _seeded(session, f"turn of {trial.number}").randrange(len(trial.slots))


def _seeded(session: Session, purpose: str) -> Random:
    return Random(f"{session.study.seed} {session.pk} {purpose}")
