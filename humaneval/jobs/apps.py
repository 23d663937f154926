"""App configuration."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Background jobs."""

    name = "humaneval.jobs"
    verbose_name = "Background jobs"

    def ready(self) -> None:
        """Let every app register its job handlers."""
        autodiscover_modules("handlers")
