"""What people do on a running platform: over the proxy's TLS, as researcher and as rater."""

from __future__ import annotations

import io
import re
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import urllib3
from PIL import Image

from tests.deploy.compose import Processes


def wait_for(what: Callable[[], Any], seconds: float = 240) -> Any:
    """Return what comes, once it is something; fail if it does not come in time."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return value


class Visitor:
    """Somebody outside: over the proxy's TLS, with its certificate checked."""

    def __init__(self, processes: Processes, authorization: str = "") -> None:
        authority = (
            processes.folder / "proxy" / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        )
        headers = {"Authorization": authorization} if authorization else {}
        self.address = processes.variables["PUBLIC_URL"]
        self._pool = urllib3.PoolManager(ca_certs=str(authority), headers=headers, retries=False)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return self._pool.request("GET", f"{self.address}{path}")

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status == 200, answer.data
        return answer.json()

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        answer = self._pool.request("POST", f"{self.address}{path}", **({"json": body or {}} | more))
        assert answer.status in {200, 201, 202}, answer.data
        return answer.json()

    def answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except urllib3.exceptions.HTTPError:
            return False


def a_zip_of_images(shade: int) -> bytes:
    """Return an archive of twelve small pictures, no two alike."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(12):
            picture = io.BytesIO()
            Image.new("RGB", (16, 16), (number * 20, shade, (number * 7) % 50)).save(picture, "PNG")
            archive.writestr(f"{number}.png", picture.getvalue())
    return buffer.getvalue()


def import_zip(researcher: Visitor, name: str, kind: str, shade: int) -> None:
    """Upload a zip through the proxy; the worker for long jobs reads it from storage."""
    slug = researcher.post("/api/v1/sample-sets/", {"name": name, "kind": kind})["slug"]
    archive = {"archive": ("images.zip", a_zip_of_images(shade), "application/zip")}
    imports = f"/api/v1/sample-sets/{slug}/imports/"
    started = researcher.post(imports, json=None, fields=archive)
    done = wait_for(lambda: (run := researcher.json(f"{imports}{started['id']}/"))["finished_at"] and run)
    assert (done["added"], done["rejected"]) == (12, 0)


def launch(researcher: Visitor) -> None:
    """Make a study and launch it; the worker draws the trials and renders the stimuli."""
    conditions = [{"sample_set": "photos"}, {"sample_set": "model"}]
    researcher.post(
        "/api/v1/studies/",
        {"name": "Real", "protocol": "two_afc", "trial_count": 6, "seed": 1, "conditions": conditions},
    )
    researcher.post("/api/v1/studies/real/launch/")
    wait_for(lambda: researcher.json("/api/v1/studies/real/")["state"] == "open")


def rate(processes: Processes) -> int:
    """Take part as a rater: arrive from the public page, see the images, vote; return the votes stored."""
    stranger = Visitor(processes)
    page = stranger.get("/s/real/").data.decode()
    consent_hash = re.search(r"[0-9a-f]{64}", page)
    assert consent_hash, page
    arrival = {"study": "real", "consent": True, "consent_hash": consent_hash[0], "client": str(uuid.uuid4())}
    token = stranger.post("/api/v1/rating/sessions/", {**arrival, "arrival": {}, "device": {}})["token"]
    rater, stored = Visitor(processes, f"Session {token}"), 0
    while assignments := rater.post("/api/v1/rating/session/assignments/")["assignments"]:
        stored += vote(rater, assignments)
    rater.post("/api/v1/rating/session/complete/")
    return stored


def vote(rater: Visitor, assignments: list[dict[str, Any]]) -> int:
    """See the pictures of a block and vote on it in one request; return how many votes were stored."""
    for shown in (image for one in assignments for place in one["places"] for image in place):
        assert rater.get(shown["url"]).data[8:12] == b"WEBP"
    votes = [
        {"assignment": one["id"], "key": str(uuid.uuid4()), "answers": {"real": 0}, "response_ms": 900}
        for one in assignments
    ]
    results = rater.post("/api/v1/rating/session/votes/", {"votes": votes})["results"]
    return sum(result["status"] == "stored" for result in results)


def score(researcher: Visitor, extractor: str) -> dict[str, Any]:
    """Start a metric run and wait for the metrics worker; return the run."""
    wanted = {
        "name": "Scores",
        "reference": "photos",
        "generated": ["model"],
        "extractor": extractor,
        "seed": 1,
    }
    run = researcher.post("/api/v1/metric-runs/", {**wanted, "metrics": ["frechet_distance"]})
    return wait_for(
        lambda: (now := researcher.json(f"/api/v1/metric-runs/{run['id']}/"))["finished_at"] and now
    )
