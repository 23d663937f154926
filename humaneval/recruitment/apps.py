"""App configuration."""

from django.apps import AppConfig


class RecruitmentConfig(AppConfig):
    """Recruitment."""

    name = "humaneval.recruitment"
    verbose_name = "Recruitment"
