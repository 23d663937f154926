"""The platform's settings and the odd jobs: for worker processes that tests start."""

from humaneval.config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.odd_jobs"]  # noqa: F405
