"""The report and its tables over HTTP, for researchers: by token or by admin session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import IsAdminUser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from humaneval.reports.making import BeingMade, NotMade, new_snapshot, report_at_hand
from humaneval.reports.models import Snapshot
from humaneval.reports.results import from_payload
from humaneval.reports.session_export import session_columns, session_rows
from humaneval.reports.snapshots import snapshots_of
from humaneval.reports.spreadsheets import table_lines
from humaneval.reports.tables import TABLES
from humaneval.reports.vote_export import COLUMNS, vote_rows
from humaneval.studies.models import Study
from humaneval.teams.access import find
from humaneval.ui.spreadsheets import csv_lines

SEE = "reports.view_snapshot"
REFRESH = "reports.add_snapshot"
EXPORT = "reports.export_votes"
_NOT_FOUND = OpenApiResponse(OpenApiTypes.OBJECT, description="There is no such study.")
_WAIT_SECONDS = 5
_WAIT = OpenApiResponse(
    OpenApiTypes.OBJECT,
    description="Of a study of many votes, a worker makes the report first: ask again after Retry-After.",
)
_FAILED = OpenApiResponse(OpenApiTypes.OBJECT, description="The worker could not make the report, and why.")
_MADE: dict[Any, Any] = {202: _WAIT, 404: _NOT_FOUND, 503: _FAILED}
_CSV = {(200, "text/csv"): OpenApiTypes.STR, 404: _NOT_FOUND}
_TABLE: dict[Any, Any] = {**_CSV, **_MADE}


def _when_made(make: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Return what ``make`` does with a report, or that it is still being made, or why it cannot be."""
    try:
        return make()
    except BeingMade as wait:
        later = {"Retry-After": str(_WAIT_SECONDS)}
        return Response({"detail": str(wait)}, status.HTTP_202_ACCEPTED, headers=later)
    except NotMade as why:
        return Response({"detail": str(why)}, status.HTTP_503_SERVICE_UNAVAILABLE)


class ReportView(APIView):
    """The report of a study as its votes and scores stand now."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_report",
        summary="Report of a study",
        description=(
            "Keys: estimates, agreement, ranking, scores, correlations, and study, votes, raters, "
            "contains_simulated, missing_scores, warnings, methods, built_at, code_version. A number that "
            "could not be computed is null, with the reason in words beside it. Of a study of more than "
            "20,000 votes it is at most five minutes old (built_at), and made by a worker: 202 until it is "
            "there."
        ),
        responses={200: OpenApiTypes.OBJECT, **_MADE},
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Return the report."""
        study = find(request.user, Study.objects.all(), SEE, slug=slug)
        return _when_made(lambda: Response(report_at_hand(study)))


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """A report that was kept: what it rests on, and when by which version it was made."""

    class Meta:
        model = Snapshot
        fields = ("id", "created_at", "vote_count", "code_version", "fingerprint")


class KeptReportSerializer(SnapshotSerializer):
    """The same with the report itself."""

    report = serializers.JSONField(source="payload", read_only=True)

    class Meta(SnapshotSerializer.Meta):
        fields = (*SnapshotSerializer.Meta.fields, "report")  # type: ignore[assignment]


class SnapshotsView(APIView):
    """The reports of a study that were kept."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_snapshots",
        summary="List the reports of a study that were kept, the newest first",
        responses={200: SnapshotSerializer(many=True), 404: _NOT_FOUND},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return them without the reports themselves."""
        study = find(request.user, Study.objects.all(), SEE, slug=slug)
        return Response(SnapshotSerializer(snapshots_of(study), many=True).data)

    @extend_schema(
        operation_id="study_take_snapshot",
        summary="Keep the report of a study as it stands now, unless it is kept already",
        request=None,
        responses={201: SnapshotSerializer, 202: _WAIT, 404: _NOT_FOUND},
    )
    def post(self, request: Request, slug: str) -> HttpResponseBase:
        """Take a snapshot."""
        study = find(request.user, Study.objects.all(), REFRESH, slug=slug)
        return _when_made(
            lambda: Response(
                SnapshotSerializer(new_snapshot(study, again=True)).data, status.HTTP_201_CREATED
            )
        )


class SnapshotView(APIView):
    """One report that was kept."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_snapshot",
        summary="Read a report that was kept",
        responses={200: KeptReportSerializer, 404: _NOT_FOUND},
    )
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """Return it."""
        kept = find(request.user, Snapshot.objects.all(), SEE, study__slug=slug, pk=pk)
        return Response(KeptReportSerializer(kept).data)


class AnyAccept(BaseContentNegotiation):
    """Serves the one thing there is, whatever the Accept header says; errors stay JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the first parser."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        return renderers[0], renderers[0].media_type


class VotesView(APIView):
    """All votes of a study, streamed."""

    permission_classes = [IsAdminUser]
    content_negotiation_class = AnyAccept

    @extend_schema(operation_id="study_votes_csv", summary="Votes of a study as CSV", responses=_CSV)
    def get(self, request: Request, slug: str) -> StreamingHttpResponse:
        """Return one row for each answer; simulated, late and repeated votes are in, and marked."""
        study = find(request.user, Study.objects.all(), EXPORT, slug=slug)
        return as_csv(csv_lines(COLUMNS, vote_rows(study)), f"{study.slug}-votes.csv")


class SessionsView(APIView):
    """All sessions of a study, streamed."""

    permission_classes = [IsAdminUser]
    content_negotiation_class = AnyAccept

    @extend_schema(operation_id="study_sessions_csv", summary="Sessions of a study as CSV", responses=_CSV)
    def get(self, request: Request, slug: str) -> StreamingHttpResponse:
        """Return one row for each session, with its answers to the closing questions."""
        study = find(request.user, Study.objects.all(), EXPORT, slug=slug)
        return as_csv(csv_lines(session_columns(study), session_rows(study)), f"{study.slug}-sessions.csv")


class TableView(APIView):
    """One table of the report; ``name`` is a key of :data:`humaneval.reports.tables.TABLES`."""

    permission_classes = [IsAdminUser]
    content_negotiation_class = AnyAccept
    name = ""

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Return the table as it stands now."""
        study = find(request.user, Study.objects.all(), SEE, slug=slug)
        return _when_made(lambda: self._table(study))

    def _table(self, study: Study) -> StreamingHttpResponse:
        table = TABLES[self.name](from_payload(report_at_hand(study)))
        return as_csv(table_lines(table), f"{study.slug}-{self.name}.csv")


@extend_schema_view(
    get=extend_schema(
        operation_id="study_estimates_csv", summary="Estimates of a study as CSV", responses=_TABLE
    )
)
class EstimatesView(TableView):
    """Human estimates with clustered and naive intervals."""

    name = "estimates"


@extend_schema_view(
    get=extend_schema(
        operation_id="study_scores_csv", summary="Automated scores of a study as CSV", responses=_TABLE
    )
)
class ScoresView(TableView):
    """Automated scores of the study's sample sets."""

    name = "scores"


@extend_schema_view(
    get=extend_schema(
        operation_id="study_correlations_csv", summary="Correlations of a study as CSV", responses=_TABLE
    )
)
class CorrelationsView(TableView):
    """Correlations between human estimates and automated scores."""

    name = "correlations"


@extend_schema_view(
    get=extend_schema(
        operation_id="study_headlines_csv",
        summary="Headline estimates of a study under each version of its exclusion rules, as CSV",
        responses=_TABLE,
    )
)
class ExclusionsTableView(TableView):
    """The headline with nothing left out, and under each version of the rules."""

    name = "exclusions"


def as_csv(lines: Iterator[str], filename: str) -> StreamingHttpResponse:
    """Return lines as a download of UTF-8 CSV."""
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{filename}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
