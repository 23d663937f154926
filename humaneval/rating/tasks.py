"""Celery's part: beat asks now and then that new votes be sealed."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="rating.seal")
def seal_new_votes() -> int:
    """Seal what is not yet sealed; return how many votes that were. The votes themselves say what is left."""
    from humaneval.rating.sealing import seal_votes

    return seal_votes()
