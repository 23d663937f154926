"""What a person sees and may do: every page, endpoint and list of the platform asks here.

A model that belongs to a team says by ``team_path`` how to get there from its rows, in the words of a
query: ``"study__team"``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, cast

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model, QuerySet
from django.http import Http404

from humaneval.teams.models.teams import DEFAULT_TEAM, Membership, Team
from humaneval.teams.roles import PERMISSIONS, covers

Row = TypeVar("Row", bound=Model)
Person = AbstractBaseUser | AnonymousUser
_CACHE = "_permissions_by_team"


def may(user: Person, permission: str, row: Model | None = None) -> bool:
    """Return whether a person may do something to a row, or (without one) in any team at all."""
    return cast(User, user).has_perm(permission, row)


def view_permission(model: type[Model]) -> str:
    """Return the permission that seeing a model's rows needs."""
    return f"{model._meta.app_label}.view_{model._meta.model_name}"


def teams_where(user: Person, permission: str) -> list[int]:
    """Return the ids of the teams in which a person may do something, by role or by what is given besides.

    Not meant for superusers, who may do everything everywhere.
    """
    return [team for team, given in permissions_by_team(user).items() if covers(given, permission)]


def permissions_by_team(user: Person) -> dict[int, frozenset[str]]:
    """Return what a person may do in each of their teams: one query, kept with the user of the request.

    Nothing for strangers, and for people who may not sign in to the admin.
    """
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        return {}
    known: dict[int, frozenset[str]] | None = getattr(user, _CACHE, None)
    if known is None:
        roles = Membership.objects.filter(user=user).order_by("team").values_list("team_id", "role")
        besides = frozenset(_given_besides(user))
        known = {team: PERMISSIONS[role] | besides for team, role in roles}
        setattr(user, _CACHE, known)
    return known


def _given_besides(user: User) -> set[str]:
    """Return what was given to a person, or to their groups, one by one."""
    from django.contrib.auth.backends import ModelBackend

    return ModelBackend().get_all_permissions(user)


def visible(user: Person, rows: QuerySet[Row], permission: str = "") -> QuerySet[Row]:
    """Return those rows in whose team a person may see them (or has ``permission``); superusers see all."""
    if isinstance(user, User) and user.is_active and user.is_superuser:
        return rows
    path = rows.model.team_path  # type: ignore[attr-defined]
    teams = teams_where(user, permission or view_permission(rows.model))
    wanted = {f"{path}__in": teams}
    if _is_single(rows.model, path):
        return rows.filter(**wanted)
    mine = rows.model._base_manager.filter(**wanted).values("pk")
    return rows.filter(pk__in=mine)


def find(user: Person, rows: QuerySet[Row], permission: str = "", **lookup: Any) -> Row:
    """Return one row that a person sees and may do something to.

    Raises Http404 for what is not there or belongs to teams of which the person is no member, as if it were
    not there, and PermissionDenied where the person's role in its team does not reach.
    """
    row = rows.filter(**lookup).first()
    wanted = permission or view_permission(rows.model)
    unseen = Http404(f"No {rows.model._meta.object_name} matches the given query.")
    if row is None:
        raise unseen
    if may(user, wanted, row):
        return row
    if teams_of(row) & permissions_by_team(user).keys():
        raise PermissionDenied
    raise unseen


def teams_of(row: Model) -> set[int]:
    """Return the ids of the teams that a row belongs to: one for most, none for what belongs to nobody."""
    path: str = getattr(type(row), "team_path", "")
    if not path or row.pk is None:
        return _team_of_unsaved(row, path) if path else set()
    if path == "pk":
        return {row.pk}
    if not _is_single(type(row), path):
        return set(type(row)._base_manager.filter(pk=row.pk).values_list(path, flat=True)) - {None}
    return _team_of_unsaved(row, path)


def _team_of_unsaved(row: Model, path: str) -> set[int]:
    *steps, last = path.split("__")
    for step in steps:
        following = getattr(row, step, None)
        if following is None:
            return set()
        row = following
    team = getattr(row, f"{last}_id", None)
    return set() if team is None else {team}


def _is_single(model: type[Model], path: str) -> bool:
    """Return whether a path leads from one row to at most one team."""
    return path == "pk" or all(field.many_to_one or field.one_to_one for field in _fields(model, path))


def _fields(model: type[Model], path: str) -> Iterator[Field[Any, Any]]:
    for step in path.split("__"):
        field = cast(Any, model._meta.get_field(step))
        yield field
        model = field.related_model


def team_to_use(user: Person | None, permission: str, chosen: Team | None = None) -> Team:
    """Return the team that something new belongs to: the chosen one, else the person's own.

    Without a person (on the command line) that is the default team; a person's own is the default team where
    they may do it there, else the only one where they may. Raises PermissionDenied where they may not, and
    ValueError with a sentence where there are several to choose from.
    """
    teams = teams_for(user, permission)
    if chosen is not None:
        if not teams.filter(pk=chosen.pk).exists():
            raise PermissionDenied
        return chosen
    found = list(teams[:2])
    default = teams.filter(pk=DEFAULT_TEAM).first()
    if default is not None:
        return default
    if not found:
        raise PermissionDenied
    if len(found) > 1:
        names = ", ".join(teams.values_list("slug", flat=True))
        raise ValueError(f"Say which team it belongs to: {names}.")
    return found[0]


def teams_for(user: Person | None, permission: str) -> QuerySet[Team]:
    """Return the teams in which a person may do something; all of them for superusers and commands."""
    if user is None or (isinstance(user, User) and user.is_active and user.is_superuser):
        return Team.objects.all()
    return Team.objects.filter(pk__in=teams_where(user, permission))


class PermissionsIn:
    """What templates ask as ``perms.app.codename``, of one row's team."""

    def __init__(self, user: Person, row: Model) -> None:
        self._user, self._row = user, row

    def __getitem__(self, app: str) -> _AppPermissions:
        return _AppPermissions(self._user, self._row, app)

    def __iter__(self) -> Iterator[str]:
        raise TypeError("Permissions are asked for, not listed.")


class _AppPermissions:
    def __init__(self, user: Person, row: Model, app: str) -> None:
        self._user, self._row, self._app = user, row, app

    def __getitem__(self, codename: str) -> bool:
        return may(self._user, f"{self._app}.{codename}", self._row)

    def __iter__(self) -> Iterator[str]:
        raise TypeError("Permissions are asked for, not listed.")
