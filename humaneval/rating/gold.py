"""Which gold trial a session meets next.

A gold trial is a trial of its own beside those that the study asks about (:mod:`humaneval.studies.gold`). It
fills no opening, and a session meets each at most once.
"""

from __future__ import annotations

from random import Random

from humaneval.rating.met import Met
from humaneval.rating.models import Session
from humaneval.rating.places import Places
from humaneval.studies.models import Trial


def place_gold(session: Session, places: Places, met: Met, positions: range) -> dict[int, Trial]:
    """Return the gold trials for those of some positions that hold one, and note them as met.

    One query, none for studies that use no gold.
    """
    wanted = [position for position in positions if places.is_gold(position)]
    gold = _unmet_gold(session, met) if wanted else []
    placed: dict[int, Trial] = {}
    for position in wanted:
        fit = [trial for trial in gold if met.admits(trial)]
        if fit:
            placed[position] = _seeded(session, f"gold at {position}").choice(fit)
            met.add(placed[position])
    return placed


def _unmet_gold(session: Session, met: Met) -> list[Trial]:
    gold = Trial.objects.filter(study=session.study, number__gte=session.study.trial_count)
    return list(gold.exclude(pk__in=met.trials).order_by("number"))


def gold_turn(session: Session, trial: Trial) -> int:
    """Return how far a gold trial's slots are turned round for a session, every turn as likely as another."""
    return _seeded(session, f"turn of {trial.number}").randrange(len(trial.slots))


def _seeded(session: Session, purpose: str) -> Random:
    return Random(f"{session.study.seed} {session.pk} {purpose}")
