"""The platform's settings with the bare endpoint beside it, and nobody throttled."""

from humaneval.config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.bare_urls"
