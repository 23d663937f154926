"""Migrations must be safe while servers of the former release run: the linter sees those that are not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.deploy.compose import ROOT
from tests.lint_settings import BEFORE_RELEASE, ignored
from tests.needs import missing

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
SETTINGS = """
from tests.lint_settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "sample"]
MIGRATION_LINTER_OPTIONS["include_apps"] = [*OURS, "sample"]
"""
MIGRATION = """
from django.db import migrations, models
from django.contrib.postgres.operations import AddIndexConcurrently
class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = {dependencies}
    operations = [{operation}]
"""
CREATE = """migrations.CreateModel("Thing", [
    ("id", models.BigAutoField(primary_key=True)), ("name", models.TextField()), ("kind", models.TextField()),
])"""
INDEX = """("thing", models.Index(fields=["name"], name="thing_{}"))"""
SAFE = {
    "empty_column": """migrations.AddField("thing", "note", models.TextField(null=True))""",
    "column_the_database_fills": """migrations.AddField("thing", "s", models.IntegerField(db_default=0))""",
    "index_beside_writes": f"AddIndexConcurrently{INDEX.format('beside')}",
}
UNSAFE = {
    "column_old_code_leaves_out": """migrations.AddField("thing", "age", models.IntegerField(default=0))""",
    "column_taken_away": """migrations.RemoveField("thing", "kind")""",
    "column_renamed": """migrations.RenameField("thing", "name", "title")""",
    "type_changed": """migrations.AlterField("thing", "s", models.BigIntegerField(db_default=0))""",
    "index_that_locks": """migrations.AddIndex("thing", models.Index(fields=["age"], name="thing_locks"))""",
    "table_taken_away": """migrations.DeleteModel("Thing")""",
}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Give a folder with an app whose migrations are safe and unsafe, and settings that have it."""
    folder = tmp_path / "sample" / "migrations"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder.parent / "__init__.py").touch()
    former: list[tuple[str, str]] = []
    for number, (name, operation) in enumerate({"start": CREATE, **SAFE, **UNSAFE}.items(), 1):
        text = MIGRATION.format(
            atomic="Concurrently" not in operation, dependencies=former, operation=operation
        )
        former = [("sample", f"{number:04d}_{name}")]
        (folder / f"{former[0][1]}.py").write_text(text)
    (tmp_path / "sample_settings.py").write_text(SETTINGS)
    return tmp_path


def test_make_lint_refuses_what_old_servers_could_not_live_with_and_nothing_of_ours(sample: Path):
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        missing(f"PostgreSQL cannot be reached: {error}")
    done = subprocess.run(
        [sys.executable, "deploy/lint_migrations.py", "--settings=sample_settings"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{sample}", "DATA_DIR": str(sample)},
        capture_output=True,
        text=True,
    )
    refused = re.findall(r"\((\w+), \d+_(\w+)\)\.\.\. ERR", done.stdout)
    assert refused == [("sample", name) for name in UNSAFE], done.stdout + done.stderr
    assert done.returncode == 1


def test_a_new_migration_is_linted_whatever_an_old_one_is_called(tmp_path: Path):
    assert "0005_team" in ignored()
    folder = tmp_path / "rating" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0005_team.py").touch()
    with pytest.raises(
        ImproperlyConfigured, match="0005_team of rating would not be linted, for samples has"
    ):
        ignored(tmp_path)


def test_migrations_that_are_not_linted_are_there():
    there = {(path.parts[-3], path.stem) for path in (ROOT / "humaneval").glob("*/migrations/*.py")}
    assert {(app, name) for app, names in BEFORE_RELEASE.items() for name in names} <= there


def test_make_lint_lints_migrations():
    assert "deploy/lint_migrations.py" in (ROOT / "Makefile").read_text()
