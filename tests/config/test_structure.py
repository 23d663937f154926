"""The project's own rules about itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from humaneval.protocols.registry import PROTOCOLS
from humaneval.ui import commands
from humaneval.ui.commands import DataCommand
from humaneval.ui.database import NotSetUp

ROOT = Path(__file__).resolve().parents[2]


def test_the_floors_of_the_design_hold() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "docs/settings.md", "docs/operate.md"])
def test_what_pages_point_at_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    tests = re.findall(r"`(tests/[\w/]+\.py)`", text)
    assert links + tests
    lost = [name for name in links if not (ROOT / page).parent.joinpath(name).exists()]
    assert lost + [name for name in tests if not (ROOT / name).exists()] == []


def test_every_threat_names_the_tests_that_hold_its_defence() -> None:
    """A test that was renamed or moved leaves a threat undefended, as far as anybody can see."""
    table = re.findall(r"^\| (?!who |---)(.*) \|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    assert len(table) >= 10
    for row in table:
        who, *_words, tests = row.split(" | ")
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
        assert named, f"no test is named for: {who}"
        assert len(named) == tests.count("tests/"), f"a file stands there without a test's name: {tests}"
        lost = [name for file, name in named if f"def {name}(" not in (ROOT / file).read_text()]
        assert lost == [], who


def test_the_readme_tells_of_every_protocol() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert set(rows) == set(PROTOCOLS)


WITHOUT_DATA = {"analyze", "demo", "flush", "make_bucket", "migrate", "restore", "serve", "verify_backup"}
"""Commands that need no database, or that set it up or say themselves what it lacks."""


def test_every_command_that_needs_the_database_says_so_in_a_sentence_where_there_is_none() -> None:
    ours = [name for name, app in get_commands().items() if str(app).startswith("humaneval.")]
    assert len(ours) > 20
    unguarded = [
        name for name in ours if not isinstance(load_command_class(get_commands()[name], name), DataCommand)
    ]
    assert set(unguarded) == WITHOUT_DATA


def test_a_database_that_is_not_set_up_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks() -> None:
        raise NotSetUp("The database lacks 3 migrations: run `python manage.py migrate` first.")

    monkeypatch.setattr(commands, "check_database", lacks)
    with pytest.raises(CommandError, match="migrate"):
        call_command("check_audit_log")


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_the_api_schema_is_valid_and_without_warnings(tmp_path: Path) -> None:
    call_command("spectacular", file=str(tmp_path / "schema.yaml"), validate=True, fail_on_warn=True)


@pytest.mark.parametrize("package", ["humaneval.stats", "humaneval.protocols.registry", "metrics"])
def test_pure_packages_import_without_django(package: str) -> None:
    code = f"import {package}, sys; assert 'django' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={"PATH": "/usr/bin:/bin"})


def test_every_lock_pins_what_the_project_asks_for() -> None:
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locks = {}
    for name in ("runtime", "dev", "torch"):
        lines = (ROOT / "requirements" / f"{name}.lock").read_text().splitlines()
        pins = [line.split(" ")[0].split(";")[0] for line in lines if line[:1].isalnum()]
        for pin in pins:
            package, version = pin.split("==")
            locks.setdefault(package.lower().replace("_", "-"), []).append(version)
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    for text in wanted:
        requirement = Requirement(text)
        versions = locks.get(requirement.name.lower().replace("_", "-"), [])
        assert versions, f"{requirement.name} is in no lock: run `make lock`"
        assert all(version in requirement.specifier for version in versions), text
