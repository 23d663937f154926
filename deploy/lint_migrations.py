"""Check that migrations are safe while servers of the former release still run (see docs/operate.md).

What they do is read from the SQL that PostgreSQL would get; its server is looked for at TEST_POSTGRES_URL.
Where it is not there that is said; with CI=true it must be there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def main() -> int:
    """Lint all migrations; return 0 when old servers could live with each."""
    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        print(f"Migrations were not checked for locks: {POSTGRES_URL} cannot be reached ({error}).")
        return int(os.environ.get("CI") == "true")
    command = [sys.executable, "manage.py", "lintmigrations", "--quiet", "ok", "ignore"]
    options = ["--settings=tests.lint_settings", f"--project-root-path={ROOT}", *sys.argv[1:]]
    environment = {**os.environ, "DATABASE_URL": POSTGRES_URL, "LOG_LEVEL": "WARNING"}
    return subprocess.run([*command, *options], cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
