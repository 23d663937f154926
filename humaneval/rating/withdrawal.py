"""Withdrawal: a rater takes their votes back. Only tombstones are left, and the study asks others instead."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from humaneval.protocols import registry
from humaneval.rating.digests import read_contents
from humaneval.rating.models import (
    Answer,
    Assignment,
    Opening,
    SealedVote,
    Session,
    Tombstone,
    Vote,
    VoteOutcome,
)
from humaneval.rating.sessions import lock_session
from humaneval.studies.models import Study


def withdraw_votes(*, session: Session, reason: str) -> int:
    """Delete all votes of a session, leave a tombstone for each, and return how many they were.

    What only they filled is offered to other raters. A vote that was sealed keeps the digest of its
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
        _reopen(locked.study, filled)
    return len(ids)


def _reopen(study: Study, openings: list[int]) -> None:
    """Offer openings to other raters, those aside that another vote fills: a late one's replacement, say.

    They are locked before votes are looked for, so that one that is just being stored is waited for.
    """
    empty = Opening.objects.filter(pk__in=openings, free_from=None).order_by("pk")
    held = list(empty.select_for_update().values_list("pk", flat=True))
    votes = Vote.objects.filter(assignment__opening__in=held).exclude(outcome=VoteOutcome.NOT_SHOWN)
    if registry.get(study.protocol).replaces_spoilt(study.settings):
        votes = votes.exclude(spoilt=True)
    filled = set(votes.values_list("assignment__opening_id", flat=True))
    Opening.objects.filter(pk__in=set(held) - filled).update(free_from=timezone.now())


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
