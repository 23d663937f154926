"""Study as code over HTTP: make a study from its file, read any study as one, follow it, take it away."""

from __future__ import annotations

from typing import IO, Any

from django.contrib.auth.models import User
from django.http import FileResponse, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from humaneval.rating.live import sealed_tally
from humaneval.reports.api import EXPORT, AnyAccept
from humaneval.reports.making import DIRECT_VOTES
from humaneval.samples.models import SampleSet
from humaneval.studies.api import refusals_answered
from humaneval.studies.models import Study
from humaneval.studies.serializers import ProblemsSerializer, StudySerializer
from humaneval.teams.access import find, may, visible
from humaneval.workspace.exporting import bundle_archive, export_archive
from humaneval.workspace.previewing import preview_rows
from humaneval.workspace.standing import standing_of
from humaneval.workspace.study_files.located import StudyFileError
from humaneval.workspace.study_files.making import make_study
from humaneval.workspace.study_files.writing import write_study

MOST_TRIALS = 1000
SEE_STUDY = "studies.view_study"
ADD_STUDY = "studies.add_study"
_NOT_FOUND = OpenApiResponse(OpenApiTypes.OBJECT, description="There is no such study.")


class MayAddStudies(IsAdminUser):
    """Lets those make studies who may make them in a team."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether they may."""
        return super().has_permission(request, view) and may(request.user, ADD_STUDY)


class StudyFileSerializer(serializers.Serializer[Any]):
    """A study file's text; ``slug`` goes before the file's own."""

    yaml = serializers.CharField(trim_whitespace=False)
    slug = serializers.SlugField(max_length=120, required=False)


class TrialRowSerializer(serializers.Serializer[Any]):
    """A trial, its samples by set and name."""

    trial = serializers.IntegerField()
    condition = serializers.CharField()
    other = serializers.CharField(allow_blank=True)
    prompt = serializers.CharField(allow_blank=True)
    turn = serializers.IntegerField()
    slots = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))


class StudyStandingSerializer(serializers.Serializer[Any]):
    """How a study stands just now."""

    study = serializers.CharField()
    name = serializers.CharField()
    protocol = serializers.CharField()
    state = serializers.CharField()
    waiting = serializers.CharField(
        allow_blank=True, help_text="That no worker is there to launch it, and what to do; else empty."
    )
    launch = serializers.CharField(allow_blank=True)
    launch_error = serializers.CharField(allow_blank=True)
    rater_url = serializers.CharField()
    votes_wanted = serializers.IntegerField()
    votes = serializers.IntegerField()
    votes_counting = serializers.IntegerField()
    late = serializers.IntegerField()
    repeats = serializers.IntegerField()
    withdrawn = serializers.IntegerField()
    raters_active = serializers.IntegerField()
    raters_gone = serializers.IntegerField()
    raters_done = serializers.IntegerField(help_text="Who met a trial and went through to the end.")
    raters_unasked = serializers.IntegerField(help_text="Who came when no trial was left for them.")
    median_response_ms = serializers.FloatField(allow_null=True)
    votes_by_condition = serializers.DictField(child=serializers.IntegerField())
    warnings = serializers.ListField(child=serializers.CharField())


class StudyFilesView(APIView):
    """Studies from files."""

    permission_classes = [MayAddStudies]

    @extend_schema(
        operation_id="study_from_file",
        summary="Make a draft from a study file; its sample sets are there already",
        request=StudyFileSerializer,
        responses={201: StudySerializer, 400: ProblemsSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make the draft; what is wrong with the file is answered with line and key."""
        given = StudyFileSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        owner = request.user if isinstance(request.user, User) else None
        try:
            study = make_study(
                given.validated_data["yaml"],
                slug=given.validated_data.get("slug"),
                owner=owner,
                sets=visible(request.user, SampleSet.objects.all(), ADD_STUDY),
            )
        except StudyFileError as error:
            detail = {"detail": "No study can be made from this file.", "problems": error.problems}
            raise serializers.ValidationError(detail) from error
        shown = Study.objects.for_pages().get(pk=study.pk)
        return Response(StudySerializer(shown).data, status=status.HTTP_201_CREATED)


class StudyFileView(APIView):
    """One study as a file."""

    permission_classes = [IsAdminUser]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="study_file",
        summary="Read a study as a study file",
        responses={(200, "application/yaml"): OpenApiTypes.STR, 404: _NOT_FOUND},
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Return the study's file."""
        return study_file_response(find(request.user, Study.objects.all(), SEE_STUDY, slug=slug))


class StandingView(APIView):
    """A study's progress."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_status",
        summary="Read how a study stands: state, votes, raters",
        responses={200: StudyStandingSerializer, 404: _NOT_FOUND},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the study's progress."""
        study = find(request.user, Study.objects.select_related("launch_job"), SEE_STUDY, slug=slug)
        return Response(standing_of(study))


class PreviewRowsView(APIView):
    """A study's first trials."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_preview_trials",
        summary="Read a study's first trials; of a draft as a launch would make them now",
        parameters=[OpenApiParameter("count", int, description=f"1 to {MOST_TRIALS}; by default 20.")],
        responses={200: TrialRowSerializer(many=True), 400: ProblemsSerializer, 404: _NOT_FOUND},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the trials."""
        study = find(request.user, Study.objects.all(), "studies.view_trial", slug=slug)
        count = serializers.IntegerField(min_value=1, max_value=MOST_TRIALS)
        with refusals_answered():
            return Response(preview_rows(study, count.run_validation(request.query_params.get("count", 20))))


class ExportView(APIView):
    """A study's files."""

    permission_classes = [IsAdminUser]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="study_export",
        summary="Take a study away: report, tables, votes and study file in one zip archive",
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 404: _NOT_FOUND, 409: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, slug: str) -> FileResponse | Response:
        """Return the archive; of a large study say that a worker has to make it."""
        study = find(request.user, Study.objects.all(), EXPORT, slug=slug)
        return _too_large(study) or _as_zip(export_archive(study=study), f"{study.slug}.zip")


class BundleView(APIView):
    """All that a study's report rests on."""

    permission_classes = [IsAdminUser]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="study_bundle",
        summary="Take a study's bundle: one archive that its report can be rebuilt from",
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 404: _NOT_FOUND, 409: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, slug: str) -> FileResponse | Response:
        """Return the archive; of a large study say that a worker has to make it."""
        study = find(request.user, Study.objects.all(), EXPORT, slug=slug)
        return _too_large(study) or _as_zip(bundle_archive(study=study), f"{study.slug}-bundle.zip")


def _too_large(study: Study) -> Response | None:
    if sealed_tally(study).votes <= DIRECT_VOTES:
        return None
    words = (
        f"This study has more than {DIRECT_VOTES:,} votes: have the archive made by a worker, with a POST to "
        f"/api/v1/studies/{study.slug}/exports/."
    )
    return Response({"detail": words}, status.HTTP_409_CONFLICT)


def _as_zip(archive: IO[bytes], name: str) -> FileResponse:
    return FileResponse(archive, as_attachment=True, filename=name, content_type="application/zip")


def study_file_response(study: Study) -> HttpResponse:
    """Return a study's file as a download."""
    response = HttpResponse(write_study(study), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}.yaml"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
