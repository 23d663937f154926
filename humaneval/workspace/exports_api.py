"""Exports over HTTP: asked for, followed while a worker makes them, fetched."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from humaneval.reports.api import EXPORT, AnyAccept
from humaneval.studies.models import Study
from humaneval.teams.access import find
from humaneval.workspace.kept_exports import (
    ExportForm,
    KeptExport,
    export_with,
    exports_of,
    file_name,
    open_file,
    start_export,
)

_NOT_FOUND = OpenApiResponse(OpenApiTypes.OBJECT, description="There is no such study or export.")
GONE = "This file is not there: the export is not made yet, failed, or was removed. Ask for a new one."


class WantedExportSerializer(serializers.Serializer[Any]):
    """What an export is to hold."""

    form = serializers.ChoiceField(ExportForm.choices, default=ExportForm.FILES)


class ExportSerializer(serializers.Serializer[Any]):
    """An export: how far it is, and where its file is once it is made (empty before, and once removed)."""

    id = serializers.IntegerField()
    form = serializers.ChoiceField(ExportForm.choices)
    state = serializers.CharField()
    waiting = serializers.CharField(
        allow_blank=True, help_text="That no worker is there to make it, and what to do; else empty."
    )
    error = serializers.CharField(allow_blank=True)
    asked_at = serializers.DateTimeField()
    made_at = serializers.DateTimeField(allow_null=True)
    removed_on = serializers.DateTimeField(allow_null=True)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    sha256 = serializers.CharField(allow_blank=True)
    file = serializers.SerializerMethodField()

    def get_file(self, export: KeptExport) -> str:
        """Return the file's address, empty where there is none."""
        return self.context["address"](export) if export.stored else ""


def _shown(request: Request, study: Study, found: KeptExport | list[KeptExport]) -> Any:
    def address(export: KeptExport) -> str:
        return reverse("study-kept-export-file", args=[study.slug, export.id], request=request)

    context = {"address": address}
    return ExportSerializer(found, many=isinstance(found, list), context=context).data


class KeptExportsView(APIView):
    """A study's exports."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_exports",
        summary="List a study's exports, newest first",
        responses={200: ExportSerializer(many=True), 404: _NOT_FOUND},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the exports."""
        study = find(request.user, Study.objects.all(), EXPORT, slug=slug)
        return Response(_shown(request, study, exports_of(study)))

    @extend_schema(
        operation_id="study_export_start",
        summary="Have an export made by a worker: follow it until it has a file",
        request=WantedExportSerializer,
        responses={202: ExportSerializer, 400: OpenApiTypes.OBJECT, 404: _NOT_FOUND},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Start an export and return it; the one of its form that is under way, if there is one."""
        study = find(request.user, Study.objects.all(), EXPORT, slug=slug)
        wanted = WantedExportSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        export = start_export(study=study, form=ExportForm(wanted.validated_data["form"]))
        return Response(_shown(request, study, export), status.HTTP_202_ACCEPTED)


class KeptExportView(APIView):
    """One export."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_export_read",
        summary="Read how far an export is",
        responses={200: ExportSerializer, 404: _NOT_FOUND},
    )
    def get(self, request: Request, slug: str, number: int) -> Response:
        """Return the export."""
        study, export = _found(request, slug, number)
        return Response(_shown(request, study, export))


class KeptExportFileView(APIView):
    """The file of an export."""

    permission_classes = [IsAdminUser]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="study_export_file",
        summary="Fetch an export's file",
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 404: _NOT_FOUND, 410: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, slug: str, number: int) -> FileResponse | Response:
        """Return the archive, read from storage piece by piece."""
        study, export = _found(request, slug, number)
        file = open_file(export)
        if file is None:
            return Response({"detail": GONE}, status.HTTP_410_GONE)
        name = file_name(study, export)
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


def _found(request: Request, slug: str, number: int) -> tuple[Study, KeptExport]:
    study = find(request.user, Study.objects.all(), EXPORT, slug=slug)
    export = export_with(study=study, number=number)
    if export is None:
        raise Http404
    return study, export
