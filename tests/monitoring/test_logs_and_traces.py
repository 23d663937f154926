"""One JSON object a line, one span a request or job, with ids from one to the other: nobody's data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from humaneval.monitoring import tracing
from tests.factories import open_study

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import django; django.setup()
import logging
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
from humaneval.studies.models import Study
Study.objects.create(name="Faces", slug="faces", protocol="two_afc", state="open")
client = Client()
answer = client.get("/s/faces/?PROLIFIC_PID=5f00secret", headers={"X-Request-ID": "from-the-proxy-1"},
                    REMOTE_ADDR="203.0.113.9")
assert answer.headers["X-Request-ID"] == "from-the-proxy-1"
from humaneval.jobs import services
from humaneval.jobs.registry import job_handler
@job_handler("tests.log")
def speak(job):
    logging.getLogger("some.library").warning("speaks")
services.run(services.submit(kind="tests.log", key="k", args={"study": 1}).pk)
"""


def run(tmp_path: Path, **settings: str) -> list[str]:
    """Return what the platform writes into its log while a rater comes and a job runs."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/db"}
    environment |= {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment |= {"ALLOWED_HOSTS": "testserver,127.0.0.1", **settings}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[bytes]]:
    """Give the lines in JSON and the traces of one run, received by a collector on this machine."""
    received: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    lines = run(tmp_path_factory.mktemp("traced"), LOG_FORMAT="json", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    server.shutdown()
    server.server_close()
    return lines, received


def test_every_line_is_an_object_and_a_request_has_its_own(traced) -> None:
    lines = [json.loads(line) for line in traced[0]]
    assert all({"timestamp", "level", "logger", "message"} <= line.keys() for line in lines)
    (request,) = [line for line in lines if line["message"] == "request"]
    assert (request["request_id"], request["study"], request["status"]) == ("from-the-proxy-1", "faces", 200)
    assert request["route"] == "rating:entry"
    assert request["ms"] > 0


def test_what_a_job_and_its_libraries_say_bears_its_ids(traced) -> None:
    lines = [json.loads(line) for line in traced[0]]
    (spoken,) = [line for line in lines if line["message"] == "speaks"]
    assert (spoken["logger"], spoken["kind"], spoken["study"]) == ("some.library", "tests.log", 1)
    assert spoken["job"] == 1


def test_traces_arrive_with_routes_and_kinds(traced) -> None:
    spans = {}
    for body in traced[1]:
        batch = ExportTraceServiceRequest.FromString(body)
        for resource in batch.resource_spans:
            for scope in resource.scope_spans:
                spans |= {span.name: {a.key for a in span.attributes} for span in scope.spans}
    assert spans.keys() == {"GET rating:entry", "job tests.log"}
    assert spans["GET rating:entry"] == {
        f"humaneval.{name}" for name in ("method", "route", "status", "study")
    }


def test_neither_logs_nor_traces_hold_anything_of_people(traced) -> None:
    everything = "\n".join(traced[0]).encode() + b"".join(traced[1])
    assert b"5f00secret" not in everything
    assert b"203.0.113.9" not in everything


def test_lines_for_people_are_few(tmp_path: Path) -> None:
    lines = run(tmp_path)
    assert any(line.endswith("WARNING some.library: speaks") for line in lines)
    assert not any("humaneval.requests" in line for line in lines)


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["short", "has spaces in it", "x" * 65, 'quote"quote'])
def test_an_id_that_does_not_look_like_one_is_replaced(client: Client, given: str) -> None:
    found = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert found != given
    assert len(found) == 32


@pytest.mark.django_db
def test_a_raters_request_is_of_their_sessions_study(client: Client, caplog) -> None:
    from uuid import uuid4

    from humaneval.rating.consent import consent_hash
    from humaneval.rating.sessions import Arrival, open_session

    study = open_study(trial_count=2, samples=4)
    token = open_session(study=study, arrival=Arrival(consent_hash(study), uuid4(), {"rater": "7"}, {})).token
    with caplog.at_level("INFO", logger="humaneval.requests"):
        client.get("/api/v1/rating/session/", headers={"authorization": f"Session {token}"})
    assert f"'study': '{study.pk}'" in caplog.records[-1].getMessage()
    assert structlog.contextvars.get_contextvars()["study"] == str(study.pk), "errors too"


@pytest.mark.django_db
def test_what_is_said_while_a_request_is_answered_bears_its_id_and_its_study(client: Client) -> None:
    study = open_study(trial_count=2, samples=4)
    client.get(f"/s/{study.slug}/", headers={"X-Request-ID": "from-the-proxy-2"})
    assert structlog.contextvars.get_contextvars() == {"request_id": "from-the-proxy-2", "study": study.slug}
    client.get("/healthz", headers={"X-Request-ID": "from-the-proxy-3"})
    assert structlog.contextvars.get_contextvars() == {"request_id": "from-the-proxy-3"}


def test_asking_for_traces_without_the_packages_stops_the_start(monkeypatch) -> None:
    monkeypatch.setenv(tracing.ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setattr(tracing, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'humaneval-platform\[otel\]'"):
        tracing.check_settings()
