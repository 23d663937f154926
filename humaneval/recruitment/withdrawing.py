"""People who withdraw, and panel ids that have been kept long enough."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from humaneval.rating.models import Rater, Session
from humaneval.rating.withdrawal import withdraw_votes
from humaneval.recruitment.audit import record_action
from humaneval.recruitment.link.invitations import forget_invitations
from humaneval.recruitment.models import AuditEntry, Posting, PostingState, Submission


def withdraw(*, rater: Rater, erase_votes: bool, reason: str, user: User) -> AuditEntry:
    """Erase how a rater can be recognised, and their votes too where the law or the consent asks for it.

    Returns the audit entry. Each vote leaves a tombstone, which keeps the chain of seals checkable. Coming
    again, the person is a stranger. Payments stay, under the panel's id of the submission alone: accounts
    must be kept.
    """
    with transaction.atomic():
        rater = Rater.objects.select_for_update().get(pk=rater.pk)
        sessions = Session.objects.filter(rater=rater)
        Submission.objects.filter(person_hash=rater.key_hash).update(person_hash="", sealed_person="")
        Submission.objects.filter(session__in=sessions).update(person_hash="", sealed_person="")
        forget_invitations(sessions)
        erased = sum(withdraw_votes(session=one, reason=reason) for one in sessions) if erase_votes else 0
        for session in sessions:
            unusable = f"withdrawn {secrets.token_hex(27)}"
            Session.objects.filter(pk=session.pk).update(token_hash=unusable[:64], arrival={}, device={})
        Rater.objects.filter(pk=rater.pk).update(key_hash=f"withdrawn {secrets.token_hex(27)}"[:64])
        return record_action(
            action="withdraw",
            subject=rater,
            user=user,
            reason=reason,
            votes_erased=erased,
        )


def forget_old_ids(*, user: User | None = None) -> int:
    """Erase the panel ids of postings closed and quiet for ``PANEL_ID_RETENTION_DAYS``; return how many.

    0 days keeps them for good. The keyed hash stays, so that people who come again are still known.
    """
    if not settings.PANEL_ID_RETENTION_DAYS:
        return 0
    before = timezone.now() - timedelta(days=settings.PANEL_ID_RETENTION_DAYS)
    erased = 0
    for posting in Posting.objects.filter(state=PostingState.CLOSED):
        rows = posting.submissions.exclude(sealed_person="")
        if rows.filter(created_at__gte=before).exists():
            continue
        count = rows.update(sealed_person="")
        if count:
            record_action(action="forget panel ids", subject=posting, user=user, count=count)
        erased += count
    return erased
