"""The platform's own settings, kept off this checkout's data: a temporary folder and a broker in memory.

Processes that tests start inherit these variables and may set their own.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_folder = tempfile.TemporaryDirectory(prefix="humaneval-tests-", ignore_cleanup_errors=True)
os.environ["DATA_DIR"] = _folder.name
os.environ.setdefault("BROKER_URL", "memory://")
os.environ.setdefault("ENV_FILE", os.devnull)

from humaneval.config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Leases are renewed by threads, which see nothing of a test's transaction: none is to run out.
JOB_LEASE_SECONDS = 3600
# Emptied before each test, so it must be nobody's Redis.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Static files are served where they lie; the middleware wants the folder for collected ones all the same.
Path(STATIC_ROOT).mkdir(exist_ok=True)  # noqa: F405
# Pages are drawn without collecting static files first.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
