"""App configuration."""

from django.apps import AppConfig


class KeepingConfig(AppConfig):
    """Backup, restore and moves."""

    name = "humaneval.keeping"
    verbose_name = "Keeping"
