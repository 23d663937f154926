"""What must have been done before the platform can be served."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from humaneval.jobs.supervisor import CannotServe


def check_ready() -> None:
    """Raise :class:`CannotServe`, saying which command is to be run first, unless all is prepared."""
    check_database()
    _check_static_files()


def check_database() -> None:
    """Raise :class:`CannotServe`, saying what to do, unless the database answers and has all its tables."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        raise CannotServe(f"The database does not answer ({error}): check DATABASE_URL.") from error
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise CannotServe(
            f"The database ({_database_name()}) lacks {len(missing)} migrations: "
            "run `python manage.py migrate` first, or name the database that you mean by DATABASE_URL, "
            "or its folder by DATA_DIR "
            "(what `make demo` made is in DATA_DIR=var/demo)."
        )


def _database_name() -> str:
    """Return the database's name for people, without its password."""
    found = connection.settings_dict
    return f"{found['HOST']}/{found['NAME']}" if found["HOST"] else str(found["NAME"])


def _check_static_files() -> None:
    wants_manifest = isinstance(staticfiles_storage, ManifestStaticFilesStorage)
    if wants_manifest and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        raise CannotServe(
            f"The static files are not in {settings.STATIC_ROOT}: "
            "run `python manage.py collectstatic --noinput` first."
        )
