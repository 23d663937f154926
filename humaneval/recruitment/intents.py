"""Carrying out what was written down: once, whatever dies or is lost on the way.

Each step is committed before the next begins: the wish, the evidence, ``sent_at``, the call, the outcome
with all that follows from it. A call found with ``sent_at`` set and no outcome is never simply repeated:
the panel is asked first. A worker that stood still for longer than its job's lease, while another took its
job over, finds each of its further steps refused: what it knows of the call is no longer so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job, JobState
from humaneval.monitoring.instruments import PANEL_CALLS
from humaneval.recruitment import recruiters
from humaneval.recruitment.effects import apply_outcome, apply_refusal
from humaneval.recruitment.models import HALTING, Intent, IntentKind, IntentState, Posting
from humaneval.recruitment.people import Unreadable
from humaneval.recruitment.recruiters import NotSent, Outcome, PanelRefused, Unanswered, Undecided
from humaneval.teams.audit import record_action

PATIENCE = timedelta(minutes=30)
"""How long the panel may take to show what a call has done, before a person is asked to look."""
HELD = _lazy(
    "This posting was brought back from a backup: nothing more is asked of its panel until what was done "
    "there since has been taken in. Its recruitment page says what is waited for."
)


def record_intent(
    *,
    posting: Posting,
    kind: IntentKind,
    key: str,
    args: Mapping[str, Any] | None = None,
    user: User | None = None,
) -> Intent:
    """Store a wish, and the job that will carry it out, in one transaction; return it.

    The same ``key`` gives the same intent, whatever its state, and its first ``args`` stand. Raises
    ValidationError for a posting that a backup has brought back, unless the wish is to pause or stop it.
    """
    if posting.is_held and kind not in HALTING:
        raise ValidationError(HELD)
    return _record(posting=posting, kind=kind, key=key, args=args, user=user)


def _record(
    *, posting: Posting, kind: IntentKind, key: str, args: Mapping[str, Any] | None, user: User | None
) -> Intent:
    with transaction.atomic():
        intent, created = Intent.objects.get_or_create(
            key=key,
            defaults={"posting": posting, "kind": kind, "args": dict(args or {}), "requested_by": user},
        )
        if created:
            record_action(action=f"ask to {kind}", subject=posting, user=user, intent=intent.pk, key=key)
            jobs.submit(
                kind=job_kind(kind),
                key=job_key(intent),
                args={"intent": intent.pk},
                team=posting.study.team_id,
            )
    return intent


def open_key(wish: str) -> str:
    """Return the key under which a person's wish is recorded: its own, or one more for each refusal so far.

    So a wish that was refused can be asked for again, and one that was not is recorded once.
    """
    asked = Intent.objects.filter(Q(key=wish) | Q(key__startswith=f"{wish} again "))
    refusals = asked.filter(state=IntentState.REFUSED).count()
    return f"{wish} again {refusals}" if refusals else wish


def job_kind(kind: IntentKind) -> str:
    """Return the kind of job that carries out intents of a kind."""
    return f"recruitment.{kind}"


def carry_out(intent_id: int) -> Intent:
    """Do what an intent says, or find that it was done; return it, settled.

    Raises NotSent, Unanswered or Undecided where trying again later may settle it. May be called again
    after any crash.
    """
    intent = Intent.objects.select_related("posting__study").get(pk=intent_id)
    if intent.is_settled:
        return intent
    if intent.is_held:
        raise NotSent(str(HELD), PATIENCE.total_seconds())
    panel = intent.posting.panel
    try:
        intent = _call_or_find(intent, recruiters.get(panel))
    except (NotSent, Unanswered, Undecided):
        PANEL_CALLS.labels(panel, "undecided").inc()
        raise
    except Exception:
        PANEL_CALLS.labels(panel, "broke").inc()
        raise
    PANEL_CALLS.labels(panel, intent.state).inc()
    return intent


def _call_or_find(intent: Intent, recruiter: recruiters.Recruiter) -> Intent:
    if intent.sent_at is not None:
        outcome = _look_for(intent, recruiter)
        if intent.is_settled or outcome is not None:
            return intent if outcome is None else settle(intent, outcome)
    try:
        _step(intent, state=IntentState.SENDING, attempts=intent.attempts + 1, sent_at=None)
        if not intent.evidence:
            _step(intent, evidence=recruiter.prepare(intent))
        _step(intent, sent_at=timezone.now())
        return settle(intent, recruiter.send(intent))
    except NotSent:
        _step(intent, sent_at=None)
        raise
    except (PanelRefused, Unreadable) as refusal:  # without the person's id nothing has left
        return refuse(intent, str(refusal))


def _look_for(intent: Intent, recruiter: recruiters.Recruiter) -> Outcome | None:
    """Return what an earlier call did; after too long without a sign, leave the intent to a person."""
    try:
        return recruiter.find(intent)
    except Undecided as error:
        if intent.sent_at is None or timezone.now() - intent.sent_at < PATIENCE:
            raise
        leave_unclear(intent, str(error))
        return None


def leave_unclear(intent: Intent, problem: str) -> None:
    """Store that nobody here can tell whether an intent was done: a person looks at the panel."""
    with transaction.atomic():
        stored = Intent.objects.select_for_update(of=("self",)).get(pk=intent.pk)
        if not stored.is_settled:
            _write(intent, state=IntentState.UNCLEAR, problem=problem, settled_at=timezone.now())
            record_action(action="leave unclear", subject=intent, problem=problem)


def settle(intent: Intent, outcome: Outcome, user: User | None = None) -> Intent:
    """Store that an intent was done, with all that follows from it, once; return it."""
    with transaction.atomic():
        intent = Intent.objects.select_for_update(of=("self",)).select_related("posting").get(pk=intent.pk)
        if intent.state not in {IntentState.DONE, IntentState.REFUSED}:
            _write(
                intent,
                state=IntentState.DONE,
                outcome=asdict(outcome),
                problem="",
                settled_at=timezone.now(),
            )
            apply_outcome(intent, outcome)
            _record_next(intent)
            record_action(
                action=f"done: {intent.kind}", subject=intent, user=user, external=outcome.external_id
            )
    return intent


def _record_next(intent: Intent) -> None:
    """Where publishing takes several calls, ask for the one that follows."""
    steps = recruiters.get(intent.posting.panel).publishing
    if intent.kind not in steps[:-1]:
        return
    kind = steps[steps.index(IntentKind(intent.kind)) + 1]
    posting = Posting.objects.get(pk=intent.posting_id)
    _record(
        posting=posting, kind=kind, key=f"{kind} of {intent.key}", args=intent.args, user=intent.requested_by
    )


def refuse(intent: Intent, problem: str, user: User | None = None) -> Intent:
    """Store that an intent was not and will not be done; return it."""
    with transaction.atomic():
        intent = Intent.objects.select_for_update(of=("self",)).select_related("posting").get(pk=intent.pk)
        if intent.state not in {IntentState.DONE, IntentState.REFUSED}:
            _write(intent, state=IntentState.REFUSED, problem=problem, settled_at=timezone.now())
            apply_refusal(intent, problem)
            record_action(action=f"refused: {intent.kind}", subject=intent, user=user, problem=problem)
    return intent


def resolve_unclear(*, intent: Intent, was_done: bool, user: User) -> Intent:
    """Settle an unclear intent by what a person has seen at the panel; return it.

    Raises ValidationError for one that is not unclear. What was not done is refused, so that whoever still
    wants it asks anew.
    """
    if intent.state != IntentState.UNCLEAR:
        raise ValidationError(_("This call is not unclear (any more)."))
    if was_done:
        return settle(intent, Outcome(intent.posting.external_id, {"seen_by": user.pk}), user)
    return refuse(intent, _("A person has looked: the panel did not do it."), user)


def stuck_intents(intents: QuerySet[Intent]) -> list[Intent]:
    """Return the intents among these whose job has given up, each with the job's ``reason``: two queries."""
    waiting = {
        job_key(one): one for one in intents.filter(state__in=[IntentState.RECORDED, IntentState.SENDING])
    }
    given_up = Job.objects.filter(key__in=waiting, state__in=[JobState.FAILED, JobState.CANCELLED])
    found = []
    for job in given_up.order_by("pk"):
        waiting[job.key].reason = job.error  # type: ignore[attr-defined]
        found.append(waiting[job.key])
    return found


def try_again(intent: Intent, user: User) -> None:
    """Let the job of an intent that has given up start anew; it asks the panel first what was done.

    Raises ValidationError for an intent that is settled.
    """
    if intent.is_settled:
        raise ValidationError(_("This call is settled."))
    jobs.retry(Job.objects.get(key=job_key(intent)))
    record_action(action="try again", subject=intent, user=user)


def job_key(intent: Intent) -> str:
    """Return the key of the job that carries out an intent."""
    return f"recruitment.intent:{intent.pk}"


def _step(intent: Intent, **fields: Any) -> None:
    """Take this attempt's next step; raises NotSent once another worker has taken the call up.

    The number of attempts and ``sent_at``, as this worker knows them, are the token by which it holds it.
    """
    held = Intent.objects.filter(
        pk=intent.pk,
        state__in=[IntentState.RECORDED, IntentState.SENDING],
        attempts=intent.attempts,
        sent_at=intent.sent_at,
    )
    if not held.update(**fields):
        raise NotSent("Another worker has taken this call up.")
    _note(intent, fields)


def _write(intent: Intent, **fields: Any) -> None:
    """Change an intent's row, and nothing else of it, at once."""
    Intent.objects.filter(pk=intent.pk).update(**fields)
    _note(intent, fields)


def _note(intent: Intent, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(intent, name, value)
