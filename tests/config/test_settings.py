"""Settings are read strictly, from files too, and all of them are documented."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from humaneval.config.environment import StrictEnv

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "humaneval" / "config" / "settings.py"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> StrictEnv:
    for name in ("KNOB", "KNOB_FILE"):
        monkeypatch.delenv(name, raising=False)
    return StrictEnv()


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("Yes", True), ("1", True), ("ON", True), ("false", False), ("0", False), ("", False)],
)
def test_flags(env: StrictEnv, monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("KNOB", text)
    assert env.flag("KNOB", not value) is value


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (lambda env: env.flag("KNOB", False), "ture", "KNOB='ture' is neither true nor false"),
        (lambda env: env.whole("KNOB", 3), "2.5", "KNOB='2.5' is not a whole number"),
        (lambda env: env.whole("KNOB", 3), "-1", "KNOB=-1 is out of range: at least 0"),
        (lambda env: env.whole("KNOB", 3, least=1), "0", "KNOB=0 is out of range: at least 1"),
        (lambda env: env.number("KNOB", 0.5), "soon", "KNOB='soon' is not a number"),
        (lambda env: env.number("KNOB", 0.5), "nan", "KNOB=nan is out of range"),
        (lambda env: env.number("KNOB", 0.5), "inf", "KNOB=inf is out of range"),
        (lambda env: env.choice("KNOB", "a", ("a", "b")), "c", "KNOB='c' is not one of a, b"),
        (lambda env: env.rate("KNOB", "60/min"), "60", "KNOB='60' is not a rate: write it as 60/min"),
        (lambda env: env.rate("KNOB", "60/min"), "0/min", "is not a rate"),
        (lambda env: env.database("KNOB", ""), "host:5432/name", "KNOB .without a scheme. names no database"),
        (lambda env: env.database("KNOB", ""), "oracel://u@h/n", "KNOB .oracel. names no database"),
        (lambda env: env.database("KNOB", ""), "postgres://u:p@host/", "KNOB .postgres. names no database"),
    ],
)
def test_what_cannot_be_understood_is_said(
    env: StrictEnv, monkeypatch: pytest.MonkeyPatch, read, text: str, message: str
) -> None:
    monkeypatch.setenv("KNOB", text)
    with pytest.raises(ImproperlyConfigured, match=message):
        read(env)


def test_a_password_is_never_repeated(env: StrictEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOB", "oracel://user:hush@host/name")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.database("KNOB", "")
    assert "hush" not in str(caught.value)


def test_defaults_lists_and_databases(env: StrictEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.whole("KNOB", 3) == 3
    assert env.items("KNOB", ["a"]) == ["a"]
    assert env.database("KNOB", "sqlite:////tmp/x.sqlite3")["NAME"] == "/tmp/x.sqlite3"
    monkeypatch.setenv("KNOB", " a, b,,c ")
    assert env.items("KNOB", []) == ["a", "b", "c"]
    monkeypatch.setenv("KNOB", "postgres://user:p%40ss@host:5433/name")
    found = env.database("KNOB", "")
    assert (found["HOST"], found["PORT"], found["PASSWORD"]) == ("host", 5433, "p@ss")


def test_a_secret_may_lie_in_a_file(env: StrictEnv, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("KNOB_FILE", str(tmp_path / "secret"))
    assert env.text("KNOB") == "hush"


def test_a_file_that_is_not_there_is_said(
    env: StrictEnv, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KNOB_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match=r"KNOB_FILE=.*cannot be read: No such file"):
        env.text("KNOB")


def test_a_bad_setting_stops_a_command_with_one_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "DEBUG": "ture", "DATA_DIR": str(tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "humaneval.config.settings"
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "The settings cannot be used: DEBUG='ture' is neither true nor false: write true or false."
    )


def test_production_settings_have_nothing_to_warn_of(tmp_path: Path) -> None:
    environment = {**os.environ, "PUBLIC_URL": "https://lab.example", "DATA_DIR": str(tmp_path)}
    environment |= {"DJANGO_SETTINGS_MODULE": "humaneval.config.settings", "ALLOWED_HOSTS": "lab.example"}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def settings_read() -> set[str]:
    """Return the names that the settings module reads from the environment."""
    calls = (node for node in ast.walk(ast.parse(SETTINGS.read_text())) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_setting_is_in_the_table_and_the_table_has_no_other() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == settings_read()
