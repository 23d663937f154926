"""The API of teams: /api/v1/teams/. Who is in them and what they did is for their owners."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from humaneval.teams.access import visible
from humaneval.teams.models import AuditEntry, Membership, Team
from humaneval.teams.rest import ByRole
from humaneval.teams.roles import Role


def _name() -> serializers.SlugRelatedField[User]:
    return serializers.SlugRelatedField(slug_field="username", read_only=True)


class TeamSerializer(serializers.ModelSerializer[Team]):
    """A team, and what one is in it."""

    role = serializers.ChoiceField(
        choices=Role.choices, allow_null=True, read_only=True, help_text="One's own; null for superusers."
    )

    class Meta:
        model = Team
        fields = ("slug", "name", "role", "created_at")


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    """A person in a team."""

    user: serializers.SlugRelatedField[User] = serializers.SlugRelatedField(
        slug_field="username", read_only=True
    )

    class Meta:
        model = Membership
        fields = ("user", "role", "created_at")


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """One action; ``digest`` covers it and the digest of the entry before it, of whichever team."""

    user: serializers.SlugRelatedField[User] = serializers.SlugRelatedField(
        slug_field="username", read_only=True
    )

    class Meta:
        model = AuditEntry
        fields = ("id", "at", "user", "action", "subject", "detail", "digest")


@extend_schema_view(
    list=extend_schema(summary="List the teams that one is in, with one's role"),
    retrieve=extend_schema(summary="Read a team"),
)
class TeamViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Team]):
    """Teams; their people are looked after on the admin's pages."""

    queryset = Team.objects.all()
    serializer_class = TeamSerializer
    lookup_field = "slug"
    filter_backends = ()
    permission_classes = (ByRole,)
    needs = {
        **dict.fromkeys(("list", "retrieve"), "teams.view_team"),
        "members": "teams.view_membership",
        "audit": "teams.view_auditentry",
    }

    def get_queryset(self) -> QuerySet[Team]:
        """Return the teams that the person is in, with the person's role."""
        own = Membership.objects.filter(team=OuterRef("pk"), user=self.request.user.pk).values("role")
        return visible(self.request.user, Team.objects.all()).annotate(role=Subquery(own))

    @extend_schema(summary="List who is in a team", responses=MembershipSerializer(many=True))
    @action(detail=True, methods=["get"])
    def members(self, request: Request, slug: str) -> Response:
        """List the members, page by page."""
        rows = self.get_object().memberships.select_related("user").order_by("user__username")
        return self._pages(rows, MembershipSerializer)

    @extend_schema(summary="List who did what, the newest first", responses=AuditEntrySerializer(many=True))
    @action(detail=True, methods=["get"])
    def audit(self, request: Request, slug: str) -> Response:
        """List the team's audit log, page by page."""
        rows = AuditEntry.objects.filter(team=self.get_object()).select_related("user").order_by("-id")
        return self._pages(rows, AuditEntrySerializer)

    def _pages(self, rows: QuerySet[Any], shape: type[serializers.ModelSerializer[Any]]) -> Response:
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(shape(page or [], many=True).data)
