"""Settings of the drill's next release."""

from humaneval.config.settings import *  # noqa: F403
from humaneval.config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.keeping.next_release"]
