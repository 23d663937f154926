"""Whatever anybody sends to any address of the published schema: no answer is a 5xx."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings

from humaneval.rating.models import Session
from tests.factories import TokenFactory, open_study
from tests.rating.conftest import ApiRater

schemathesis = pytest.importorskip("schemathesis", reason="pip install schemathesis to fuzz the API")

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(1800)]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))


def test_no_operation_of_the_published_schema_answers_5xx(settings: Any):
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_RATES": dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]),
    }
    study = open_study(trial_count=10)
    rater = ApiRater(study)
    rater.arrive()
    key = TokenFactory().secret
    api = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    found: list[str] = []
    tried = 0
    for result in api.get_all_operations():
        operation = result.ok()
        is_rater = "/rating/session/" in operation.path
        token = f"Session {rater.token}" if is_rater else f"Token {key}"
        tried += 1
        found += answers_of(operation, token, study.slug)
    assert tried > 20
    assert found == []
    assert Session.objects.filter(study=study).exists()


def answers_of(operation: Any, token: str, slug: str) -> list[str]:
    """Return the answers of 500 and above that an operation gives to made-up requests."""
    bad: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        if "slug" in (case.path_parameters or {}) and len(case.path_parameters["slug"]) % 2:
            case.path_parameters["slug"] = slug
        answer = case.call(headers={"Authorization": token})
        if answer.status_code >= 500:
            bad.append(f"{operation.label}: {answer.status_code} to {case.as_curl_command()[:400]}")

    send()
    return bad
