"""Run the tests: all of them on SQLite, then those that touch the database on PostgreSQL as well.

PostgreSQL is looked for at TEST_POSTGRES_URL. Where it is not there the second run is left out and
that is said; with CI=true it must be there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
ONCE = {"stats", "metrics", "protocols", "browser", "benchmarks", "frontend", "demo", "deploy", "keeping"}
"""Test folders that use no database, or one of their own whatever the settings say."""


def pytest(*arguments: str, workers: int = min(os.cpu_count() or 1, 4), **environment: str) -> int:
    """Run pytest in a process of its own, on all cores up to four; return its exit status."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        f"--numprocesses={workers}",
        "--dist=loadscope",
        *arguments,
    ]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **threads, **environment}).returncode


def why_no_postgres() -> str:
    """Return why PostgreSQL cannot be used, or nothing if it can."""
    import psycopg

    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[0]
    return ""


def database_tests() -> list[str]:
    """Return the test folders that use the database of the settings."""
    folders = (path for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name[0] not in "_.")
    return sorted(str(path.relative_to(ROOT)) for path in folders if path.name not in ONCE)


def main() -> int:
    """Run everything; return 0 when all passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="the long tests too")
    quick = "" if parser.parse_args().all else " and not slow"
    print("Tests on SQLite", flush=True)
    status = pytest("-m", f"not alone{quick}")
    print("Tests that change this machine's network, by themselves", flush=True)
    status = pytest("tests/faults", "-m", f"alone{quick}", workers=1) or status
    missing = why_no_postgres()
    if missing and os.environ.get("CI") == "true":
        print(f"PostgreSQL must be there in CI: {missing}", file=sys.stderr)
        return 1
    if missing:
        print(f"PostgreSQL tests were skipped: {POSTGRES_URL} cannot be reached ({missing}).")
        return status
    print("Tests on PostgreSQL", flush=True)
    marks = f"not browser and not services{quick}"
    return status or pytest(*database_tests(), "-m", marks, DATABASE_URL=POSTGRES_URL)


if __name__ == "__main__":
    sys.exit(main())
