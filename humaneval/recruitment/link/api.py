"""The API of a study's link: what it takes and where it leads, and whom it invites."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from humaneval.recruitment.access import INVITE, user_of, who_may
from humaneval.recruitment.link.invitations import LONGEST_NAME, MOST_NAMES, invite, rows_of_links
from humaneval.recruitment.link.panel import settings_of
from humaneval.recruitment.models import LinkSettings
from humaneval.studies.models import Study
from humaneval.teams.access import find
from humaneval.teams.audit import record_action

SEE = "recruitment.view_linksettings"
CHANGE = "recruitment.change_linksettings"


class LinkSettingsSerializer(serializers.ModelSerializer[LinkSettings]):
    """What a study's link takes from whoever shares it, and where its raters go at the end."""

    class Meta:
        model = LinkSettings
        fields = (
            "person_parameter",
            "kept_parameters",
            "invited_only",
            "return_url",
            "quota_full_code",
            "screened_out_code",
        )


class NamesSerializer(serializers.Serializer[Any]):
    """Whom to invite; who is invited already stays so."""

    names = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_NAME), allow_empty=False, max_length=MOST_NAMES
    )


class InvitationSerializer(serializers.Serializer[Any]):
    """One person's own link, and how far they are: invited, begun, completed, ..."""

    name = serializers.CharField()
    link = serializers.CharField()
    state = serializers.CharField()


class LinkView(APIView):
    """A study's link."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_link",
        summary="Read what a study's link takes and where it leads",
        responses=LinkSettingsSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the settings, the defaults where there are none."""
        study = find(request.user, Study.objects.all(), SEE, slug=slug)
        return Response(LinkSettingsSerializer(settings_of(study)).data)

    @extend_schema(
        operation_id="study_change_link",
        summary="Change what a study's link takes and where it leads",
        request=LinkSettingsSerializer,
        responses=LinkSettingsSerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given."""
        study = find(request.user, Study.objects.all(), CHANGE, slug=slug)
        link = settings_of(study)
        given = LinkSettingsSerializer(link, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        for name, value in given.validated_data.items():
            setattr(link, name, value)
        try:
            link.full_clean()
        except ModelValidationError as error:
            raise serializers.ValidationError(error.message_dict) from error
        link.save()
        changed = {name: str(value) for name, value in given.validated_data.items()}
        record_action(action="change link settings", subject=link, user=user_of(request), changed=changed)
        return Response(LinkSettingsSerializer(link).data)


class InvitationsView(APIView):
    """A study's invitations."""

    permission_classes = who_may(INVITE)

    @extend_schema(
        operation_id="study_invitations",
        summary="List who is invited, with everybody's own link; that it was taken is noted in the audit log",
        responses=InvitationSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return names, links and states."""
        study = find(request.user, Study.objects.all(), INVITE, slug=slug)
        rows = [dict(zip(("name", "link", "state"), row, strict=True)) for row in rows_of_links(study)]
        record_action(action="download invitation links", subject=study, user=user_of(request))
        return Response(rows, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="study_invite",
        summary="Invite people, each by a link of their own",
        request=NamesSerializer,
        responses={201: InvitationSerializer(many=True)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Invite those who are not invited yet; return all."""
        study = find(request.user, Study.objects.all(), INVITE, slug=slug)
        given = NamesSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        invite(study=study, names=given.validated_data["names"], user=user_of(request))
        answer = self.get(request, slug)
        answer.status_code = status.HTTP_201_CREATED
        return answer
