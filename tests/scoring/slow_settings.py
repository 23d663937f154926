"""The platform's settings with slow metrics: for worker processes that tests start."""

from humaneval.config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.scoring.slow_metrics.apps.SlowMetricsConfig"]  # noqa: F405
