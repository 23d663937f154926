"""After a backup was brought back: nothing is sent to a panel before it has told what was done since.

A restored platform has forgotten what it did after the backup: calls that were waiting then have been made,
bonuses are paid that its ledger does not know. So each posting is held. Looking at its panel settles the
calls that were open, by what the panel shows or by a person, brings the ledger up to what was paid, and only
then lets the posting go.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from humaneval.recruitment import recruiters
from humaneval.recruitment.effects import enter_bonus
from humaneval.recruitment.intents import PATIENCE, leave_unclear, refuse, settle
from humaneval.recruitment.ledger import ZERO, bonuses_by_submission
from humaneval.recruitment.models import Intent, IntentKind, IntentState, Posting, PostingState
from humaneval.recruitment.recruiters import PanelRefused, Undecided
from humaneval.teams.audit import record_action

WAITING = (IntentState.RECORDED, IntentState.SENDING)


def hold_postings() -> int:
    """Hold every posting there is, since a backup has just brought them back; return how many."""
    return Posting.objects.update(restored_at=timezone.now())


def note_held(stamp: str) -> None:
    """Write into the audit log which postings the backup of that name has brought back, and are held."""
    for posting in Posting.objects.filter(restored_at__isnull=False).order_by("pk"):
        record_action(action="hold after a restore", subject=posting, backup=stamp)


def opens_at(posting: Posting) -> datetime | None:
    """Return from when on a look at the panel can reconcile a posting; None for one that is not held.

    Panels show what was paid only after a while, and it may have been paid just before the restore.
    """
    return None if posting.restored_at is None else posting.restored_at + PATIENCE


def reconcile(posting: Posting, looked_at: datetime) -> None:
    """Settle what was open in a posting that a backup brought back, by its panel's list of ``looked_at``.

    The posting is let go once no call is open or unclear and the ledger has every bonus that the panel lists.
    A draft is left to a person: the panel may have been given another since, of which nothing is known here.
    """
    since = opens_at(posting)
    if since is None or looked_at < since:
        return
    for intent in posting.intents.filter(state__in=WAITING).order_by("pk"):
        if intent.is_held:
            _settle(intent)
    with transaction.atomic():
        held = (
            Posting.objects.select_for_update(no_key=True)
            .filter(pk=posting.pk, restored_at__isnull=False)
            .first()
        )
        if held is None:
            return
        _enter_unknown_bonuses(held)
        was_listed = bool(posting.external_id)
        if was_listed and held.state != PostingState.DRAFT and not _open_intents(held):
            _let_go(held, None)


def _open_intents(posting: Posting) -> list[Intent]:
    return list(posting.intents.filter(state__in=[*WAITING, IntentState.UNCLEAR]))


def _settle(intent: Intent) -> None:
    """Settle a call that was open in the backup: it is never sent, whoever still wants it asks anew."""
    try:
        outcome = recruiters.get(intent.posting.panel).find(intent)
    except (Undecided, PanelRefused) as error:
        leave_unclear(intent, str(error))
        return
    if outcome is not None:
        settle(intent, outcome)
    elif intent.kind == IntentKind.BONUS:
        leave_unclear(
            intent,
            _(
                "It was asked for before a backup from which this platform was restored, and may have been "
                "paid since. Look at the panel's bonuses, then say here whether it was."
            ),
        )
    else:
        refuse(
            intent,
            _("A backup has brought this back, and the panel shows that it was not done: ask for it anew."),
        )
        if intent.requested_by_id is None:  # so that the rule asks again where it still holds
            Intent.objects.filter(pk=intent.pk).update(key=f"{intent.key} restored {intent.pk}")


def _enter_unknown_bonuses(posting: Posting) -> None:
    """Bring the ledger up to the bonuses that the panel lists, but for people of whom a call is unclear."""
    bonuses = [one for one in _open_intents(posting) if one.kind == IntentKind.BONUS]
    unclear = {line["submission"] for intent in bonuses for line in intent.args["lines"]}
    known = bonuses_by_submission(posting)
    for submission in posting.submissions.filter(paid_bonuses__gt=0).exclude(pk__in=unclear):
        missing = submission.paid_bonuses - known.get(submission.pk, ZERO)
        if missing > 0:
            enter_bonus(submission, missing)
            record_action(
                action="enter a bonus that the panel lists",
                subject=posting,
                submission=submission.pk,
                amount=str(missing),
            )


def let_go_draft(posting: Posting, user: User) -> None:
    """Let a draft go whose person has seen that the panel has nothing of it.

    Raises ValidationError for a posting that is no held draft.
    """
    with transaction.atomic():
        held = Posting.objects.select_for_update(no_key=True).get(pk=posting.pk)
        if not held.is_held or held.state != PostingState.DRAFT:
            raise ValidationError(_("Only a draft that a backup has brought back waits for your word."))
        _let_go(held, user)


def _let_go(posting: Posting, user: User | None) -> None:
    Posting.objects.filter(pk=posting.pk).update(restored_at=None)
    record_action(action="let go after a restore", subject=posting, user=user)
