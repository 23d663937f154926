"""A stand-in for MTurk's requester API and its workers' site.

Requests are read and checked, and answers written, by botocore's own description of the service; so
boto3 talks to it unchanged, and a call that the description does not allow is an error here.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from humaneval.demo.panels.loopback import Faults, LoopbackServer, PanelHandler, fresh_numbers

NAMESPACE = (
    "{http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd}"
)
ANSWERS = (
    "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd"
)
LARGEST_QUESTION = 131_072
TOKEN_LIFE = timedelta(hours=24)
SYSTEM_QUALIFICATIONS = re.compile(r"^0{10,}")
FRAME_PAGE = (
    "<!doctype html><title>A worker's page</title>"
    '<iframe name="hit" src="{src}" width="1200" height="760"></iframe>'
)


@cache
def service() -> ServiceModel:
    """Return botocore's description of MTurk."""
    return botocore.session.get_session().get_service_model("mturk")


class TurkError(Exception):
    """An error of the service, with its TurkErrorCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> TurkError:
    """Return the error for a request that the service's description does not allow."""
    return TurkError("ParameterValidationError", message)


# --- the wire -------------------------------------------------------------------------------------------


def decode(shape: Any, value: Any, path: str) -> Any:
    """Return Python values of JSON by its shape; raises TurkError for what the shape forbids."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            raise invalid(f"{path} is no object")
        unknown = set(value) - set(shape.members)
        if unknown:
            raise invalid(f"{path} does not know {sorted(unknown)}")
        return {k: decode(shape.members[k], v, f"{path}.{k}") for k, v in value.items() if v is not None}
    if shape.type_name == "list":
        return [decode(shape.member, one, f"{path}[{place}]") for place, one in enumerate(value)]
    if shape.type_name == "timestamp":
        return datetime.fromtimestamp(value, UTC)
    _check_scalar(shape, value, path)
    return value


def _check_scalar(shape: Any, value: Any, path: str) -> None:
    """Check what botocore's client leaves to the service: enumerations, patterns, upper bounds."""
    rules = shape.metadata
    if isinstance(value, str):
        if getattr(shape, "enum", None) and value not in shape.enum:
            raise invalid(f"{path}: {value!r} is none of {shape.enum}")
        if "pattern" in rules and not re.search(rules["pattern"], value):
            raise invalid(f"{path}: {value!r} does not match {rules['pattern']}")
    size = len(value) if isinstance(value, str) else value
    if "max" in rules and not isinstance(value, bool) and size > rules["max"]:
        raise invalid(f"{path}: {value!r} exceeds {rules['max']}")


def encode(shape: Any, value: Any) -> Any:
    """Return JSON of Python values by their shape; what the shape does not know is a bug here."""
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        assert not unknown, f"the stand-in answers {unknown}, which {shape.name} does not know"  # noqa: S101
        return {k: encode(shape.members[k], v) for k, v in value.items() if v is not None}
    if shape.type_name == "list":
        return [encode(shape.member, one) for one in value]
    return value.timestamp() if shape.type_name == "timestamp" else value


# --- the service ----------------------------------------------------------------------------------------


class FakeMTurk:
    """Everything the stand-in knows. Operations are methods under the names that the service gives them."""

    def __init__(self, port: int = 0, *, balance: str = "10000.00", allows_http: bool = False) -> None:
        self.lock = threading.RLock()
        self.faults = Faults()
        self.balance = Decimal(balance)
        self.allows_http = allows_http
        self.now_offset = timedelta()
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.types: dict[str, dict[str, Any]] = {}
        self.hits: dict[str, dict[str, Any]] = {}
        self.assignments: dict[str, dict[str, Any]] = {}
        self.bonuses: list[dict[str, Any]] = []
        self.qualifications: dict[str, dict[str, Any]] = {}
        self.scores: dict[tuple[str, str], int] = {}
        self.tokens: dict[str, datetime] = {}
        self.notifications: dict[str, Mapping[str, Any]] = {}
        self._numbers = fresh_numbers()
        self.server = LoopbackServer(_Handler, self, port)
        self.url = self.server.address

    def stop(self) -> None:
        """Stop the server."""
        self.server.stop()

    def now(self) -> datetime:
        """Return the service's clock, which tests may set."""
        return datetime.now(UTC) + self.now_offset

    def new_id(self) -> str:
        """Return 30 capital letters and digits, as MTurk's ids are."""
        return f"3STANDIN{next(self._numbers):022d}"

    def paid_total(self) -> Decimal:
        """Return what workers have been paid in all, rewards and bonuses."""
        approved = [a for a in self.assignments.values() if a.get("AssignmentStatus") == "Approved"]
        rewards = sum((Decimal(self.hits[a["HITId"]]["Reward"]) for a in approved), Decimal("0.00"))
        return rewards + sum((Decimal(b["BonusAmount"]) for b in self.bonuses), Decimal("0.00"))

    # --- HITs ---

    def CreateHITType(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - the service's name
        key = json.dumps(p, sort_keys=True, default=str)
        for known, one in self.types.items():
            if one["key"] == key:
                return {"HITTypeId": known}
        for one in p.get("QualificationRequirements", []):
            self._check_requirement(one)
        new = self.new_id()
        self.types[new] = {"key": key, "values": dict(p)}
        return {"HITTypeId": new}

    def CreateHITWithHITType(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        if p["HITTypeId"] not in self.types:
            raise TurkError("AWS.MechanicalTurk.HITTypeDoesNotExist", p["HITTypeId"])
        self._use_token(p.get("UniqueRequestToken"), "AWS.MechanicalTurk.HITAlreadyExists")
        self._check_question(p.get("Question", ""))
        kind, count = self.types[p["HITTypeId"]]["values"], p.get("MaxAssignments", 1)
        self._charge(Decimal(kind["Reward"]), count, count)
        now = self.now()
        hit: dict[str, Any] = {
            "HITId": self.new_id(),
            "HITTypeId": p["HITTypeId"],
            "HITGroupId": self.new_id(),
            "CreationTime": now,
            "Title": kind["Title"],
            "Description": kind["Description"],
            "Keywords": kind.get("Keywords"),
            "Question": p["Question"],
            "HITStatus": "Assignable",
            "MaxAssignments": count,
            "Reward": kind["Reward"],
            "AutoApprovalDelayInSeconds": kind.get("AutoApprovalDelayInSeconds", 2_592_000),
            "Expiration": now + timedelta(seconds=p["LifetimeInSeconds"]),
            "AssignmentDurationInSeconds": kind["AssignmentDurationInSeconds"],
            "RequesterAnnotation": p.get("RequesterAnnotation"),
            "QualificationRequirements": kind.get("QualificationRequirements", []),
            "HITReviewStatus": "NotReviewed",
            "NumberOfAssignmentsPending": 0,
            "NumberOfAssignmentsAvailable": count,
            "NumberOfAssignmentsCompleted": 0,
        }
        self.hits[hit["HITId"]] = hit
        return {"HIT": hit}

    def GetHIT(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"HIT": self._hit(p["HITId"])}

    def ListHITs(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return _page(p, list(self.hits.values()), "HITs")

    def UpdateExpirationForHIT(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        hit = self._hit(p["HITId"])
        hit["Expiration"] = p["ExpireAt"]
        self._settle(hit)
        return {}

    def CreateAdditionalAssignmentsForHIT(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        hit, more = self._hit(p["HITId"]), p["NumberOfAdditionalAssignments"]
        if hit["MaxAssignments"] < 10 <= hit["MaxAssignments"] + more:
            message = "HITs created with fewer than 10 assignments cannot be extended to 10 or more."
            raise TurkError("AWS.MechanicalTurk.InvalidMaximumAssignmentsIncrease", message)
        self._use_token(p.get("UniqueRequestToken"), "AWS.MechanicalTurk.DuplicateRequest")
        self._charge(Decimal(hit["Reward"]), more, hit["MaxAssignments"] + more)
        hit["MaxAssignments"] += more
        hit["NumberOfAssignmentsAvailable"] += more
        self._settle(hit)
        return {}

    def DeleteHIT(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        hit = self._hit(p["HITId"])
        self._settle(hit)
        undecided = [a for a in self._assignments_of(hit) if a.get("AssignmentStatus") == "Submitted"]
        if hit["HITStatus"] not in {"Reviewable", "Reviewing"} or undecided:
            raise TurkError("AWS.MechanicalTurk.InvalidHITState", f"This HIT is {hit['HITStatus']}.")
        hit["HITStatus"] = "Disposed"
        return {}

    # --- assignments ---

    def ListAssignmentsForHIT(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        wanted = p.get("AssignmentStatuses") or ["Submitted", "Approved", "Rejected"]
        rows = self._assignments_of(self._hit(p["HITId"]))
        return _page(p, [a for a in rows if a.get("AssignmentStatus") in wanted], "Assignments")

    def GetAssignment(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        row = self._assignment(p["AssignmentId"])
        return {"Assignment": row, "HIT": self.hits[row["HITId"]]}

    def ApproveAssignment(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        allowed = {"Submitted", "Rejected"} if p.get("OverrideRejection") else {"Submitted"}
        self._decide(p, allowed, AssignmentStatus="Approved", ApprovalTime=self.now())
        return {}

    def RejectAssignment(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._decide(p, {"Submitted"}, AssignmentStatus="Rejected", RejectionTime=self.now())
        return {}

    def _decide(self, p: Mapping[str, Any], allowed: set[str], **change: Any) -> None:
        row = self._assignment(p["AssignmentId"])
        if row.get("AssignmentStatus") not in allowed:
            message = f"This operation can be called with a status of: {', '.join(sorted(allowed))}"
            raise TurkError("AWS.MechanicalTurk.InvalidAssignmentState", message)
        row.update(change, RequesterFeedback=p.get("RequesterFeedback"))

    def SendBonus(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        row = self._assignment(p["AssignmentId"])
        if row["WorkerId"] != p["WorkerId"] or not row.get("AssignmentStatus"):
            raise TurkError("AWS.MechanicalTurk.InvalidParameterValue", "not this worker's assignment")
        if Decimal(p["BonusAmount"]) < Decimal("0.01"):
            raise TurkError("AWS.MechanicalTurk.InvalidParameterValue", "too small a bonus")
        self._use_token(p.get("UniqueRequestToken"), "AWS.MechanicalTurk.DuplicateRequest")
        self._charge(Decimal(p["BonusAmount"]), 1, 1)
        names = ("WorkerId", "BonusAmount", "AssignmentId", "Reason")
        self.bonuses.append({**{name: p[name] for name in names}, "GrantTime": self.now()})
        return {}

    def ListBonusPayments(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        if ("HITId" in p) == ("AssignmentId" in p):
            raise invalid("give HITId or AssignmentId, not both")
        ids = {p["AssignmentId"]} if "AssignmentId" in p else set()
        if "HITId" in p:
            ids = {a["AssignmentId"] for a in self._assignments_of(self._hit(p["HITId"]))}
        return _page(p, [b for b in self.bonuses if b["AssignmentId"] in ids], "BonusPayments")

    # --- qualifications, account, notifications ---

    def CreateQualificationType(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        if any(q["Name"] == p["Name"] for q in self.qualifications.values()):
            message = "You have already created a QualificationType with this name."
            raise TurkError("AWS.MechanicalTurk.QualificationTypeAlreadyExists", message)
        names = ("Name", "Description", "Keywords", "QualificationTypeStatus", "AutoGranted")
        row = {name: p[name] for name in names if name in p}
        row |= {"QualificationTypeId": self.new_id(), "CreationTime": self.now(), "IsRequestable": True}
        self.qualifications[row["QualificationTypeId"]] = row
        return {"QualificationType": row}

    def ListQualificationTypes(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        rows = [q for q in self.qualifications.values() if p.get("Query", "") in q["Name"]]
        return _page(p, rows, "QualificationTypes")

    def AssociateQualificationWithWorker(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        if p["QualificationTypeId"] not in self.qualifications:
            raise TurkError("AWS.MechanicalTurk.QualificationTypeDoesNotExist", p["QualificationTypeId"])
        self.scores[p["QualificationTypeId"], p["WorkerId"]] = p.get("IntegerValue", 1)
        return {}

    def UpdateNotificationSettings(self, p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        if p["HITTypeId"] not in self.types:
            raise TurkError("AWS.MechanicalTurk.HITTypeDoesNotExist", p["HITTypeId"])
        self.notifications[p["HITTypeId"]] = p
        return {}

    def GetAccountBalance(self, _p: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"AvailableBalance": f"{self.balance:.2f}", "OnHoldBalance": "0.00"}

    # --- the workers' site ---

    def accept(self, hit_id: str, worker: str) -> str:
        """Let a worker accept a HIT; return the assignment's id. Raises TurkError for one who may not."""
        hit = self._hit(hit_id)
        self._settle(hit)
        if hit["HITStatus"] != "Assignable" or hit["NumberOfAssignmentsAvailable"] < 1:
            raise TurkError("NoAssignment", "There is nothing left of this HIT.")
        if any(a["WorkerId"] == worker for a in self._assignments_of(hit)):
            raise TurkError("AcceptedBefore", "A worker does a HIT once.")
        for one in hit["QualificationRequirements"]:
            self._check_worker(one, worker)
        now = self.now()
        row: dict[str, Any] = {
            "AssignmentId": self.new_id(),
            "WorkerId": worker,
            "HITId": hit_id,
            "AcceptTime": now,
            "Deadline": now + timedelta(seconds=hit["AssignmentDurationInSeconds"]),
        }
        self.assignments[row["AssignmentId"]] = row
        hit["NumberOfAssignmentsAvailable"] -= 1
        hit["NumberOfAssignmentsPending"] += 1
        self._settle(hit)
        return str(row["AssignmentId"])

    def page_address(self, assignment_id: str) -> str:
        """Return what the workers' site opens in its frame: the requester's page, with four words."""
        row = self._assignment(assignment_id)
        words = {
            "assignmentId": assignment_id,
            "hitId": row["HITId"],
            "workerId": row["WorkerId"],
            "turkSubmitTo": self.url,
        }
        return f"{self._page_of(row['HITId'])}?{urlencode(words)}"

    def preview_address(self, hit_id: str) -> str:
        """Return the address that is opened before a worker accepts."""
        words = {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": hit_id}
        return f"{self._page_of(hit_id)}?{urlencode(words)}"

    def submit(self, assignment_id: str, answers: Mapping[str, str]) -> None:
        """Take a worker's form. Raises TurkError for one that was handed in before, late, or is empty."""
        row = self._assignment(assignment_id)
        if row.get("AssignmentStatus"):
            raise TurkError("SubmittedBefore", "This assignment was handed in before.")
        if self.now() > row["Deadline"]:
            raise TurkError("TooLate", "The time for this assignment is over.")
        if not answers:
            raise TurkError("Empty", "At least one field besides assignmentId must be sent.")
        hit, now = self.hits[row["HITId"]], self.now()
        row.update(
            AssignmentStatus="Submitted",
            SubmitTime=now,
            AutoApprovalTime=now + timedelta(seconds=hit["AutoApprovalDelayInSeconds"]),
            Answer=_answers_xml(answers),
        )
        hit["NumberOfAssignmentsPending"] -= 1
        hit["NumberOfAssignmentsCompleted"] += 1
        self._settle(hit)

    # --- rules ---

    def _hit(self, hit_id: str) -> dict[str, Any]:
        if hit_id not in self.hits:
            raise TurkError("AWS.MechanicalTurk.HITDoesNotExist", f"Hit {hit_id} does not exist.")
        return self.hits[hit_id]

    def _assignment(self, assignment_id: str) -> dict[str, Any]:
        if assignment_id not in self.assignments:
            message = f"Assignment {assignment_id} does not exist."
            raise TurkError("AWS.MechanicalTurk.AssignmentDoesNotExist", message)
        return self.assignments[assignment_id]

    def _assignments_of(self, hit: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [a for a in self.assignments.values() if a["HITId"] == hit["HITId"]]

    def _settle(self, hit: dict[str, Any]) -> None:
        """Bring a HIT's status in line with its time and its assignments."""
        if hit["HITStatus"] == "Disposed":
            return
        over = hit["Expiration"] <= self.now() or not hit["NumberOfAssignmentsAvailable"]
        if not over:
            hit["HITStatus"] = "Assignable"
        else:
            hit["HITStatus"] = "Unassignable" if hit["NumberOfAssignmentsPending"] else "Reviewable"

    def _use_token(self, token: str | None, code: str) -> None:
        """Refuse a token that was used in the last 24 hours, as the service does: by an error."""
        if token is None:
            return
        used = self.tokens.get(token)
        if used is not None and self.now() - used < TOKEN_LIFE:
            raise TurkError(code, "The UniqueRequestToken has been used before.")
        self.tokens[token] = self.now()

    def _charge(self, amount: Decimal, count: int, places: int) -> None:
        rate = Decimal("0.40") if places >= 10 else Decimal("0.20")
        fee = max(Decimal("0.01"), (amount * rate).quantize(Decimal("0.01"), ROUND_HALF_UP))
        if (amount + fee) * count > self.balance:
            raise TurkError("AWS.MechanicalTurk.InsufficientFunds", f"The balance is {self.balance}.")
        self.balance -= (amount + fee) * count

    def _check_question(self, question: str) -> None:
        if len(question) > LARGEST_QUESTION:
            raise invalid("the question is too long")
        try:
            root = ET.fromstring(question)  # noqa: S314 - our own question, on this machine
        except ET.ParseError as error:
            raise TurkError("AWS.MechanicalTurk.XMLParseError", str(error)) from error
        url = root.findtext(f"{NAMESPACE}ExternalURL") or ""
        height = root.findtext(f"{NAMESPACE}FrameHeight") or ""
        if root.tag != f"{NAMESPACE}ExternalQuestion" or not height.isdecimal():
            raise TurkError("AWS.MechanicalTurk.XMLParseError", "no ExternalQuestion")
        if not url.startswith("https://") and not self.allows_http:
            raise TurkError("AWS.MechanicalTurk.InvalidParameterValue", f"ExternalURL must be https: {url}")

    def _check_requirement(self, one: Mapping[str, Any]) -> None:
        kind, comparator = one["QualificationTypeId"], one["Comparator"]
        if kind not in self.qualifications and not SYSTEM_QUALIFICATIONS.match(kind):
            raise TurkError("AWS.MechanicalTurk.QualificationTypeDoesNotExist", kind)
        has_values = bool(one.get("IntegerValues") or one.get("LocaleValues"))
        if has_values == (comparator in {"Exists", "DoesNotExist"}):
            raise invalid(f"{comparator} with or without values")

    def _check_worker(self, one: Mapping[str, Any], worker: str) -> None:
        score = self.scores.get((one["QualificationTypeId"], worker))
        refused = {"DoesNotExist": score is not None, "Exists": score is None}
        if refused.get(one["Comparator"], False):
            raise TurkError("NotQualified", f"{worker} may not: {one['QualificationTypeId']}")

    def _page_of(self, hit_id: str) -> str:
        root = ET.fromstring(self._hit(hit_id)["Question"])  # noqa: S314
        return root.findtext(f"{NAMESPACE}ExternalURL") or ""


def _page(p: Mapping[str, Any], rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    first, size = int(p.get("NextToken", 0)), p.get("MaxResults", 10)
    part = rows[first : first + size]
    more = {"NextToken": str(first + size)} if first + size < len(rows) else {}
    return {"NumResults": len(part), key: part, **more}


def _answers_xml(answers: Mapping[str, str]) -> str:
    fields = "".join(
        f"<Answer><QuestionIdentifier>{escape(name)}</QuestionIdentifier>"
        f"<FreeText>{escape(text)}</FreeText></Answer>"
        for name, text in answers.items()
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<QuestionFormAnswers xmlns="{ANSWERS}">{fields}</QuestionFormAnswers>'


class _Handler(PanelHandler):
    """The API, and the workers' site: /accept?hit=&worker=, /preview?hit=, /mturk/externalSubmit."""

    def do_POST(self) -> None:  # noqa: N802 - the server's name
        panel: FakeMTurk = self.server.panel  # type: ignore[attr-defined]
        raw = self.body()
        if self.path.startswith("/mturk/externalSubmit"):
            self._take_form(panel, raw)
            return
        target = self.headers.get("X-Amz-Target", "")
        name = target.removeprefix(f"{service().metadata['targetPrefix']}.")
        extra = {
            "content_type": "application/x-amz-json-1.1",
            "headers": {"x-amzn-RequestId": str(uuid.uuid4())},
        }
        self.answer_with(panel.faults, name, lambda: self._operate(panel, name, raw), **extra)

    def _operate(self, panel: FakeMTurk, name: str, raw: bytes) -> tuple[int, Any]:
        with panel.lock:
            try:
                if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
                    raise TurkError("AccessDenied", "The request is not signed.")
                operation = service().operation_model(name)
                shape: Any = operation.input_shape
                sent = decode(shape, json.loads(raw or b"{}"), name)
                report = ParamValidator().validate(sent, shape)
                if report.has_errors():
                    raise invalid(report.generate_report())
                panel.calls.append((name, sent))
                return 200, encode(operation.output_shape, getattr(panel, name)(sent))
            except TurkError as error:
                body = {
                    "__type": "RequestError",
                    "Message": f"{error} ({error.code})",
                    "TurkErrorCode": error.code,
                }
                return 400, body

    def _take_form(self, panel: FakeMTurk, raw: bytes) -> None:
        fields = {name: values[0] for name, values in parse_qs(raw.decode(), keep_blank_values=True).items()}
        try:
            with panel.lock:
                panel.submit(fields.pop("assignmentId", ""), fields)
        except TurkError as error:
            self.answer(409, str(error).encode(), "text/plain")
            return
        self.answer(200, b"<!doctype html><title>Submitted</title><h1>Submitted</h1>", "text/html")

    def do_GET(self) -> None:  # noqa: N802 - the server's name
        panel: FakeMTurk = self.server.panel  # type: ignore[attr-defined]
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        try:
            with panel.lock:
                if address.path == "/accept":
                    src = panel.page_address(panel.accept(query["hit"], query["worker"]))
                elif address.path == "/preview":
                    src = panel.preview_address(query["hit"])
                else:
                    self.answer(404, b"", "text/plain")
                    return
        except TurkError as error:
            self.answer(409, str(error).encode(), "text/plain")
            return
        self.answer(200, FRAME_PAGE.format(src=escape(src, {'"': "&quot;"})).encode(), "text/html")
