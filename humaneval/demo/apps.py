"""App configuration."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Demo."""

    name = "humaneval.demo"
    verbose_name = "Demo"
