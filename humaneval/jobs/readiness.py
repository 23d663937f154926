"""What must have been done before the platform can be served."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage

from humaneval.jobs.supervisor import CannotServe
from humaneval.ui.database import NotSetUp, check_database


def check_ready() -> None:
    """Raise :class:`CannotServe`, saying which command is to be run first, unless all is prepared."""
    try:
        check_database()
    except NotSetUp as error:
        raise CannotServe(str(error)) from error
    _check_static_files()


def _check_static_files() -> None:
    wants_manifest = isinstance(staticfiles_storage, ManifestStaticFilesStorage)
    if wants_manifest and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        raise CannotServe(
            f"The static files are not in {settings.STATIC_ROOT}: "
            "run `python manage.py collectstatic --noinput` first."
        )
