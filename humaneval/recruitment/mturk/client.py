"""Calls of MTurk through boto3: one attempt each, and for each way to fail its own exception."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from django.conf import settings

from humaneval.recruitment.recruiters import NotSent, PanelRefused, Unanswered, retry_after

ENDPOINTS = {
    "sandbox": "https://mturk-requester-sandbox.us-east-1.amazonaws.com",
    "production": "https://mturk-requester.us-east-1.amazonaws.com",
}
REGION = "us-east-1"
USED_TOKENS = ("HITAlreadyExists", "DuplicateRequest", "IdempotentParameterMismatch")
PAGE_SIZE = 100


def endpoint() -> str:
    """Return the address that is called."""
    return ENDPOINTS.get(settings.MTURK_ENDPOINT, settings.MTURK_ENDPOINT)


def ask(operation: str, **parameters: Any) -> dict[str, Any]:
    """Return the answer of an operation that changes nothing. Raises NotSent or PanelRefused."""
    try:
        return act(operation, **parameters)
    except Unanswered as error:
        raise NotSent(str(error)) from error


def pages(operation: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Return the rows of a list, page by page. Raises NotSent or PanelRefused."""
    more: dict[str, Any] = {}
    while True:
        answer = ask(operation, MaxResults=PAGE_SIZE, **parameters, **more)
        yield from answer.get(key, [])
        if not answer.get("NextToken") or not answer.get(key):
            return
        more = {"NextToken": answer["NextToken"]}


def act(operation: str, **parameters: Any) -> dict[str, Any]:
    """Return the answer of an operation. Raises NotSent, Unanswered or PanelRefused.

    A request token that was used before is Unanswered: whoever sent it first must look what it did.
    """
    try:
        answer: dict[str, Any] = getattr(_client(), operation)(**parameters)
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise NotSent(f"MTurk cannot be reached: {error}") from error
    except (NoCredentialsError, PartialCredentialsError, ParamValidationError) as error:
        raise PanelRefused(f"The call was not made: {error}") from error
    except ClientError as error:
        raise _meaning(operation, error) from error
    except BotoCoreError as error:
        raise Unanswered(f"MTurk did not answer {operation}: {error}") from error
    return answer


def _meaning(operation: str, error: ClientError) -> Exception:
    response: Any = error.response
    words = f"{response.get('Error', {}).get('Message', '')} {response.get('TurkErrorCode', '')}".strip()
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = response.get("Error", {}).get("Code", "")
    if any(word in words for word in USED_TOKENS):
        return Unanswered(f"MTurk has seen this {operation} before: {words}")
    if status == 429 or "Throttl" in code or "Throttl" in words:
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return NotSent(f"MTurk asks us to slow down: {words}", retry_after(headers.get("retry-after", "")))
    if status >= 500 or code == "ServiceFault":
        return Unanswered(f"MTurk answered {status} to {operation}: {words}")
    return PanelRefused(f"MTurk refused {operation}: {words[:500]}")


def _client() -> Any:
    seconds = settings.PANEL_TIMEOUT_SECONDS
    once = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
    return boto3.client("mturk", region_name=REGION, endpoint_url=endpoint(), config=once)
