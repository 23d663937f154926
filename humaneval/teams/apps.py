"""App configuration."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as all_apps
from django.db.models.signals import post_migrate


class TeamsConfig(AppConfig):
    """Teams, roles, and the log of who did what."""

    name = "humaneval.teams"
    verbose_name = "Teams"

    def ready(self) -> None:
        """Keep the default team there, also in a database that was flushed."""
        post_migrate.connect(make_default_team, sender=self)


def make_default_team(using: str, apps: Any = None, **kwargs: Any) -> None:
    """Make the team that everything belongs to until there are others."""
    from humaneval.teams.models import DEFAULT_TEAM, Team

    try:
        (apps or all_apps).get_model("teams", "team")
    except LookupError:
        return  # migrated back to before there were teams
    names = {"name": "Everyone", "slug": "everyone"}
    Team.objects.using(using).get_or_create(pk=DEFAULT_TEAM, defaults=names)
