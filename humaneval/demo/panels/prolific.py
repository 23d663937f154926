"""A stand-in for Prolific's API: its paths, checks and states, as its documentation states them.

Whatever differs between this and the API itself is an error here. Paying bonuses is as careless as the
original: sent twice, paid twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from humaneval.demo.panels.loopback import Faults, LoopbackServer, PanelHandler, fresh_numbers

PREFIX = "/api/v1"
TOKEN = "prolific-stand-in"  # noqa: S105 - opens nothing but this stand-in
CODE_TYPES = {
    "COMPLETED",
    "FAILED_ATTENTION_CHECK",
    "SCREENED_OUT",
    "FOLLOW_UP_STUDY",
    "GIVE_BONUS",
    "INCOMPATIBLE_DEVICE",
    "NO_CONSENT",
    "FIXED_SCREENOUT",
    "OTHER",
}
ACTIONS = {
    "AUTOMATICALLY_APPROVE",
    "MANUALLY_REVIEW",
    "REQUEST_RETURN",
    "ADD_TO_PARTICIPANT_GROUP",
    "REMOVE_FROM_PARTICIPANT_GROUP",
    "DYNAMIC_PAYMENT",
    "FIXED_SCREEN_OUT_PAYMENT",
}
REJECTIONS = {
    "TOO_QUICKLY",
    "TOO_SLOWLY",
    "FAILED_INSTRUCTIONS",
    "INCOMP_LONGITUDINAL",
    "FAILED_CHECK",
    "LOW_EFFORT",
    "MALINGERING",
    "NO_CODE",
    "BAD_CODE",
    "NO_DATA",
    "UNSUPP_DEVICE",
    "OTHER",
}
FIELDS: dict[str, tuple[type, bool]] = {
    "name": (str, True),
    "internal_name": (str, False),
    "description": (str, True),
    "external_study_url": (str, True),
    "prolific_id_option": (str, True),
    "completion_codes": (list, True),
    "total_available_places": (int, True),
    "estimated_completion_time": (int, True),
    "reward": (int, True),
    "device_compatibility": (list, False),
    "peripheral_requirements": (list, False),
    "filters": (list, False),
    "project": (str, False),
}
"""Fields of a study that callers may send: type, and whether it must be there."""

STUDY_MOVES = {
    "PUBLISH": ({"UNPUBLISHED"}, "ACTIVE"),
    "PAUSE": ({"ACTIVE"}, "PAUSED"),
    "START": ({"PAUSED"}, "ACTIVE"),
    "STOP": ({"ACTIVE", "PAUSED"}, "AWAITING REVIEW"),
}


class Refused(Exception):
    """A request that the API would refuse, with the status it would give."""

    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(str(detail))
        self.status, self.detail = status, detail


class FakeProlific:
    """Everything the stand-in knows."""

    def __init__(self, port: int = 0) -> None:
        self.lock = threading.RLock()
        self.faults = Faults()
        self.calls: list[tuple[str, Any]] = []
        self.studies: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, Any]] = {}
        self.bulks: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, list[str]] = {}
        self.group_names: dict[str, str] = {}
        self.shows_bonuses = True
        self._numbers = fresh_numbers()
        self.server = LoopbackServer(_Handler, self, port)
        self.url = self.server.address + PREFIX

    def stop(self) -> None:
        """Stop the server."""
        self.server.stop()

    def new_id(self) -> str:
        """Return 24 hexadecimal digits, as Prolific's ids are."""
        return f"{next(self._numbers):024x}"

    # --- people -----------------------------------------------------------------------------------------

    def take_part(self, study_id: str, person: str | None = None) -> dict[str, Any]:
        """Let a person take a place; return the submission with ``url``, the address they are sent to."""
        with self.lock:
            study = self.study(study_id)
            self._check_filters(study, person or "")
            if study["status"] != "ACTIVE" or self._taken(study_id) >= study["total_available_places"]:
                raise Refused(400, "no place is free")
            row: dict[str, Any] = {
                "id": self.new_id(),
                "participant": person or self.new_id(),
                "study_id": study_id,
                "status": "ACTIVE",
                "started_at": _now(),
                "completed_at": None,
                "entered_code": None,
                "bonus_payments": [],
            }
            self.people[row["id"]] = row
        url = study["external_study_url"]
        words = {"PROLIFIC_PID": row["participant"], "STUDY_ID": study_id, "SESSION_ID": row["id"]}
        for name, value in words.items():
            url = url.replace("{{%" + name + "%}}", value)
        return {**row, "url": url}

    def _check_filters(self, study: Mapping[str, Any], person: str) -> None:
        """Refuse a person whom the study keeps out, by group or by an earlier study."""
        for one in study.get("filters", []):
            for value in one.get("selected_values", []):
                if person in self._kept_out(one["filter_id"], value):
                    raise Refused(400, "this person took part before")

    def _kept_out(self, filter_id: str, value: str) -> set[str]:
        """Return the people whom one value of a filter keeps out."""
        if filter_id == "participant_group_blocklist":
            return set(self.groups.get(value, []))
        if filter_id == "previous_studies_blocklist":
            return {row["participant"] for row in self.people.values() if row["study_id"] == value}
        return set()

    def complete(self, submission_id: str, code: str) -> str:
        """Let a person come back with a code; return the submission's state."""
        with self.lock:
            row = self.people[submission_id]
            known = {one["code"]: one for one in self.study(row["study_id"])["completion_codes"]}
            asked = known.get(code, {"actions": []})["actions"]
            actions = {action["action"] for action in asked}
            for action in asked:
                if action["action"] == "ADD_TO_PARTICIPANT_GROUP":
                    self.groups.setdefault(action["participant_group"], []).append(row["participant"])
            row.update(entered_code=code, completed_at=_now(), status="AWAITING REVIEW")
            if "AUTOMATICALLY_APPROVE" in actions:
                row["status"] = "APPROVED"
            if "FIXED_SCREEN_OUT_PAYMENT" in actions:
                row["status"] = "SCREENED OUT"
            self._end_if_full(row["study_id"])
            return str(row["status"])

    def _end_if_full(self, study_id: str) -> None:
        """Let a study wait for review once its last place has been handed in."""
        study = self.study(study_id)
        at_work = any(p["study_id"] == study_id and p["status"] == "ACTIVE" for p in self.people.values())
        if not at_work and self._taken(study_id) >= study["total_available_places"]:
            study["status"] = "AWAITING REVIEW"

    def paid_total(self) -> Decimal:
        """Return what people have been paid in all, rewards and bonuses."""
        cents = 0
        for row in self.people.values():
            if row["status"] == "APPROVED":
                cents += self.studies[row["study_id"]]["reward"]
            cents += sum(row["bonus_payments"])
        return Decimal(cents) / 100

    def _taken(self, study_id: str) -> int:
        gone = {"RETURNED", "REJECTED", "TIMED-OUT"}
        return sum(p["study_id"] == study_id and p["status"] not in gone for p in self.people.values())

    # --- the API ----------------------------------------------------------------------------------------

    def study(self, study_id: str) -> dict[str, Any]:
        """Return a study; raises Refused (404)."""
        if study_id not in self.studies:
            raise Refused(404, "study not found")
        return self.studies[study_id]

    def create_study(self, body: Any) -> tuple[int, Any]:
        """POST /studies/."""
        _check_study(body)
        study = {**body, "id": self.new_id(), "status": "UNPUBLISHED", "places_taken": 0}
        self.studies[study["id"]] = study
        return 201, study

    def list_studies(self, query: Mapping[str, str]) -> tuple[int, Any]:
        """GET /studies/."""
        names = ("id", "name", "internal_name", "status", "reward", "total_available_places")
        return 200, _page([{name: s.get(name) for name in names} for s in self.studies.values()], query)

    def get_study(self, study_id: str) -> tuple[int, Any]:
        """GET /studies/{id}/."""
        return 200, {**self.study(study_id), "places_taken": self._taken(study_id)}

    def change_study(self, study_id: str, body: Any) -> tuple[int, Any]:
        """PATCH /studies/{id}/: once published, places alone, and only more of them."""
        study = self.study(study_id)
        published = study["status"] != "UNPUBLISHED"
        if published and set(body) - {"total_available_places", "internal_name"}:
            raise Refused(400, "a published study's fields cannot be changed")
        if body.get("total_available_places", 10**9) < study["total_available_places"]:
            raise Refused(400, "places can only be added")
        if study["status"] == "AWAITING REVIEW":  # there was no place left, and now there is
            study["status"] = "ACTIVE"
        study.update(body)
        return 200, study

    def move_study(self, study_id: str, body: Any) -> tuple[int, Any]:
        """POST /studies/{id}/transition/."""
        study = self.study(study_id)
        sources, target = STUDY_MOVES.get(body.get("action"), (set(), ""))
        if study["status"] not in sources:
            raise Refused(400, f"{body.get('action')} is not possible in {study['status']}")
        study["status"] = target
        return 200, study

    def list_submissions(self, query: Mapping[str, str]) -> tuple[int, Any]:
        """GET /submissions/."""
        wanted = query.get("study", "")
        rows = [self._listed(row) for row in self.people.values() if row["study_id"] == wanted]
        return 200, _page(rows, query)

    def _listed(self, row: Mapping[str, Any]) -> dict[str, Any]:
        shown = {k: v for k, v in row.items() if k not in {"participant", "entered_code"}}
        if not self.shows_bonuses:
            shown["bonus_payments"] = []
        return {**shown, "participant_id": row["participant"], "study_code": row["entered_code"]}

    def get_submission(self, submission_id: str) -> tuple[int, Any]:
        """GET /submissions/{id}/."""
        if submission_id not in self.people:
            raise Refused(404, "submission not found")
        row = self.people[submission_id]
        return 200, row if self.shows_bonuses else {**row, "bonus_payments": []}

    def decide(self, submission_id: str, body: Any) -> tuple[int, Any]:
        """POST /submissions/{id}/transition/: the same decision again changes nothing."""
        _status, row = self.get_submission(submission_id)
        target = {"APPROVE": "APPROVED", "REJECT": "REJECTED"}.get(body.get("action"))
        if target is None:
            raise Refused(400, "unknown action")
        if target == "REJECTED":
            _check_rejection(body)
        if row["status"] not in {target, "AWAITING REVIEW"}:
            raise Refused(400, f"a submission that is {row['status']} cannot be decided")
        self.people[submission_id]["status"] = target
        return 200, self.people[submission_id]

    def set_up_bonuses(self, body: Any) -> tuple[int, Any]:
        """POST /submissions/bonus-payments/."""
        rows = []
        for line in body["csv_bonuses"].splitlines():
            match = re.fullmatch(r"([0-9a-f]{24}),(\d+(?:\.\d{1,2})?)", line)
            row = self.people.get(match[1]) if match else None
            if match is None or row is None or row["study_id"] != body["study_id"]:
                raise Refused(400, {"csv_bonuses": [f"not a submission of this study: {line}"]})
            rows.append((match[1], int(Decimal(match[2]) * 100)))
        if not 1 <= len(rows) <= 200:
            raise Refused(400, "from 1 to 200 bonuses at a time")
        bulk = {"id": self.new_id(), "study": body["study_id"], "rows": rows}
        self.bulks[bulk["id"]] = bulk
        amount = sum(cents for _id, cents in rows)
        return 201, {
            "id": bulk["id"],
            "study": bulk["study"],
            "amount": amount,
            "fees": 0,
            "total_amount": amount,
        }

    def pay_bonuses(self, bulk_id: str) -> tuple[int, Any]:
        """POST /bulk-bonus-payments/{id}/pay/. Not idempotent, as documented."""
        if bulk_id not in self.bulks:
            raise Refused(404, "bulk bonus payment not found")
        for submission_id, cents in self.bulks[bulk_id]["rows"]:
            self.people[submission_id]["bonus_payments"].append(cents)
        return 202, None

    def list_groups(self, query: Mapping[str, str]) -> tuple[int, Any]:
        """GET /participant-groups/: of a workspace or a project."""
        if not (query.get("workspace_id") or query.get("project_id")):
            raise Refused(400, {"workspace_id": ["a workspace or a project must be given"]})
        return 200, {"results": [{"id": one, "name": name} for one, name in self.group_names.items()]}

    def create_group(self, body: Any) -> tuple[int, Any]:
        """POST /participant-groups/."""
        unknown = set(body) - {"name", "workspace_id", "organisation_id", "description", "participant_ids"}
        if unknown or not body.get("name") or not (body.get("workspace_id") or body.get("organisation_id")):
            raise Refused(400, "a name, and a workspace or an organisation, must be given")
        group = self.new_id()
        self.group_names[group], self.groups[group] = body["name"], list(body.get("participant_ids", []))
        return 201, {"id": group, "name": body["name"], "workspace_id": body.get("workspace_id")}

    def add_to_group(self, group_id: str, body: Any) -> tuple[int, Any]:
        """POST /participant-groups/{id}/participants/."""
        members = self.groups.setdefault(group_id, [])
        members += [one for one in body["participant_ids"] if one not in members]
        return 200, {"results": [{"participant_id": one} for one in members]}


def _check_study(body: Any) -> None:
    unknown = sorted(set(body) - set(FIELDS))
    missing = sorted(name for name, (_type, needed) in FIELDS.items() if needed and name not in body)
    wrong = sorted(n for n in body if n in FIELDS and type(body[n]) is not FIELDS[n][0])
    if unknown or missing or wrong:
        raise Refused(400, {"unknown": unknown, "missing": missing, "wrong_type": wrong})
    if body["prolific_id_option"] not in {"question", "url_parameters", "not_required"}:
        raise Refused(400, {"prolific_id_option": ["not a valid choice"]})
    if body["reward"] < 1 or body["total_available_places"] < 1 or body["estimated_completion_time"] < 1:
        raise Refused(400, "reward, places and time must be positive")
    codes = [one["code"] for one in body["completion_codes"]]
    if not codes or len(set(codes)) < len(codes):
        raise Refused(400, {"completion_codes": ["at least one, each once"]})
    for one in body["completion_codes"]:
        kinds = {action["action"] for action in one["actions"]}
        if one["code_type"] not in CODE_TYPES or not kinds <= ACTIONS or not kinds:
            raise Refused(400, {"completion_codes": [one]})
    for one in body.get("filters", []):
        if "filter_id" not in one or not (one.get("selected_values") or one.get("selected_range")):
            raise Refused(400, {"filters": [one]})


def _check_rejection(body: Any) -> None:
    if body.get("rejection_category") not in REJECTIONS:
        raise Refused(400, {"rejection_category": ["not a valid choice"]})
    if len(body.get("message", "")) < 100:
        raise Refused(400, {"message": ["must be at least 100 characters long"]})


def _page(rows: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    size, page = int(query.get("page_size", 20)), int(query.get("page", 1))
    part = rows[(page - 1) * size : page * size]
    return {"results": part, "meta": {"count": len(rows)}}


def _now() -> str:
    return datetime.now(UTC).isoformat()


Route = tuple[str, str, str, Callable[..., tuple[int, Any]]]
ROUTES: list[Route] = [
    ("POST", r"/studies/", "create_study", lambda p, m, q, b: p.create_study(b)),
    ("GET", r"/studies/", "list_studies", lambda p, m, q, b: p.list_studies(q)),
    ("GET", r"/studies/(\w+)/", "get_study", lambda p, m, q, b: p.get_study(m[1])),
    ("PATCH", r"/studies/(\w+)/", "change_study", lambda p, m, q, b: p.change_study(m[1], b)),
    ("POST", r"/studies/(\w+)/transition/", "move_study", lambda p, m, q, b: p.move_study(m[1], b)),
    ("GET", r"/submissions/", "list_submissions", lambda p, m, q, b: p.list_submissions(q)),
    ("POST", r"/submissions/bonus-payments/", "set_up_bonuses", lambda p, m, q, b: p.set_up_bonuses(b)),
    ("GET", r"/submissions/(\w+)/", "get_submission", lambda p, m, q, b: p.get_submission(m[1])),
    ("POST", r"/submissions/(\w+)/transition/", "decide", lambda p, m, q, b: p.decide(m[1], b)),
    ("POST", r"/bulk-bonus-payments/(\w+)/pay/", "pay_bonuses", lambda p, m, q, b: p.pay_bonuses(m[1])),
    ("GET", r"/participant-groups/", "list_groups", lambda p, m, q, b: p.list_groups(q)),
    ("POST", r"/participant-groups/", "create_group", lambda p, m, q, b: p.create_group(b)),
    (
        "POST",
        r"/participant-groups/(\w+)/participants/",
        "add_to_group",
        lambda p, m, q, b: p.add_to_group(m[1], b),
    ),
]


class _Handler(PanelHandler):
    """The API over HTTP."""

    def do_GET(self) -> None:  # noqa: N802 - the server's name
        self._serve("GET")

    def do_POST(self) -> None:  # noqa: N802 - the server's name
        self._serve("POST")

    def do_PATCH(self) -> None:  # noqa: N802 - the server's name
        self._serve("PATCH")

    def _serve(self, method: str) -> None:
        panel: FakeProlific = self.server.panel  # type: ignore[attr-defined]
        address = urlsplit(self.path)
        raw = self.body()
        if self.headers.get("Authorization") != f"Token {TOKEN}":
            self.answer(401, {"error": {"detail": "Invalid token."}})
            return
        for verb, pattern, name, act in ROUTES:
            match = re.fullmatch(PREFIX + pattern, address.path)
            if verb == method and match:
                body = json.loads(raw) if raw else {}
                panel.calls.append((name, body))
                query = dict(parse_qsl(address.query))
                self.answer_with(panel.faults, name, partial(self._act, panel, act, match, query, body))
                return
        self.answer(404, {"error": {"detail": "Not found."}})

    def _act(self, panel: FakeProlific, act: Any, *arguments: Any) -> tuple[int, Any]:
        with panel.lock:
            try:
                status, body = act(panel, *arguments)
                return status, json.loads(json.dumps(body))
            except Refused as refusal:
                return refusal.status, {"error": {"status": refusal.status, "detail": refusal.detail}}


def signed_headers(secret: str, body: bytes, event_id: str, at: float | None = None) -> dict[str, str]:
    """Return the headers of a webhook: base64 of HMAC-SHA256 over timestamp and body."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return {
        "X-Prolific-Request-Timestamp": stamp,
        "X-Prolific-Request-Signature": base64.b64encode(digest).decode(),
        "X-Event-ID": event_id,
    }
