"""Prolific as a recruiter.

Prolific has no request tokens. A study made by us is found again by our annotation in its internal name;
states, decisions and places are facts that can be looked up. Paying bonuses is not idempotent by its own
documentation: a bulk payment sent twice is paid twice, and it shows only minutes later. So it is sent
once; whether it arrived is read from the submissions' bonuses, and where these stay silent, a person
decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from humaneval.recruitment.models import (
    Intent,
    IntentKind,
    IntentState,
    LedgerEntry,
    LedgerKind,
    Posting,
    Submission,
    SubmissionState,
)
from humaneval.recruitment.people import unseal
from humaneval.recruitment.prolific import client
from humaneval.recruitment.prolific.drafts import draft_of
from humaneval.recruitment.recruiters import (
    NotSent,
    Outcome,
    PanelRefused,
    PanelSubmission,
    Undecided,
)
from humaneval.recruitment.repeats import group_name

STATES = {
    "RESERVED": SubmissionState.ACTIVE,
    "ACTIVE": SubmissionState.ACTIVE,
    "AWAITING REVIEW": SubmissionState.SUBMITTED,
    "APPROVED": SubmissionState.APPROVED,
    "PARTIALLY APPROVED": SubmissionState.APPROVED,
    "REJECTED": SubmissionState.REJECTED,
    "RETURNED": SubmissionState.RETURNED,
    "TIMED-OUT": SubmissionState.TIMED_OUT,
    "SCREENED OUT": SubmissionState.SCREENED_OUT,
}
TRANSITIONS = {
    IntentKind.PUBLISH: "PUBLISH",
    IntentKind.PAUSE: "PAUSE",
    IntentKind.RESUME: "START",
    IntentKind.STOP: "STOP",
}
REACHED = {
    IntentKind.PUBLISH: {"ACTIVE", "SCHEDULED", "PUBLISHING", "PAUSED", "AWAITING REVIEW", "COMPLETED"},
    IntentKind.PAUSE: {"PAUSED"},
    IntentKind.RESUME: {"ACTIVE"},
    IntentKind.STOP: {"AWAITING REVIEW", "COMPLETED"},
}
"""States of a study at Prolific that show that a call has been acted on."""

DECISIONS = {IntentKind.APPROVE: "APPROVE", IntentKind.REJECT: "REJECT"}
DECIDED = {IntentKind.APPROVE: {"APPROVED"}, IntentKind.REJECT: {"REJECTED"}}
OVER = {"AWAITING REVIEW", "COMPLETED"}


class ProlificRecruiter:
    """Prolific."""

    name = "prolific"
    title = "Prolific"
    notice = ""
    publishing = (IntentKind.CREATE, IntentKind.PUBLISH)
    abilities = frozenset(
        {*TRANSITIONS, *DECISIONS, IntentKind.CREATE, IntentKind.EXTEND, IntentKind.BONUS, IntentKind.BLOCK}
    )
    bonuses_a_call = 200
    bonus_states = frozenset(
        {SubmissionState.SUBMITTED, SubmissionState.APPROVED, SubmissionState.SCREENED_OUT}
        | {SubmissionState.RETURNED, SubmissionState.TIMED_OUT}  # so its help pages pay in part
    )
    rejection_rules = (
        ("TOO_QUICKLY", _("Finished exceptionally quickly")),
        ("FAILED_CHECK", _("Failed attention checks")),
        ("LOW_EFFORT", _("Showed no effort")),
        ("FAILED_INSTRUCTIONS", _("Did not follow the instructions")),
        ("NO_DATA", _("Left no answers")),
        ("BAD_CODE", _("Entered a wrong code")),
        ("OTHER", _("Another reason")),
    )
    shortest_rejection = 100

    @property
    def is_standin(self) -> bool:
        """Whether the API is a server on this machine, whose people are programs."""
        return urlsplit(settings.PROLIFIC_URL).hostname in {"127.0.0.1", "localhost", "::1"}

    def problems(self, posting: Posting) -> list[str]:
        """Return why a posting cannot be published as it is, in sentences."""
        found = []
        if not settings.PROLIFIC_TOKEN:
            found.append(str(_("No Prolific token is set: put one into PROLIFIC_TOKEN.")))
        if not settings.PUBLIC_URL.startswith("https://") and not self.is_standin:
            found.append(str(_("People on Prolific need an https:// address: set PUBLIC_URL.")))
        return found

    def fee(self, posting: Posting, kind: LedgerKind, amount: Decimal) -> Decimal:
        """Return the fee by ``options["fee_rate"]``, else ``PROLIFIC_FEE_RATE``, to the cent."""
        rate = Decimal(str(posting.options.get("fee_rate", settings.PROLIFIC_FEE_RATE)))
        return (amount * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)

    def prepare(self, intent: Intent) -> dict[str, Any]:
        """Return the group that a new study keeps out; for bonuses what was paid before, and the bulk's id.

        Setting up a bulk payment moves no money. A group that was made is found again by its name.
        """
        if intent.kind == IntentKind.CREATE:
            name = group_name(intent.posting)
            return {"group": _group(name)} if name and settings.PROLIFIC_WORKSPACE else {}
        if intent.kind != IntentKind.BONUS:
            return {}
        _wait_for_earlier_bonuses(intent)
        rows = _bonus_rows(intent)
        before = {external: _bonuses_before(intent.posting, external) for external, _sum in rows}
        lines = "\n".join(f"{external},{amount}" for external, amount in rows)
        body = {"study_id": intent.posting.external_id, "csv_bonuses": lines}
        made = client.post("/submissions/bonus-payments/", body)
        return {"before": before, "bulk": made["id"]}

    def send(self, intent: Intent) -> Outcome:
        """Act. Raises PanelRefused, NotSent or Unanswered."""
        kind, study = IntentKind(intent.kind), intent.posting.external_id
        if kind == IntentKind.CREATE:
            group = intent.evidence.get("group", "")
            made = client.post("/studies/", draft_of(intent.posting, intent.annotation, group))
            return Outcome(made["id"], intent.evidence)
        if kind in TRANSITIONS:
            client.post(f"/studies/{study}/transition/", {"action": TRANSITIONS[kind]})
        elif kind == IntentKind.EXTEND:
            client.patch(f"/studies/{study}/", {"total_available_places": intent.args["places"]})
        elif kind in DECISIONS:
            client.post(f"/submissions/{_target(intent)}/transition/", _decision(intent))
        elif kind == IntentKind.BLOCK:
            path = f"/participant-groups/{intent.args['group']}/participants/"
            client.post(path, {"participant_ids": [_person(intent)]})
        else:
            client.post(f"/bulk-bonus-payments/{intent.evidence['bulk']}/pay/", {})
        return Outcome()

    def find(self, intent: Intent) -> Outcome | None:
        """Return what an earlier call did, None if nothing; Undecided about bonuses not (yet) shown."""
        kind = IntentKind(intent.kind)
        if kind == IntentKind.CREATE:
            made = _study_named(intent.annotation)
            return Outcome(made, intent.evidence) if made else None
        if kind in TRANSITIONS:
            return _if(_study(intent.posting)["status"] in REACHED[kind])
        if kind == IntentKind.EXTEND:
            return _if(_study(intent.posting)["total_available_places"] >= intent.args["places"])
        if kind in DECISIONS:
            return _if(_submission(_target(intent))["status"] in DECIDED[kind])
        if kind == IntentKind.BLOCK:
            return None  # adding somebody twice to a group leaves one
        return _find_bonuses(intent)

    def submissions(self, posting: Posting) -> Iterable[PanelSubmission]:
        """Return all submissions of a posting."""
        for row in client.pages("/submissions/", {"study": posting.external_id}):
            yield PanelSubmission(
                external_id=row["id"],
                person=row.get("participant_id") or row["participant"],
                state=STATES.get(row["status"], SubmissionState.ACTIVE),
                entered_code=row.get("study_code") or row.get("entered_code") or "",
                started_at=_when(row.get("started_at")),
                submitted_at=_when(row.get("completed_at")),
                bonuses=tuple(_from_cents(cents) for cents in row.get("bonus_payments") or ()),
            )

    def is_over(self, posting: Posting) -> bool:
        """Return whether Prolific takes nobody more into the study."""
        return _study(posting)["status"] in OVER

    def listen(self) -> int:
        """Do nothing: Prolific calls us."""
        return 0


def _if(done: bool) -> Outcome | None:
    return Outcome() if done else None


def _study(posting: Posting) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/studies/{posting.external_id}/")
    return answer


def _study_named(annotation: str) -> str:
    """Return the id of the study whose internal name bears an annotation, "" if there is none."""
    for row in client.pages("/studies/", {}):
        if annotation in (row.get("internal_name") or ""):
            return str(row["id"])
    return ""


def _group(name: str) -> str:
    """Return the id of the workspace's participant group of that name, made if there is none yet."""
    workspace = settings.PROLIFIC_WORKSPACE
    known = client.get("/participant-groups/", {"workspace_id": workspace})["results"]
    for row in known:
        if row["name"] == name and not row.get("is_deleted"):
            return str(row["id"])
    made = client.post("/participant-groups/", {"workspace_id": workspace, "name": name})
    return str(made["id"])


def _submission(external_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/submissions/{external_id}/")
    return answer


def _target(intent: Intent) -> str:
    return Submission.objects.get(pk=intent.args["submission"]).external_id


def _person(intent: Intent) -> str:
    return unseal(Submission.objects.get(pk=intent.args["submission"]).sealed_person)


def _decision(intent: Intent) -> dict[str, str]:
    if intent.kind == IntentKind.APPROVE:
        return {"action": "APPROVE"}
    return {
        "action": "REJECT",
        "message": intent.args["message"],
        "rejection_category": intent.args["rule"],
    }


def _bonus_rows(intent: Intent) -> list[tuple[str, str]]:
    """Return submissions' ids at Prolific with their amounts, as the CSV wants them."""
    lines = intent.args["lines"]
    known = Submission.objects.in_bulk([line["submission"] for line in lines])
    return [(known[line["submission"]].external_id, line["amount"]) for line in lines]


def _wait_for_earlier_bonuses(intent: Intent) -> None:
    """Raise NotSent or PanelRefused while an earlier bonus of one of these people is not settled.

    What it paid, once it shows, could else be taken for what this one paid.
    """
    mine = {line["submission"] for line in intent.args["lines"]}
    others = intent.posting.intents.filter(kind=IntentKind.BONUS, pk__lt=intent.pk)
    unsettled = [IntentState.RECORDED, IntentState.SENDING, IntentState.UNCLEAR]
    for other in others.filter(state__in=unsettled):
        if not mine & {line["submission"] for line in other.args["lines"]}:
            continue
        if other.state == IntentState.UNCLEAR:
            raise PanelRefused(_("Nobody knows whether an earlier bonus was paid: settle that first."))
        raise NotSent("An earlier bonus of the same person is still being paid.")


def _bonuses_before(posting: Posting, external: str) -> list[int]:
    """Return a submission's bonuses so far, in cents: those that show, and those that will in minutes."""
    shown: Counter[int] = Counter(round(cents) for cents in _submission(external).get("bonus_payments") or [])
    entries = LedgerEntry.objects.filter(
        posting=posting, kind=LedgerKind.BONUS, submission__external_id=external
    )
    known: Counter[int] = Counter(int(amount * 100) for amount in entries.values_list("amount", flat=True))
    return sorted(cents for one in shown | known for cents in [one] * max(shown[one], known[one]))


def _find_bonuses(intent: Intent) -> Outcome | None:
    """Return that the bulk payment was made if one of its bonuses shows; never that it was not."""
    if "before" not in intent.evidence:
        raise Undecided(
            "Nobody kept which bonuses Prolific listed before this one. Look at the study's bonuses there, "
            "then say here whether it was paid."
        )
    for external, amount in _bonus_rows(intent):
        now = Counter(round(cents) for cents in _submission(external).get("bonus_payments") or [])
        new = now - Counter(intent.evidence["before"].get(external, []))
        if any(_from_cents(cents) == Decimal(amount) for cents in new):
            return Outcome(intent.posting.external_id, {"bulk": intent.evidence["bulk"]})
    raise Undecided(
        "The payment of bonuses was sent to Prolific and no answer came. Prolific shows none of them. Look "
        "at the study's bonuses there, then say here whether they were paid."
    )


def _from_cents(cents: float) -> Decimal:
    return (Decimal(str(cents)) / 100).quantize(Decimal("0.01"))


def _when(text: str | None) -> Any:
    return parse_datetime(text) if text else None
