"""What the operator has opened on the server for import: to everybody, or to one team."""

from __future__ import annotations

import re

from django.conf import settings

from humaneval.teams.models import Team

_OF_A_TEAM = re.compile(r"([-a-z0-9_]+)=(.+)")


def roots_for(team: int | None) -> list[str]:
    """Return the folders and prefixes of IMPORT_ROOTS that the team of an id may use; None: any team."""
    items = [(item, _OF_A_TEAM.fullmatch(item)) for item in map(str, settings.IMPORT_ROOTS)]
    slug = _slug_of(team) if any(match for _item, match in items) else None
    return [match[2] if match else item for item, match in items if match is None or match[1] == slug]


def _slug_of(team: int | None) -> str | None:
    return None if team is None else Team.objects.filter(pk=team).values_list("slug", flat=True).first()
