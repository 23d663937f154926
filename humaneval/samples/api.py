"""The API of sample sets: /api/v1/sample-sets/. Staff only."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from humaneval.samples.duplicates import find_check, standing_of, start_check
from humaneval.samples.importing import create_sample_set, start_archive_import, start_folder_import
from humaneval.samples.models import ImportRun, Sample, SampleSet
from humaneval.samples.removing import StillNeeded, remove_sample_set
from humaneval.samples.serializers import (
    ArchiveImportSerializer,
    DuplicateCheckSerializer,
    FolderImportSerializer,
    ImportRunSerializer,
    SampleSerializer,
    SampleSetSerializer,
)
from humaneval.samples.sources import SourceError
from humaneval.teams.access import find, visible
from humaneval.teams.rest import ByRole, team_of_request

VIEW = "samples.view_sampleset"
ADD = "samples.add_sampleset"
DELETE = "samples.delete_sampleset"
IMPORT = "samples.add_importrun"
_OF_SET = OpenApiParameter("slug", str, OpenApiParameter.PATH, description="The sample set's slug.")


class Needed(APIException):
    """Something rests on what was to be deleted (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class SampleSetViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[SampleSet],
):
    """Sample sets: list, look at, make, delete."""

    queryset = SampleSet.objects.all()
    serializer_class = SampleSetSerializer
    lookup_field = "slug"
    filterset_fields = ("kind", "name")
    permission_classes = (ByRole,)
    needs = {"list": VIEW, "retrieve": VIEW, "create": ADD, "destroy": DELETE, "duplicates": VIEW}

    def get_queryset(self) -> QuerySet[SampleSet]:
        """Return the sets that the person sees, with their extent."""
        return visible(self.request.user, SampleSet.objects.with_extent().select_related("team"))

    def perform_create(self, serializer: BaseSerializer[SampleSet]) -> None:
        """Make the set and answer with it as it is listed."""
        fields = dict(serializer.validated_data)
        team = team_of_request(self.request, ADD, fields.pop("team", None))
        try:
            created = create_sample_set(**fields, user=cast(User, self.request.user), team=team)
        except ModelValidationError as error:
            raise ValidationError(error.message_dict) from error
        serializer.instance = SampleSet.objects.with_extent().get(pk=created.pk)

    @extend_schema(
        summary="Delete a set that no study, metric run or import needs, with its samples",
        responses={204: None, 409: OpenApiTypes.OBJECT},
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete a set; 409 with what needs it where something does."""
        sample_set = self.get_object()
        try:
            remove_sample_set(sample_set=sample_set)
        except StillNeeded as reason:
            raise Needed(str(reason)) from reason
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        methods=["GET"],
        summary="Read which samples of a set are the same, or nearly",
        responses=DuplicateCheckSerializer,
    )
    @extend_schema(
        methods=["POST"],
        summary="Look for samples that are the same or nearly, unless that was done for what the set holds",
        request=None,
        responses=DuplicateCheckSerializer,
    )
    @action(detail=True, methods=["get", "post"], filterset_fields=())
    def duplicates(self, request: Request, slug: str) -> Response:
        """Read or start the check of what the set holds now."""
        sample_set = self.get_object()
        check = start_check(sample_set) if request.method == "POST" else find_check(sample_set)
        return Response(DuplicateCheckSerializer(standing_of(check)).data)


@extend_schema_view(list=extend_schema(parameters=[_OF_SET]))
class SampleViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Sample]):
    """The samples of a set, in the order of their import."""

    queryset = Sample.objects.none()
    serializer_class = SampleSerializer
    filterset_fields = ("sha256",)
    permission_classes = (ByRole,)
    needs = {"list": "samples.view_sample"}

    def get_queryset(self) -> QuerySet[Sample]:
        """Return the set's samples with their prompts, in one query."""
        sample_set = find(self.request.user, SampleSet.objects.all(), slug=self.kwargs["slug"])
        return Sample.objects.filter(sample_set=sample_set).select_related("prompt")


@extend_schema_view(
    list=extend_schema(parameters=[_OF_SET]),
    retrieve=extend_schema(
        parameters=[_OF_SET, OpenApiParameter("id", int, OpenApiParameter.PATH, description="The import.")]
    ),
)
class ImportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ImportRun]):
    """Imports into a set: start one from a server folder or an uploaded zip, and follow it."""

    queryset = ImportRun.objects.none()
    serializer_class = ImportRunSerializer
    parser_classes = (JSONParser, MultiPartParser)
    filter_backends = ()
    permission_classes = (ByRole,)
    needs = {"list": "samples.view_importrun", "retrieve": "samples.view_importrun", "create": IMPORT}

    def get_queryset(self) -> QuerySet[ImportRun]:
        """Return the set's imports with their jobs, newest first, in one query."""
        return ImportRun.objects.filter(sample_set=self._sample_set(VIEW)).select_related("job")

    @extend_schema(
        parameters=[_OF_SET],
        request={
            "application/json": FolderImportSerializer,
            "multipart/form-data": ArchiveImportSerializer,
        },
        responses={202: ImportRunSerializer},
    )
    def create(self, request: Request, slug: str) -> Response:
        """Queue an import: JSON names a folder on the server, a form uploads a zip archive."""
        sample_set = self._sample_set(IMPORT)
        try:
            run = self._start(request, sample_set)
        except SourceError as error:
            raise ValidationError({"detail": str(error)}) from error
        return Response(ImportRunSerializer(run).data, status=status.HTTP_202_ACCEPTED)

    def _sample_set(self, permission: str) -> SampleSet:
        return find(self.request.user, SampleSet.objects.all(), permission, slug=self.kwargs["slug"])

    def _start(self, request: Request, sample_set: SampleSet) -> ImportRun:
        user = cast(User, request.user)
        if "archive" in request.data:
            archive = _checked(ArchiveImportSerializer(data=request.data))
            return start_archive_import(sample_set=sample_set, user=user, **archive)
        folder = _checked(FolderImportSerializer(data=request.data))
        return start_folder_import(sample_set=sample_set, user=user, **folder)


def _checked(serializer: BaseSerializer[dict[str, Any]]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data
