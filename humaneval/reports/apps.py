"""App configuration."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Reports."""

    name = "humaneval.reports"
    verbose_name = "Reports"
