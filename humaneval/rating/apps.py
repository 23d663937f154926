"""App configuration."""

from django.apps import AppConfig


class RatingConfig(AppConfig):
    """Rating."""

    name = "humaneval.rating"
    verbose_name = "Rating"
