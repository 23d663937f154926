"""People who withdraw, and panel ids that have been kept long enough."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from humaneval.rating.models import Rater, Session
from humaneval.rating.withdrawal import withdraw_votes
from humaneval.recruitment.link.invitations import forget_invitations
from humaneval.recruitment.link.panel import SEALED
from humaneval.recruitment.models import Posting, PostingState, Submission
from humaneval.studies.models import Study, StudyState
from humaneval.teams.audit import record_action
from humaneval.teams.models import AuditEntry


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
    """Erase panel ids and invited names kept for ``PANEL_ID_RETENTION_DAYS``; return how many.

    Ids of a posting go once it is closed and quiet for so long, those that a link keeps for the way back so
    long after the arrival, names of a closed study so long after the invitation. 0 days keeps them for good.
    The keyed hash stays, so that people who come again are still known.
    """
    if not settings.PANEL_ID_RETENTION_DAYS:
        return 0
    before = timezone.now() - timedelta(days=settings.PANEL_ID_RETENTION_DAYS)
    with transaction.atomic():
        closed = Posting.objects.filter(state=PostingState.CLOSED)
        of_postings = sum(_forget_posting(posting, before, user) for posting in closed)
        return of_postings + sum(_forget_link(study, before, user) for study in Study.objects.all())


def _forget_posting(posting: Posting, before: datetime, user: User | None) -> int:
    rows = posting.submissions.exclude(sealed_person="")
    if rows.filter(created_at__gte=before).exists():
        return 0
    return _noted(posting, rows.update(sealed_person=""), user)


def _forget_link(study: Study, before: datetime, user: User | None) -> int:
    old = Session.objects.filter(study=study, started_at__lt=before, arrival__has_key=SEALED)
    for session in old:
        kept = {name: value for name, value in session.arrival.items() if name != SEALED}
        Session.objects.filter(pk=session.pk).update(arrival=kept)
    names = study.invitations.exclude(sealed_name="").filter(created_at__lt=before)
    count = names.update(sealed_name="") if study.state == StudyState.CLOSED else 0
    return _noted(study, len(old) + count, user)


def _noted(subject: Posting | Study, count: int, user: User | None) -> int:
    if count:
        record_action(action="forget panel ids", subject=subject, user=user, count=count)
    return count
