"""A rater for tests, who talks to the API as a browser does."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.response import Response
from rest_framework.test import APIClient

from humaneval.rating.consent import consent_hash
from humaneval.rating.statements import forget_sessions
from humaneval.studies.models import Study


class ApiRater:
    """One person with one browser, in one study."""

    def __init__(self, study: Study, **arrival: Any) -> None:
        self.study = study
        self.client = APIClient()
        self.browser = str(uuid.uuid4())
        self.arrival = arrival
        self.token = ""

    def arrive(self, *, key: str = "", **changes: Any) -> Response:
        """Knock at the study's door, agreeing to its text; a researcher's ``key`` may vouch."""
        body = {
            "study": self.study.slug,
            "consent": True,
            "consent_hash": consent_hash(self.study),
            "client": self.browser,
            "arrival": self.arrival,
            "device": {"viewport": [360, 640]},
            **changes,
        }
        headers = {"Authorization": f"Token {key}"} if key else {}
        response = self.client.post("/api/v1/rating/sessions/", body, format="json", headers=headers)
        self.token = response.json().get("token", "")
        return response

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Session {self.token}"}

    def session(self) -> Response:
        """Ask how things stand."""
        return self.client.get("/api/v1/rating/session/", headers=self._headers())

    def fetch(self) -> Response:
        """Ask for assignments."""
        return self.client.post("/api/v1/rating/session/assignments/", headers=self._headers())

    def block(self) -> list[dict[str, Any]]:
        """Return the assignments that a fetch brings."""
        return self.fetch().json()["assignments"]

    def send(self, *votes: Any) -> Response:
        """Send votes."""
        body = json.dumps({"votes": list(votes)})
        return self.client.post(
            "/api/v1/rating/session/votes/",
            body,
            content_type="application/json",
            headers=self._headers(),
        )

    def results(self, *votes: Any) -> list[dict[str, Any]]:
        """Return what becomes of votes that are sent."""
        return self.send(*votes).json()["results"]

    def answer_everything(self) -> int:
        """Vote until nothing is left; return how many votes were stored."""
        stored = 0
        while block := self.block():
            results = self.results(*(vote_for(assignment) for assignment in block))
            assert {result["status"] for result in results} == {"stored"}
            stored += len(results)
        return stored

    def complete(self) -> Response:
        """Ask for the completion code."""
        return self.client.post("/api/v1/rating/session/complete/", headers=self._headers())


def vote_for(shown: dict[str, Any], /, **changes: Any) -> dict[str, Any]:
    """Return a vote for the left of two images."""
    vote = {
        "assignment": shown["id"],
        "key": str(uuid.uuid4()),
        "outcome": "answered",
        "answers": {"real": 0},
        "response_ms": 850.5,
        "timings": {"viewport": [360, 640], "input": "key"},
    }
    if changes.get("outcome", "answered") != "answered":
        vote["answers"] = {}
    return {**vote, **changes}


@pytest.fixture(autouse=True)
def no_session_is_remembered() -> None:
    """Let each test begin as a web process does: databases that are rolled back give ids out again."""
    forget_sessions()


@pytest.fixture(autouse=True)
def _sessions_are_numbered_from_1(request: pytest.FixtureRequest) -> None:
    """Let sessions have the same ids whatever ran before: places, pairs and exposures are drawn by them."""
    if request.node.get_closest_marker("django_db") is None:
        return
    request.getfixturevalue("db")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'rating_session'")
        else:
            cursor.execute("SELECT setval(pg_get_serial_sequence('rating_session', 'id'), 1, false)")


@pytest.fixture
def rater_of(db: None) -> Callable[..., ApiRater]:
    """Return raters who have arrived in a study."""

    def arrive(study: Study, **arrival: Any) -> ApiRater:
        rater = ApiRater(study, **arrival)
        assert rater.arrive().status_code == 201
        return rater

    return arrive
