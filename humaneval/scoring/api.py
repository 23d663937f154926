"""The API of metric runs and scores: /api/v1/metric-runs/ and /api/v1/scores/. Staff only."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from humaneval.jobs.models import JobState
from humaneval.jobs.services import NotRetryable
from humaneval.samples.models import SampleSet
from humaneval.scoring import runs
from humaneval.scoring.models import LatentUse, MetricRun, Score
from humaneval.scoring.serializers import LatentUseSerializer, MetricRunSerializer, ScoreSerializer
from humaneval.teams.access import find, visible
from humaneval.teams.rest import ByRole


class NothingToRetry(APIException):
    """The run succeeded (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class MetricRunFilter(filters.FilterSet):
    """Runs by state, extractor and the sets in them."""

    state = filters.ChoiceFilter(field_name="job__state", choices=JobState.choices)
    reference = filters.CharFilter(field_name="reference__slug")
    generated = filters.CharFilter(field_name="generated__slug")

    class Meta:
        model = MetricRun
        fields = ("state", "extractor", "reference", "generated")


class ScoreFilter(filters.FilterSet):
    """Scores by run, metric and set."""

    run = filters.ModelChoiceFilter(queryset=lambda request: _own_runs(request))
    sample_set = filters.CharFilter(field_name="sample_set__slug")
    extractor = filters.CharFilter(field_name="run__extractor")

    class Meta:
        model = Score
        fields = ("run", "metric", "sample_set", "extractor")


def _own_runs(request: Request | None) -> QuerySet[MetricRun]:
    return MetricRun.objects.none() if request is None else visible(request.user, MetricRun.objects.all())


@extend_schema_view(
    list=extend_schema(summary="List metric runs, the newest first"),
    retrieve=extend_schema(summary="Read a metric run, with its progress and problems"),
    create=extend_schema(summary="Start a metric run"),
)
class MetricRunViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    viewsets.GenericViewSet[MetricRun],
):
    """Metric runs, for staff; starting, retrying and cancelling need the permission to add them."""

    queryset = MetricRun.objects.select_related("job", "reference").prefetch_related("generated")
    serializer_class = MetricRunSerializer
    permission_classes = (ByRole,)
    needs = {
        **dict.fromkeys(("list", "retrieve"), "scoring.view_metricrun"),
        **dict.fromkeys(("create", "retry", "cancel"), "scoring.add_metricrun"),
    }
    filterset_class = MetricRunFilter

    def get_queryset(self) -> QuerySet[MetricRun]:
        """Return the runs that the person sees."""
        return visible(self.request.user, super().get_queryset())

    @extend_schema(summary="Compute what a failed or cancelled run lacks", request=None)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: Any = None) -> Response:
        """Queue a failed or cancelled run again."""
        try:
            run = runs.retry_run(self.get_object())
        except NotRetryable as error:
            raise NothingToRetry(str(error)) from error
        return Response(self.get_serializer(run).data)

    @extend_schema(summary="Stop a run; the scores that it has stay", request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: Any = None) -> Response:
        """Stop a run."""
        return Response(self.get_serializer(runs.cancel_run(self.get_object())).data)


@extend_schema_view(
    list=extend_schema(summary="List scores, the oldest first"),
    retrieve=extend_schema(summary="Read a score"),
)
class ScoreViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Score]):
    """Scores, for staff."""

    queryset: QuerySet[Score] = Score.objects.select_related("run", "sample_set")
    serializer_class = ScoreSerializer
    filterset_class = ScoreFilter
    permission_classes = (ByRole,)
    needs = dict.fromkeys(("list", "retrieve"), "scoring.view_score")

    def get_queryset(self) -> QuerySet[Score]:
        """Return the scores that the person sees."""
        return visible(self.request.user, super().get_queryset())


class LatentsView(APIView):
    """How much of the latent space is in use of the model that a generated set came from."""

    permission_classes = (IsAdminUser,)

    @extend_schema(
        operation_id="sample_set_latents",
        summary="Read how much of a model's latent space is in use",
        responses={200: LatentUseSerializer, 404: OpenApiResponse(OpenApiTypes.OBJECT, "None is known.")},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return what is known."""
        sample_set = find(request.user, SampleSet.objects.all(), "scoring.view_score", slug=slug)
        found = LatentUse.objects.filter(sample_set=sample_set).first()
        if found is None:
            raise NotFound("Nothing is known of the latent space behind this set.")
        return Response(LatentUseSerializer(found).data)

    @extend_schema(
        operation_id="sample_set_keep_latents",
        summary="Keep how much of a model's latent space is in use: reports show it",
        request=LatentUseSerializer,
        responses=LatentUseSerializer,
    )
    def put(self, request: Request, slug: str) -> Response:
        """Keep what is given."""
        sample_set = find(request.user, SampleSet.objects.all(), "scoring.add_metricrun", slug=slug)
        given = LatentUseSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        found, _ = LatentUse.objects.update_or_create(sample_set=sample_set, defaults=given.validated_data)
        return Response(LatentUseSerializer(found).data)
