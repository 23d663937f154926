"""Where Django's own ``has_perm`` learns of roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Model

from humaneval.teams.access import permissions_by_team, teams_of
from humaneval.teams.roles import covers


class TeamBackend(BaseBackend):
    """Grants what roles grant: for a row by the role in its team, without one by the role in any team."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Return whether a role gives the permission."""
        mine = permissions_by_team(user_obj)
        if obj is None:
            return any(covers(given, perm) for given in mine.values())
        return any(covers(mine.get(team, frozenset()), perm) for team in teams_of(obj))

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Return whether a role gives any permission of an app."""
        mine = permissions_by_team(user_obj).values()
        return any(name.partition(".")[0] == app_label for given in mine for name in given)
