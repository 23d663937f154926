"""App configuration."""

from django.apps import AppConfig


class SamplesConfig(AppConfig):
    """Sample sets."""

    name = "humaneval.samples"
    verbose_name = "Samples"
