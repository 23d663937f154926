"""Celery's part: beat asks now and then that new votes be sealed, and what they ask for be computed."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="rating.seal")
def seal_new_votes() -> int:
    """Seal what is not yet sealed; return how many votes that were. The votes themselves say what is left."""
    from humaneval.rating.sealing import seal_votes

    return seal_votes()


@shared_task(name="rating.steer")
def steer_studies() -> int:
    """Compute the courses of studies with new votes; return how many. The votes themselves say which."""
    from humaneval.rating.steering import steer_open_studies

    return steer_open_studies()
