"""App configuration."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Studies."""

    name = "humaneval.studies"
    verbose_name = "Human evaluation"
