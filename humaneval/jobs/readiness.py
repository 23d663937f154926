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
    _check_database()
    _check_static_files()


def _check_database() -> None:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        raise CannotServe(f"The database does not answer ({error}): check DATABASE_URL.") from error
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise CannotServe(
            f"The database lacks {len(missing)} migrations: run `python manage.py migrate` first."
        )


def _check_static_files() -> None:
    wants_manifest = isinstance(staticfiles_storage, ManifestStaticFilesStorage)
    if wants_manifest and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        raise CannotServe(
            f"The static files are not in {settings.STATIC_ROOT}: "
            "run `python manage.py collectstatic --noinput` first."
        )
