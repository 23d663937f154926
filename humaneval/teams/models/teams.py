"""Teams and memberships."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.teams.roles import Role

DEFAULT_TEAM = 1
"""Id of the team that is always there: what is made without naming a team belongs to it."""


class Team(models.Model):
    """People who share sample sets and studies; what belongs to one team is not seen by another."""

    team_path = "pk"

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete a team that owns nothing; raises ValidationError for the one that is always there."""
        if self.pk == DEFAULT_TEAM:
            raise ValidationError(_("This team is always there: rename it, or move its people out."))
        return super().delete(*args, **kwargs)


class Membership(models.Model):
    """A person's role in a team."""

    team_path = "team"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("person"),
    )
    role = models.CharField(max_length=12, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["team", "user"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once_a_team")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.team}"
