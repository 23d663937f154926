"""Settings for analysing files: no database, no folder of data, no key that is kept; nothing of a server.

`humaneval analyze` runs under these, so that a report can be built on a machine where the platform was never
set up. Whoever reaches for a database here gets Django's error and not an empty one made on the spot.
"""

from __future__ import annotations

import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent

SECRET_KEY = secrets.token_urlsafe(50)
"""Of this process alone: nothing is signed with it that outlives it."""
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "humaneval.ui",
    "rest_framework.authtoken",
    "humaneval.teams",
    "humaneval.jobs",
    "humaneval.samples",
    "humaneval.studies",
    "humaneval.rating",
    "humaneval.scoring",
    "humaneval.reports",
    "humaneval.workspace",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [], "APP_DIRS": True}]
STATIC_URL = "/static/"
STATICFILES_DIRS = [(name, BASE_DIR / "frontend" / name) for name in ("rater", "research", "styles")]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
