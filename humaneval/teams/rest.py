"""What API views share: permission by action, and references to rows that the person sees."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAdminUser
from rest_framework.relations import SlugRelatedField
from rest_framework.request import Request
from rest_framework.views import APIView

from humaneval.teams.access import may, team_to_use, visible
from humaneval.teams.models import Team


class ByRole(IsAdminUser):
    """Lets staff do what a role of theirs allows; a row's own team decides about the row.

    A view set says by ``needs`` which permission each of its actions needs.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the person may do this in any team."""
        return super().has_permission(request, view) and self._may(request, view, None)

    def has_object_permission(self, request: Request, view: APIView, obj: Model) -> bool:
        """Return whether the person may do this to the row."""
        return self._may(request, view, obj)

    def _may(self, request: Request, view: Any, obj: Model | None) -> bool:
        needed = view.needs.get(view.action)
        # Methods that a view set does not have are answered with 405, OPTIONS by what is published anyway.
        return needed is None or may(request.user, needed, obj)


class OwnSlugField(SlugRelatedField[Any]):
    """Names a row by its slug, one that the person may use; others are as if they were not there."""

    def __init__(self, *, permission: str = "", **kwargs: Any) -> None:
        self._permission = permission
        super().__init__(slug_field="slug", **kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows to choose from."""
        rows: Any = super().get_queryset()
        request = self.context.get("request")
        return rows.none() if request is None else visible(request.user, rows, self._permission)


def team_of_request(request: Request, permission: str, chosen: Team | None) -> Team:
    """Return the team that something new belongs to; raises DRF's ValidationError where it must be said."""
    try:
        return team_to_use(request.user, permission, chosen)
    except ValueError as error:
        raise ValidationError({"team": [str(error)]}) from error
