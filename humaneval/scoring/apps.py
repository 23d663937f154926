"""App configuration."""

from django.apps import AppConfig


class ScoringConfig(AppConfig):
    """Automated scores."""

    name = "humaneval.scoring"
    verbose_name = "Automated scores"
