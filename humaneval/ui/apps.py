"""App configuration."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """The look of all pages, and the one door to the admin theme."""

    name = "humaneval.ui"
    verbose_name = "Pages"
