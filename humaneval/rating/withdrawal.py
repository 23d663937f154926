"""Withdrawal: a rater takes their votes back. Only tombstones are left, and the study asks others instead."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from humaneval.rating.digests import read_contents
from humaneval.rating.models import Answer, Assignment, Opening, SealedVote, Session, Tombstone, Vote
from humaneval.rating.sessions import lock_session


def withdraw_votes(*, session: Session, reason: str) -> int:
    """Delete all votes of a session, leave a tombstone for each, and return how many they were.

    What the votes filled is offered to other raters. A vote that was sealed keeps the digest of its
    sealing. Doing it again deletes what came since.
    """
    with transaction.atomic():
        locked = lock_session(session.pk)
        votes = Vote.objects.filter(assignment__session=locked)
        ids = list(votes.values_list("pk", flat=True))
        filled = list(
            votes.exclude(assignment__opening=None).values_list("assignment__opening_id", flat=True)
        )
        assignments = list(votes.values_list("assignment_id", flat=True))
        _bury(locked, ids, reason)
        Answer.objects.filter(vote__in=ids).delete()
        Vote.objects.filter(pk__in=ids).delete()
        Assignment.objects.filter(pk__in=assignments).update(lapsed=True)
        Opening.objects.filter(pk__in=filled, free_from=None).update(free_from=timezone.now())
    return len(ids)


def _bury(session: Session, vote_ids: list[int], reason: str) -> None:
    sealed = dict(SealedVote.objects.filter(pk__in=vote_ids).values_list("vote_id", "digest"))
    Tombstone.objects.bulk_create(
        Tombstone(
            vote_id=content.vote_id,
            study_id=session.study_id,
            digest=sealed.get(content.vote_id, content.digest),
            reason=reason,
        )
        for content in read_contents(vote_ids)
    )
