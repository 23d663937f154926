"""MTurk as a recruiter.

Request tokens make a repeat within 24 hours an error, not an answer; so a HIT is found again by our
annotation in its RequesterAnnotation, and a bonus by the same mark at the end of its reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from humaneval.recruitment.models import (
    Intent,
    IntentKind,
    LedgerKind,
    Posting,
    Submission,
    SubmissionState,
)
from humaneval.recruitment.mturk import client, notifications
from humaneval.recruitment.mturk.hits import hit_type_of, lifetime, question_of
from humaneval.recruitment.people import unseal
from humaneval.recruitment.recruiters import Outcome, PanelSubmission, Undecided
from humaneval.recruitment.repeats import group_name

CENT = Decimal("0.01")
TOKEN_LIFE = timedelta(hours=23)
"""A request token is good for 24 hours; one of them is kept back for clocks that were set."""

LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)
STATES = {
    "Submitted": SubmissionState.SUBMITTED,
    "Approved": SubmissionState.APPROVED,
    "Rejected": SubmissionState.REJECTED,
}
DECIDED = {
    IntentKind.APPROVE: "Approved",
    IntentKind.OVERTURN: "Approved",
    IntentKind.REJECT: "Rejected",
}
OVER = {"Reviewable", "Reviewing", "Disposed"}


class MTurkRecruiter:
    """Amazon Mechanical Turk."""

    name = "mturk"
    title = "Amazon Mechanical Turk"
    notice = _(
        "AWS says in its documentation that Amazon Mechanical Turk closed for good on 30 September 2026, and "
        "took no new customers from 30 July 2026 on. This adapter speaks its last published API; it is kept "
        "for archives, for scripts of that shape and for stand-ins."
    )
    publishing = (IntentKind.PUBLISH,)
    abilities = frozenset(
        {*DECIDED, IntentKind.PUBLISH, IntentKind.STOP, IntentKind.EXTEND, IntentKind.BONUS}
        | {IntentKind.BLOCK, IntentKind.REMOVE}
    )
    bonuses_a_call = 1
    bonus_states = frozenset({SubmissionState.SUBMITTED, SubmissionState.APPROVED})
    rejection_rules = (
        ("too_fast", _("Finished exceptionally quickly")),
        ("failed_checks", _("Failed attention checks")),
        ("no_answers", _("Left no answers")),
        ("instructions", _("Did not follow the instructions")),
    )
    shortest_rejection = 20

    @property
    def is_standin(self) -> bool:
        """Whether the endpoint is a server on this machine, whose people are programs."""
        return urlsplit(client.endpoint()).hostname in {"127.0.0.1", "localhost", "::1"}

    def problems(self, posting: Posting) -> list[str]:
        """Return why a posting cannot be published as it is, in sentences."""
        found = []
        if posting.currency != "USD":
            found.append(str(_("MTurk pays in US dollars: set the currency to USD.")))
        if not settings.PUBLIC_URL.startswith("https://") and not self.is_standin:
            found.append(str(_("MTurk shows only https:// addresses: set PUBLIC_URL.")))
        return found

    def fee(self, posting: Posting, kind: LedgerKind, amount: Decimal) -> Decimal:
        """Return a fifth, or for rewards of 10 places and more two fifths, and at least a cent."""
        rate = Decimal("0.40") if kind == LedgerKind.BASE and posting.places >= 10 else Decimal("0.20")
        return max(CENT, (amount * rate).quantize(CENT, ROUND_HALF_UP))

    def prepare(self, intent: Intent) -> dict[str, Any]:
        """Return, for publishing, the qualification by which repeats are kept out, made if it is new."""
        name = group_name(intent.posting)
        if intent.kind != IntentKind.PUBLISH or not name:
            return {}
        return {"group": _group(name)}

    def send(self, intent: Intent) -> Outcome:
        """Act. Raises PanelRefused, NotSent or Unanswered."""
        kind, hit = IntentKind(intent.kind), intent.posting.external_id
        if kind == IntentKind.PUBLISH:
            return _publish(intent)
        if kind == IntentKind.STOP:
            client.act("update_expiration_for_hit", HITId=hit, ExpireAt=LONG_AGO)
        elif kind == IntentKind.REMOVE:
            client.act("delete_hit", HITId=hit)
        elif kind == IntentKind.EXTEND:
            _reopen(intent.posting)
            client.act(
                "create_additional_assignments_for_hit",
                HITId=hit,
                NumberOfAdditionalAssignments=intent.args["added"],
                UniqueRequestToken=intent.annotation,
            )
        elif kind == IntentKind.BLOCK:
            client.act(
                "associate_qualification_with_worker",
                QualificationTypeId=intent.args["group"],
                WorkerId=_worker(intent.args["submission"]),
                IntegerValue=1,
                SendNotification=False,
            )
        elif kind == IntentKind.BONUS:
            _send_bonus(intent)
        else:
            _decide(intent)
        return Outcome()

    def find(self, intent: Intent) -> Outcome | None:
        """Return what an earlier call did, None if nothing; raises Undecided about an old bonus not shown."""
        kind = IntentKind(intent.kind)
        if kind == IntentKind.PUBLISH:
            hits = client.pages("list_hits", "HITs")
            made = next((hit for hit in hits if hit.get("RequesterAnnotation") == intent.annotation), None)
            return Outcome(made["HITId"], intent.evidence) if made else None
        if kind in DECIDED:
            answer = client.ask("get_assignment", AssignmentId=_assignment(intent.args["submission"]))
            return _if(answer["Assignment"]["AssignmentStatus"] == DECIDED[kind])
        if kind == IntentKind.BONUS:
            return _find_bonus(intent)
        if kind == IntentKind.BLOCK:
            return None  # a score that is given twice is one score
        return self._find_change(intent)

    def _find_change(self, intent: Intent) -> Outcome | None:
        hit = _hit(intent.posting)
        if intent.kind == IntentKind.EXTEND:
            return _if(hit["MaxAssignments"] >= intent.args["places"])
        if intent.kind == IntentKind.STOP:
            return _if(hit["Expiration"] <= timezone.now())
        return _if(hit["HITStatus"] == "Disposed")

    def submissions(self, posting: Posting) -> Iterable[PanelSubmission]:
        """Return all assignments that were handed in."""
        bonuses: dict[str, list[Decimal]] = defaultdict(list)
        for row in client.pages("list_bonus_payments", "BonusPayments", HITId=posting.external_id):
            bonuses[row["AssignmentId"]].append(Decimal(row["BonusAmount"]))
        for row in client.pages("list_assignments_for_hit", "Assignments", HITId=posting.external_id):
            yield PanelSubmission(
                external_id=row["AssignmentId"],
                person=row["WorkerId"],
                state=STATES[row["AssignmentStatus"]],
                started_at=row.get("AcceptTime"),
                submitted_at=row.get("SubmitTime"),
                bonuses=tuple(bonuses[row["AssignmentId"]]),
            )

    def is_over(self, posting: Posting) -> bool:
        """Return whether MTurk takes nobody more into the HIT."""
        return _hit(posting)["HITStatus"] in OVER

    def listen(self) -> int:
        """Take what MTurk has put into our queue."""
        return notifications.take_messages()


def _if(done: bool) -> Outcome | None:
    return Outcome() if done else None


def _hit(posting: Posting) -> dict[str, Any]:
    hit: dict[str, Any] = client.ask("get_hit", HITId=posting.external_id)["HIT"]
    return hit


def _reopen(posting: Posting) -> None:
    """Give a HIT that has expired as long again as it had at first; done twice it is done once."""
    now = timezone.now()
    if _hit(posting)["Expiration"] <= now:
        client.act("update_expiration_for_hit", HITId=posting.external_id, ExpireAt=now + lifetime(posting))


def _group(name: str) -> str:
    """Return the id of our qualification of that name, made if there is none yet."""
    known = client.pages(
        "list_qualification_types",
        "QualificationTypes",
        Query=name,
        MustBeRequestable=False,
        MustBeOwnedByCaller=True,
    )
    for row in known:
        if row["Name"] == name:
            return str(row["QualificationTypeId"])
    made = client.act(
        "create_qualification_type",
        Name=name,
        Description="Has taken part; kept out of repeats.",
        QualificationTypeStatus="Active",
    )
    return str(made["QualificationType"]["QualificationTypeId"])


def _publish(intent: Intent) -> Outcome:
    posting = intent.posting
    kind = client.act("create_hit_type", **hit_type_of(posting, intent.evidence.get("group", "")))
    notifications.ask_for_them(kind["HITTypeId"])
    made = client.act(
        "create_hit_with_hit_type",
        HITTypeId=kind["HITTypeId"],
        MaxAssignments=posting.places,
        LifetimeInSeconds=int(lifetime(posting).total_seconds()),
        Question=question_of(posting),
        RequesterAnnotation=intent.annotation,
        UniqueRequestToken=intent.annotation,
    )
    return Outcome(made["HIT"]["HITId"], intent.evidence)


def _assignment(submission: int) -> str:
    return Submission.objects.get(pk=submission).external_id


def _worker(submission: int) -> str:
    return unseal(Submission.objects.get(pk=submission).sealed_person)


def _decide(intent: Intent) -> None:
    assignment = _assignment(intent.args["submission"])
    if intent.kind == IntentKind.REJECT:
        client.act("reject_assignment", AssignmentId=assignment, RequesterFeedback=intent.args["message"])
        return
    client.act(
        "approve_assignment",
        AssignmentId=assignment,
        OverrideRejection=intent.kind == IntentKind.OVERTURN,
    )


def _send_bonus(intent: Intent) -> None:
    (line,) = intent.args["lines"]
    client.act(
        "send_bonus",
        WorkerId=_worker(line["submission"]),
        AssignmentId=_assignment(line["submission"]),
        BonusAmount=line["amount"],
        Reason=f"{intent.args['reason'] or 'Bonus'} ({intent.annotation})",
        UniqueRequestToken=intent.annotation,
    )


def _find_bonus(intent: Intent) -> Outcome | None:
    (line,) = intent.args["lines"]
    assignment = _assignment(line["submission"])
    for row in client.pages("list_bonus_payments", "BonusPayments", AssignmentId=assignment):
        if intent.annotation in row.get("Reason", ""):
            return Outcome()
    if timezone.now() - intent.created_at < TOKEN_LIFE:
        return None  # sent again, its token makes MTurk refuse a second payment
    raise Undecided("MTurk does not list the bonus, and its request token has expired: look there.")
