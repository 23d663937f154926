"""`make demo`'s command, from an empty folder to the addresses, and again, and to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import urllib3

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
COLLAPSED = {"Collapsed mixture", "Collapsed VAE", "Repeater"}
SLUGS = ["which-is-real", "realism", "diversity", "which-is-better"]


@dataclass
class Demo:
    """A running demo and the lines that it printed up to READY."""

    process: subprocess.Popen[str]
    lines: list[str]

    def said(self, word: str) -> list[list[str]]:
        """Return what followed a word, line by line."""
        return [line.split()[1:] for line in self.lines if line.startswith(f"{word} ")]

    def stop(self) -> str:
        """Press Ctrl-C; return the rest of the output."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=150)[0]


def start(folder: Path, port: int, effort: str = "--effort=0.1", *more: str) -> Demo:
    command = [sys.executable, "manage.py", "demo", f"--port={port}", "--no-open", effort, *more]
    environment = {
        **os.environ,
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "humaneval.config.settings",
    }
    environment |= {"BROKER_URL": "filesystem://localhost/", "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    for line in process.stdout or ():
        lines.append(line.rstrip("\n"))
        if lines[-1] == "READY":
            break
    return Demo(process, lines)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder: Path, port: int) -> Iterator[Demo]:
    running = start(folder, port)
    yield running
    if running.process.poll() is None:
        running.stop()


pytestmark = pytest.mark.timeout(600)


def get(url: str, token: str = "") -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", url, headers={"Authorization": f"Token {token}"} if token else {})


def test_it_prints_the_addresses_that_scripts_rely_on(demo: Demo, port: int) -> None:
    assert demo.lines[-1] == "READY", "\n".join(demo.lines)
    (admin,) = demo.said("ADMIN")
    assert admin[0] == f"http://127.0.0.1:{port}/admin/"
    assert len(admin) == 3
    assert [slug for slug, _ in demo.said("RATE")] == SLUGS
    assert [slug for slug, _ in demo.said("REPORT")] == SLUGS


def test_raters_links_open_and_leave_work_for_people(demo: Demo) -> None:
    for _slug, url in demo.said("RATE"):
        assert get(url).status == 200


def test_reports_hold_estimates_scores_and_their_correlation(demo: Demo, port: int) -> None:
    (token,) = demo.said("TOKEN")[0]
    for slug in SLUGS:
        response = get(f"http://127.0.0.1:{port}/api/v1/studies/{slug}/report/", token)
        assert response.status == 200
        report = json.loads(response.data)
        assert {"estimates", "agreement", "ranking", "scores", "correlations"} <= report.keys()
        assert len(report["estimates"]) >= 6
        assert report["scores"]
        assert report["correlations"]
        assert all(estimate["simulated"] for estimate in report["estimates"])


def test_the_models_that_fail_are_found_out(demo: Demo, port: int) -> None:
    (token,) = demo.said("TOKEN")[0]
    report = json.loads(get(f"http://127.0.0.1:{port}/api/v1/studies/diversity/report/", token).data)
    unique = scores_named(report, "unique_fraction")
    assert unique["Repeater"] <= 0.1
    assert min(value for label, value in unique.items() if label != "Repeater") > 0.9
    asked_for = scores_named(report, "class_accuracy")
    assert asked_for.keys() == unique.keys()
    assert asked_for["Gaussian mixture"] > 0.5 > asked_for["Collapsed mixture"]
    recall = scores_named(report, "recall")
    assert max(recall[label] for label in COLLAPSED) < 0.2 < recall["Gaussian mixture"]


def test_files_are_checked_for_leaks(demo: Demo, port: int) -> None:
    (token,) = demo.said("TOKEN")[0]
    url = f"http://127.0.0.1:{port}/api/v1/studies/which-is-real/leakage/"
    deadline = time.monotonic() + 300
    while (check := json.loads(get(url, token).data))["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert check["state"] == "done", check


def test_votes_come_as_a_table(demo: Demo, port: int) -> None:
    (token,) = demo.said("TOKEN")[0]
    table = get(f"http://127.0.0.1:{port}/api/v1/studies/diversity/votes.csv", token).data.decode()
    assert len(table.splitlines()) > 100


@pytest.mark.slow
def test_people_see_what_the_models_lack(tmp_path: Path) -> None:
    port = free_port()
    demo = start(tmp_path, port, "--effort=1")
    try:
        (token,) = demo.said("TOKEN")[0]
        url = f"http://127.0.0.1:{port}/api/v1/studies"
        diversity = json.loads(get(f"{url}/diversity/report/", token).data)
        real = json.loads(get(f"{url}/which-is-real/report/", token).data)
    finally:
        demo.stop()
    opinion = {row["label"]: row["estimate"] for row in diversity["estimates"]}
    varied = opinion.keys() - COLLAPSED
    assert max(opinion[label] for label in COLLAPSED) < min(opinion[label] for label in varied)
    fooled = {row["label"]: row["estimate"] for row in real["estimates"]}
    crude = max(fooled["Single Gaussian"], fooled["Collapsed VAE"])
    assert crude < min(fooled["Gaussian mixture"], fooled["VAE"])
    precision = next(row for row in real["correlations"] if row["metric"] == "precision")
    assert precision["as_expected"]


def scores_named(report: dict, metric: str) -> dict[str, float]:
    rows = [score for score in report["scores"] if score["metric"] == metric]
    return {score["sample_set"]: score["value"] for score in rows}


def test_a_taken_port_is_one_clear_sentence(demo: Demo, folder: Path, port: int) -> None:
    second = start(folder, port)
    output = "\n".join(second.lines)
    assert second.process.wait(150) == 1
    assert f"Port {port}" in output
    assert "Traceback" not in output


def test_it_stops_cleanly_and_starts_again_with_a_stand_in_panel(demo: Demo, folder: Path, port: int) -> None:
    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert "Traceback" not in demo.stop()
    assert demo.process.returncode == 0
    deadline = time.monotonic() + 150
    while any(map(runs, children)):
        assert time.monotonic() < deadline, children
        time.sleep(0.05)

    again = start(folder, port, "--effort=0.1", "--panel=mturk")
    try:
        assert_people_were_paid(again, port, "mturk", "2.95 USD")
        assert not [
            line for line in again.lines if "Training" in line or "Importing" in line or "raters" in line
        ]
        assert again.said("ADMIN")[0][2] != demo.said("ADMIN")[0][2]
    finally:
        rest = again.stop()
    assert "Traceback" not in rest


def runs(process: psutil.Process) -> bool:
    """Return whether a process has not ended; its parent may not have noticed that."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def assert_people_were_paid(demo: Demo, port: int, panel: str, paid: str) -> None:
    assert demo.lines[-1] == "READY", "\n".join(demo.lines)
    assert demo.said("PAID")[0][:3] == [panel, *paid.split()]
    ((slug, address),) = demo.said("RECRUITMENT")
    assert address == f"http://127.0.0.1:{port}/studies/{slug}/recruitment/"
    assert any("The ledger adds up" in line for line in demo.lines)


@pytest.mark.slow
def test_people_of_prolifics_stand_in_are_paid_once_however_often_it_starts(
    demo: Demo, folder: Path, port: int
) -> None:
    if demo.process.poll() is None:
        demo.stop()
    first = start(folder, port, "--effort=0.1", "--panel=prolific")
    try:
        assert_people_were_paid(first, port, "prolific", "2.95 GBP")
    finally:
        first.stop()
    again = start(folder, port, "--effort=0.1", "--panel=prolific")
    again.stop()
    assert again.said("PAID") == first.said("PAID")
    assert any("took part before" in line for line in again.lines)


def test_an_unknown_panel_is_one_clear_sentence(tmp_path: Path, port: int) -> None:
    demo = start(tmp_path, port, "--effort=0.1", "--panel=clickworker")
    assert demo.process.wait(150) == 2
    assert "invalid choice: 'clickworker'" in "\n".join(demo.lines)
