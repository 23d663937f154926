"""App configuration."""

from django.apps import AppConfig


class AccountConfig(AppConfig):
    """Signing in, and the second factor."""

    name = "humaneval.account"
    verbose_name = "Account"
