"""``manage.py serve``: up, kept up, and gone without a trace."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from humaneval.config.coherence import served_at
from humaneval.jobs.supervisor import CannotServe, Supervisor, note_address, open_port
from tests.jobs.platform import Platform
from tests.ports import free_port


@pytest.fixture
def port() -> int:
    return free_port()


def answer(port: int, path: str = "/healthz") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=150)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def test_it_serves_revives_what_dies_and_leaves_nothing_behind(platform: Platform, port: int):
    collected = platform.run("manage.py", "collectstatic", "--noinput", "--verbosity=0")
    assert collected.returncode == 0, collected.stderr
    serve = platform.start("manage.py", "serve", f"--port={port}", "--web-processes=1")
    platform.wait_for(lambda: "Serving on" in platform.output())
    assert answer(port) == 200
    assert served_at(platform.folder / "served_at") == f"http://127.0.0.1:{port}"
    children = _settled(platform, serve.pid)

    os.killpg(children["gunicorn"], signal.SIGKILL)
    assert answer(port) == 200, "a connection made while the web server is down waits for the next"
    os.killpg(children["worker@"], signal.SIGKILL)
    platform.wait_for(lambda: "worker was killed by signal 9; it starts again in 1 s" in platform.output())
    revived = platform.wait_for(lambda: _differ(children, _settled(platform, serve.pid)))

    serve.send_signal(signal.SIGINT)
    assert serve.wait(150) == 0
    platform.wait_for(lambda: not any(_group(group) for group in revived.values()))
    with pytest.raises(ConnectionRefusedError):
        answer(port)


def test_children_end_when_the_supervisor_is_killed(platform: Platform, port: int):
    serve = platform.start("-c", SUPERVISE.format(port=port))
    platform.wait_for(lambda: "ready" in platform.output())
    groups = _settled(platform, serve.pid).values()
    os.kill(serve.pid, signal.SIGKILL)
    platform.wait_for(lambda: not any(_group(group) for group in groups))


SUPERVISE = """
import django; django.setup()
import signal
from humaneval.jobs.supervisor import Supervisor
supervisor = Supervisor(port={port}, web_processes=1)
supervisor.start()
supervisor.wait_ready()
print("ready", flush=True)
signal.pause()
"""


def test_a_taken_port_is_one_clear_sentence(platform: Platform):
    platform.settings = PLAIN_STATIC
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = platform.run("manage.py", "serve", f"--port={port}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use): stop" in done.stderr


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_does_not_exist_is_one_clear_sentence(port: int):
    with pytest.raises(CannotServe, match=f"There is no port {port}: choose one from 1 to 65535"):
        open_port("127.0.0.1", port)


def test_a_command_without_its_tables_says_what_to_run(platform: Platform, tmp_path: Path):
    platform.settings = {"DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}"}
    done = platform.run("manage.py", "export_report", "some-study", "--out", str(tmp_path / "report"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "empty.sqlite3) lacks" in done.stderr
    assert "manage.py migrate" in done.stderr
    assert "DATA_DIR=var/demo" in done.stderr


def test_files_that_were_not_collected_are_said_with_the_command_to_run(platform: Platform):
    done = platform.run("manage.py", "serve", "--port=0")
    assert done.returncode == 1
    assert "run `python manage.py collectstatic --noinput` first" in done.stderr


def test_missing_migrations_are_said_with_the_command_to_run(platform: Platform):
    platform.settings = {"DATABASE_URL": f"sqlite:///{platform.folder}/empty.sqlite3"}
    done = platform.run("manage.py", "serve", "--port=0")
    assert done.returncode == 1
    assert "run `python manage.py migrate` first" in done.stderr


def test_a_web_server_that_never_answers_is_reported_with_the_end_of_its_log(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(Supervisor, "_workers", lambda self: [self._child("worker", "this")])
    supervisor = Supervisor(port=0, environment={"DJANGO_SETTINGS_MODULE": "no.such.settings"})
    supervisor.start()
    try:
        deadline = time.monotonic() + 150
        while "No module named 'no'" not in _refusal(supervisor):  # before it has begun, its log is empty
            assert time.monotonic() < deadline, _refusal(supervisor)
    finally:
        supervisor.stop()
    assert set(supervisor.pids().values()) == {None}


def _refusal(supervisor: Supervisor) -> str:
    """Return what is said of a web server that does not answer now."""
    with pytest.raises(CannotServe) as refused:
        supervisor.wait_ready(timeout=0.1)
    return str(refused.value)


def test_each_worker_tells_of_itself_on_a_port_of_its_own(settings):
    for first, ports in ((9101, ["9101", "9102", "9103"]), (0, ["0", "0", "0"])):
        settings.WORKER_METRICS_PORT = first
        workers = Supervisor(port=0)._workers()
        assert [worker.environment["WORKER_METRICS_PORT"] for worker in workers] == ports


def test_its_web_server_keeps_connections_longer_than_a_proxy_before_it_does():
    """Caddy keeps an unused one for two minutes: what it sends over one that ends just then is lost."""
    command = Supervisor(port=0)._web(listener=3).command
    shown = subprocess.run([*command, "--print-config"], capture_output=True, text=True, check=True).stdout
    (seconds,) = re.findall(r"^keepalive +=? *(\d+)$", shown, re.MULTILINE)
    assert int(seconds) > 120


def test_a_host_that_this_machine_does_not_have_is_refused():
    with pytest.raises(CannotServe, match="choose another port"):
        open_port("203.0.113.1", 8000)


PLAIN_STATIC = {"DJANGO_SETTINGS_MODULE": "tests.jobs.odd_settings_plain_static"}


def _settled(platform: Platform, supervisor: int) -> dict[str, int]:
    """Return the process groups of web server and workers, once all of them run."""

    def groups() -> dict[str, int]:
        commands = {child.pid: _command(child) for child in psutil.Process(supervisor).children()}
        found = {name: pid for pid, command in commands.items() for name in NAMES if name in command}
        return found if len(found) == len(NAMES) else {}

    return platform.wait_for(groups)


def _command(process: psutil.Process) -> str:
    """Return a process's command, nothing if it has just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


NAMES = ("gunicorn", "worker@", "long@", "metrics@")


def _differ(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    changed = before["gunicorn"] != after["gunicorn"] and before["worker@"] != after["worker@"]
    return after if changed else {}


def _group(number: int) -> list[int]:
    """Return the processes that are in a group."""

    def is_member(pid: int, group_of: Callable[[int], int] = os.getpgid) -> bool:
        try:
            return group_of(pid) == number
        except ProcessLookupError:
            return False

    return [pid for pid in psutil.pids() if is_member(pid)]


def test_other_commands_write_links_to_where_it_was_served_last(tmp_path: Path):
    file = tmp_path / "served_at"
    assert served_at(file) == "http://127.0.0.1:8000"
    note_address(file, "http://127.0.0.1:9000")
    assert served_at(file) == "http://127.0.0.1:9000"
    note_address(file, "")
    assert served_at(file) == "http://127.0.0.1:8000", "the operator's PUBLIC_URL is known to all commands"
