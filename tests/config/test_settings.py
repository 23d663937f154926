"""Settings are read strictly, from files too, and all of them are documented."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from humaneval.config.environment import StrictEnv, log_format

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
        (lambda env: env.exact("KNOB", "0.4"), "0,4", "KNOB='0,4' is not a number: write it as 0.4"),
        (lambda env: env.exact("KNOB", "0.4"), "-1", "KNOB=-1 is out of range"),
        (lambda env: env.address("KNOB", "", ("redis",)), "cache:6379", "KNOB .without a scheme. is no addr"),
        (
            lambda env: env.address("KNOB", "", ("redis",)),
            "http://c",
            "KNOB .http. is no address: write redis",
        ),
        (lambda env: env.site("KNOB", ""), "study.example.org", "is no address: write https://… or http://…"),
        (lambda env: env.site("KNOB", ""), "https://", "KNOB='https:' names no host"),
        (lambda env: env.site("KNOB", ""), "https://lab:port", "names no host"),
        (lambda env: env.database("KNOB", ""), "host:5432/name", "KNOB .without a scheme. names no database"),
        (lambda env: env.database("KNOB", ""), "oracel://u@h/n", "KNOB .oracel. names no database"),
        (lambda env: env.database("KNOB", ""), "postgres://u:p@host/", "KNOB .postgres. names no database"),
        (
            lambda env: env.database("KNOB", ""),
            "postgres://u:p@host:54x/n",
            "KNOB .postgres. names no database",
        ),
        (lambda env: env.database("KNOB", ""), "postgres://u:p/w@host/n", "best given by DATABASE_PASSWORD"),
        (lambda env: env.database("KNOB", ""), "mysql://u:p@host/n", "KNOB .mysql. names no database"),
        (
            lambda env: env.database("KNOB", ""),
            "sqlite:////no/such/db",
            "there is no folder /no/such: make it",
        ),
        (lambda env: env.file("KNOB"), "/no/such/alive", "KNOB names /no/such/alive, and there is no folder"),
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


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"\xff\xfe", "it holds no text")])
def test_a_file_without_a_setting_is_no_setting(
    env: StrictEnv, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("KNOB_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match=f"KNOB_FILE=.*{message}"):
        env.text("KNOB", "a default that must not be taken")


@pytest.mark.parametrize(
    ("written", "form"), [("LOG_FORMAT=json", "json"), ("LOG_FORMAT=jsno", "plain"), ("", "plain")]
)
def test_the_form_of_logs_is_known_before_the_settings_are_and_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str, form: str
) -> None:
    (tmp_path / "env").write_text(f"{written}\nSEAL_SECONDS=7\n")
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "env"))
    before = dict(os.environ)
    assert log_format() == form
    assert dict(os.environ) == before


def test_a_setting_given_twice_is_said(env: StrictEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOB", "one")
    monkeypatch.setenv("KNOB_FILE", "/run/secrets/two")
    with pytest.raises(ImproperlyConfigured, match="KNOB and KNOB_FILE are both set: keep one of them"):
        env.text("KNOB")


def test_a_secret_may_begin_with_a_dollar(env: StrictEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOB", "$ecret$HOME")
    assert env.text("KNOB") == "$ecret$HOME"


def started_with(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment under these settings and no others."""
    system = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given = {"DATA_DIR": str(folder), "ENV_FILE": os.devnull, "PYTHONPATH": str(ROOT), **settings}
    return subprocess.run(command, cwd=ROOT, env={**system, **given}, capture_output=True, text=True)


LOAD_ALL = """
import importlib, json, os, sys
from django.core.exceptions import ImproperlyConfigured
for case in json.loads(sys.argv[1]):
    os.environ.update(case)
    try:
        import humaneval.config.settings
        print("started")
    except ImproperlyConfigured as error:
        print(error)
    sys.modules.pop("humaneval.config.settings", None)
    for name in case:
        del os.environ[name]
"""
CONTRADICTIONS = {
    "ALLOWED_HOSTS lacks study.example.org, the host of PUBLIC_URL: raters' links would be refused": {
        "PUBLIC_URL": "https://study.example.org",
        "ALLOWED_HOSTS": "example.com",
    },
    "ALLOWED_HOSTS is empty: set it": {"ALLOWED_HOSTS": ","},
    "SECRET_KEY has 6 characters, which can be guessed": {
        "PUBLIC_URL": "https://study.example.org",
        "SECRET_KEY": "hunter",
    },
    "BEHIND_PROXY is true and NUM_PROXIES is 0": {"BEHIND_PROXY": "true", "NUM_PROXIES": "0"},
    "S3_ENDPOINT_URL is set and S3_BUCKET is not: name the bucket": {"S3_ENDPOINT_URL": "http://storage"},
    "S3_ACCESS_KEY and S3_SECRET_KEY go together": {"S3_BUCKET": "b", "S3_ACCESS_KEY": "k"},
    "DATA_DIR='/dev/null/var': Not a directory; name another folder": {"DATA_DIR": "/dev/null/var"},
    "ENV_FILE='/no/such.env' is not there: correct it, or take it out.": {"ENV_FILE": "/no/such.env"},
    "MTURK_ENDPOINT (without a scheme) is no address": {"MTURK_ENDPOINT": "live"},
    "BROKER_URL (http) is no address": {"BROKER_URL": "http://broker"},
    "DEBUG is true and PUBLIC_URL is for others": {
        "DEBUG": "true",
        "PUBLIC_URL": "https://study.example.org",
    },
    "CSRF_TRUSTED_ORIGINS has 'lab.example', which is no origin": {"CSRF_TRUSTED_ORIGINS": "lab.example"},
    "RATER_FRAME_ANCESTORS has 'a.example; script-src *', which is no site": {
        "RATER_FRAME_ANCESTORS": "*.b.example, a.example; script-src *"
    },
    "S3_BUCKET='s3://media' is no bucket's name": {"S3_BUCKET": "s3://media"},
}


def test_settings_that_contradict_each_other_stop_the_start(tmp_path: Path) -> None:
    cases = [{"DATA_DIR": str(tmp_path), **case} for case in CONTRADICTIONS.values()]
    done = started_with(tmp_path, sys.executable, "-c", LOAD_ALL, json.dumps(cases))
    said = done.stdout.splitlines()
    assert len(said) == len(CONTRADICTIONS), done.stderr
    for sentence, line in zip(CONTRADICTIONS, said, strict=True):
        assert line.startswith(sentence)


SHOW = """
from humaneval.config import settings
print(settings.ALLOWED_HOSTS)
print(settings.DATABASES["default"]["PASSWORD"])
"""


def test_hosts_and_password_come_from_where_operators_expect(tmp_path: Path) -> None:
    """The public address's host is answered without a list; a password may be a secret of its own."""
    (tmp_path / "password").write_text("p@ss/word\n")
    given = {"PUBLIC_URL": "http://[fd00::1]:8000/", "DATABASE_URL": "postgres://app@db/app"}
    given["DATABASE_PASSWORD_FILE"] = str(tmp_path / "password")
    done = started_with(tmp_path, sys.executable, "-c", SHOW, **given)
    assert done.stdout.splitlines() == ["['localhost', '127.0.0.1', '[::1]', '[fd00::1]']", "p@ss/word"]


@pytest.mark.parametrize(
    "command",
    [
        ("gunicorn", "--bind=127.0.0.1:0", "--no-control-socket", "humaneval.config.wsgi:application"),
        ("celery", "--app=humaneval.config", "worker"),
    ],
    ids=["web", "worker"],
)
def test_servers_stop_with_that_sentence_too(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = started_with(tmp_path, sys.executable, "-m", *command, JOB_LEASE_SECONDS="soon")
    assert done.returncode != 0
    assert "The settings cannot be used: JOB_LEASE_SECONDS='soon' is not a whole number.\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_without_tables_says_what_to_run_first(tmp_path: Path) -> None:
    done = started_with(tmp_path, sys.executable, "-m", "celery", "--app=humaneval.config", "worker")
    assert done.returncode != 0
    assert "run `python manage.py migrate` first" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_said_in_one_sentence(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgres://app:hush@127.0.0.1:1/app"}
    done = started_with(tmp_path, sys.executable, "manage.py", "migrate", **given)
    assert done.returncode == 1
    assert done.stderr.startswith("The database does not answer (")
    assert done.stderr.endswith("is it up, and does DATABASE_URL name it?\n")
    assert "hush" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


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


@pytest.mark.django_db
def test_health_is_told_without_tls_and_all_else_is_not(settings, client) -> None:
    from humaneval.config import settings as ours

    settings.SECURE_SSL_REDIRECT, settings.SECURE_REDIRECT_EXEMPT = True, ours.SECURE_REDIRECT_EXEMPT
    assert client.get("/healthz/more").status_code == 301
    assert client.get("/admin/").status_code == 301
    assert client.get("/healthz").status_code == 200


def test_the_deployment_check_finds_slips(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "check", "--deploy"]
    given = {"PUBLIC_URL": "https://lab.example", "ALOWED_HOSTS": "lab.example", "BROKER_URL": "redis://r"}
    given["RATER_KEY"] = "hunter"
    said = started_with(tmp_path, *command, **given).stderr
    assert "ALOWED_HOSTS is no setting.\n\tHINT: Is ALLOWED_HOSTS meant?" in said
    assert "Each web process counts rate limits for itself.\n\tHINT: Set REDIS_URL" in said
    assert "SQLite serves one host, BROKER_URL several.\n\tHINT: Set DATABASE_URL" in said
    assert "Images lie on each host by itself.\n\tHINT: Set S3_BUCKET" in said
    assert "Each host makes a SECRET_KEY and a PANEL_ID_KEY of its own.\n\tHINT: Set it, the same" in said
    assert "RATER_KEY can be guessed." in said


def settings_read() -> set[str]:
    """Return the names that the settings module reads from the environment."""
    calls = (node for node in ast.walk(ast.parse(SETTINGS.read_text())) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


OF_OTHERS = {
    "CI", "DISPLAY", "WAYLAND_DISPLAY", "XDG_CACHE_HOME",  # the system's
    "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR",  # between our own processes
    "CHROMIUM",  # the demo's and the tests'
}  # fmt: skip
"""What the code reads from the environment that is no setting of the platform."""
ELSEWHERE = {"file.setting": {"METRICS_INCEPTION_WEIGHTS"}, "name": set()}
"""Reads whose names cannot be seen on the spot: an extractor's, and boto3's, by which a client is kept."""


def read_directly(folder: str) -> set[str]:
    """Return the names that a folder's modules read from the environment past the settings module."""
    trees = [ast.parse(path.read_text()) for path in sorted((ROOT / folder).rglob("*.py"))]
    constants = {
        target.id: {node.value.value}
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if (asked := _asked_of_the_environment(node)) is None:
            continue
        known = {asked.value} if isinstance(asked, ast.Constant) else None
        found |= known or ELSEWHERE.get(ast.unparse(asked)) or constants.get(ast.unparse(asked), set())
        assert known or ast.unparse(asked) in {*ELSEWHERE, *constants}, ast.unparse(node)
    return found


def _asked_of_the_environment(node: ast.AST) -> ast.expr | None:
    """Return what stands for a variable's name where a piece of code reads one."""
    match node:
        case ast.Call(func=ast.Attribute(value=where, attr="get"), args=[name, *_]) if _is_environ(where):
            return name
        case ast.Call(func=ast.Attribute(attr="getenv"), args=[name, *_]):
            return name
        case ast.Subscript(value=where, slice=name, ctx=ast.Load()) if _is_environ(where):
            return name
        case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[where]) if _is_environ(where):
            return name
    return None


def _is_environ(node: ast.expr) -> bool:
    return ast.unparse(node) == "os.environ"


def tables() -> tuple[str, str]:
    """Return the document's part on settings, and its part on containers."""
    settings, mark, containers = (ROOT / "docs" / "settings.md").read_text().partition("\n## Containers\n")
    assert mark
    return settings, containers


def test_every_setting_is_in_the_table_and_the_table_has_no_other() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", tables()[0], re.MULTILINE)
    assert len(rows) == len(set(rows))
    read = read_directly("humaneval") | read_directly("metrics")
    assert read >= {"METRICS_CACHE", "METRICS_OFFLINE", "OTEL_SERVICE_NAME", *OF_OTHERS}
    assert set(rows) == settings_read() | (read - OF_OTHERS)


def test_every_variable_of_compose_and_caddy_is_in_the_second_table_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| (.*?) \| (.*?) \|", tables()[1], re.MULTILINE)
    written = {(name, default, reader) for name, default, readers in rows for reader in readers.split(", ")}
    compose, caddy = ((ROOT / "deploy" / name).read_text() for name in ("compose.yaml", "proxy/Caddyfile"))
    of_compose = re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)(?::-([^}]*)|:\?[^}]*)?\}", compose)
    of_caddy = re.findall(r"\{\$([A-Z0-9_]+)(?::([^}]*))?\}", caddy)
    found = {*((*each, "compose") for each in of_compose), *((*each, "Caddy") for each in of_caddy)}
    wanted = {(name, f"`{default}`" if default else "none", reader) for name, default, reader in found}
    wanted -= {("PUBLIC_URL", "none", "compose"), ("PUBLIC_URL", "none", "Caddy")}
    wanted |= {("PUBLIC_URL", "needed", "compose"), ("PUBLIC_URL", "needed", "Caddy")}
    assert written == wanted


def test_a_flag_of_the_metrics_library_that_cannot_be_understood_stops_the_start(tmp_path: Path) -> None:
    done = started_with(tmp_path, sys.executable, "manage.py", "check", METRICS_OFFLINE="ture")
    assert "METRICS_OFFLINE='ture' is neither true nor false: write true or false." in done.stderr


SHOW_METRICS = "import humaneval.config.settings; from metrics.extractors import weights; "
SHOW_METRICS += "print(weights.cache_folder(), weights.is_offline())"


def test_the_metrics_library_is_told_what_lies_in_files(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text(f"{tmp_path}/kept\n")
    given = {"METRICS_CACHE_FILE": str(tmp_path / "cache"), "METRICS_OFFLINE": "yes"}
    done = started_with(tmp_path, sys.executable, "-c", SHOW_METRICS, **given)
    assert done.stdout.strip() == f"{tmp_path}/kept True"
