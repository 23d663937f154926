"""Run the tests: all of them on SQLite, then on PostgreSQL those in which the database's kind can matter.

Twice run: migrations and their triggers, rating, launches, jobs, scoring runs, recruitment and its ledgers,
imports of samples, sealing, teams' audit, what bundles and reports read. Once run, on SQLite, are the folders
and modules of ``ONCE`` and, of all others, the tests that touch no database.

TEST_WORKERS says how many processes share the tests: if it is not set two more than there are cores (many
tests wait for processes that they start), at most four. PostgreSQL is looked for at TEST_POSTGRES_URL. Where
it is not there the second run is left out and that is said; with CI=true it must be there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
WORKERS = int(os.environ.get("TEST_WORKERS") or min((os.cpu_count() or 1) + 2, 4))
ONCE = {
    "": "account benchmarks browser demo deploy keeping metrics protocols stats ui",
    "config": "safety settings structure",
    "jobs": "admin serve signs_of_life",
    "monitoring": "logs_and_traces",
    "rating": "admin exclusion_rules live_page page preview recovery screens sensitivity",
    "recruitment": "api pages show",
    "reports": "admin charts correlations diagnostics edge_cases exports numbers_in_words page permissions "
    "together",
    "samples": "admin api command damaged_files dropping leakage make_bucket pixels s3 stimuli",
    "scoring": "admin api web_process",
    "studies": "admin api flow flow_form leakage",
    "teams": "documents roles",
    "workspace": "client commands foreign planning study_files",
    "workspace/bundles": "golden_bundle refusing",
}
"""What runs on SQLite alone, by folder. Its folders use no database, or one of their own whatever the
settings say; its modules are of pages, forms, files and arithmetic, above queries that others run twice."""


def pytest(*arguments: str, workers: int = WORKERS, **environment: str) -> int:
    """Run pytest in a process of its own that hands out the tests; return its exit status.

    What Python compiles is kept, whatever the environment says: hundreds of processes start.
    """
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
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, cwd=ROOT, env={**inherited, **threads, **environment}).returncode


def why_no_postgres() -> str:
    """Return why PostgreSQL cannot be used, or nothing if it can."""
    import psycopg

    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[0]
    return ""


def once() -> list[Path]:
    """Return the folders and modules of ``ONCE``; all of them are there."""
    tests = ROOT / "tests"
    named = [tests / folder / name for folder, names in ONCE.items() for name in names.split()]
    found = [path if path.is_dir() else path.with_name(f"test_{path.name}.py") for path in named]
    missing = [path for path in found if not path.exists()]
    if missing:
        raise FileNotFoundError(f"ONCE names tests that are not there: {missing}")
    return found


def main() -> int:
    """Run everything; return 0 when all passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="the long tests too")
    quick = "" if parser.parse_args().all else " and not slow"
    print("Tests on SQLite", flush=True)
    status = pytest("-m", f"not alone{quick}")
    missing = why_no_postgres()
    if missing and os.environ.get("CI") == "true":
        print(f"PostgreSQL must be there in CI: {missing}", file=sys.stderr)
        return 1
    if missing:
        print("Tests that break servers and networks of their own", flush=True)
        status = pytest("tests/faults", "-m", f"alone{quick}", workers=1) or status
        print(f"PostgreSQL tests were skipped: {POSTGRES_URL} cannot be reached ({missing}).")
        return status
    print("Tests on PostgreSQL, and tests that break servers and networks of their own", flush=True)
    marks = f"(alone or database and not browser and not services){quick}"
    left_out = [f"--ignore={path}" for path in once()]
    return pytest("-m", marks, *left_out, DATABASE_URL=POSTGRES_URL) or status


if __name__ == "__main__":
    sys.exit(main())
