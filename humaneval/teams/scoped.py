"""Admins of what belongs to teams: lists, choices and filters show one's own; roles say what may be done."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest

from humaneval.teams.access import may, teams_for, teams_where, view_permission, visible
from humaneval.teams.models import Team
from humaneval.ui.admin import RelatedDropdownFilter


def choosable(user: Any, model: type[Model], permission: str = "") -> QuerySet[Any]:
    """Return the rows of a model that a person may choose: their teams' rows, and people of their teams."""
    rows = model._default_manager.all()
    if user.is_superuser:
        return rows
    if issubclass(model, User):
        shared = teams_where(user, view_permission(Team))
        return rows.filter(pk__in=User.objects.filter(memberships__team__in=shared).values("pk"))
    if issubclass(model, Team):
        return teams_for(user, permission or view_permission(Team))
    return visible(user, rows, permission) if hasattr(model, "team_path") else rows


class OwnChoices:
    """Mixed into admins and inlines: what can be chosen is what the person may use for such a row."""

    opts: Any

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field with one's own rows."""
        kwargs.setdefault("queryset", self._own(db_field, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field with one's own rows."""
        kwargs.setdefault("queryset", self._own(db_field, request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def _own(self, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        adding = f"{self.opts.app_label}.add_{self.opts.model_name}"
        return choosable(request.user, db_field.related_model, adding)


class OfTeam(OwnChoices):
    """Mixed into an admin, before its ModelAdmin: the rows of one's own teams, by one's role in each."""

    model: Any

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the teams in which the person may see them."""
        return visible(request.user, super().get_queryset(request))  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may see the row, or any."""
        allowed: bool = super().has_view_permission(request, obj)  # type: ignore[misc]
        return allowed and (self._may(request, "view", obj) or self._may(request, "change", obj))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may change the row, or any."""
        allowed: bool = super().has_change_permission(request, obj)  # type: ignore[misc]
        return allowed and self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may delete the row, or any."""
        allowed: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return allowed and self._may(request, "delete", obj)

    def _may(self, request: HttpRequest, verb: str, obj: Any) -> bool:
        # Inlines ask with the row of the page that they stand on.
        row = obj if isinstance(obj, self.model) else None
        return row is None or may(request.user, f"{self.opts.app_label}.{verb}_{self.opts.model_name}", row)

    def has_several_teams(self, request: HttpRequest) -> bool:
        """Return whether it needs to be said which team a row belongs to."""
        return teams_for(request.user, view_permission(self.model))[:2].count() > 1


class OwnRelatedFilter(RelatedDropdownFilter):
    """A filter by related rows that offers one's own only."""

    def field_choices(self, field: Field[Any, Any], request: HttpRequest, model_admin: Any) -> Any:
        """Return the choices."""
        own = choosable(request.user, field.related_model)  # type: ignore[arg-type]
        return field.get_choices(
            include_blank=False,
            ordering=self.field_admin_ordering(field, request, model_admin),
            limit_choices_to={"pk__in": own.values("pk")},
        )
