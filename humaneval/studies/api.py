"""The researcher's API to studies: make, read, change, launch, pause, resume and close them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from humaneval.studies import authoring, lifecycle
from humaneval.studies.design import NotLaunchable
from humaneval.studies.gold_tables import import_gold
from humaneval.studies.leakage import leak_check, start_leak_check
from humaneval.studies.lifecycle import WrongState
from humaneval.studies.models import Study, Trial
from humaneval.studies.pairs import import_pairs
from humaneval.studies.serializers import (
    GoldTableSerializer,
    LeakCheckSerializer,
    PairsSerializer,
    ProblemsSerializer,
    StudySerializer,
    StudySummarySerializer,
    StudyWriteSerializer,
    TrialSerializer,
)
from humaneval.teams.access import may, visible
from humaneval.teams.rest import ByRole, team_of_request

CHANGE = "studies.change_study"


class Conflict(APIException):
    """What was asked does not go with the study's present state (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


@contextmanager
def refusals_answered() -> Iterator[None]:
    """Answer the refusals of services: 409 for a wrong state, 400 with reasons for all else.

    404 where somebody has deleted the study since it was looked up.
    """
    try:
        yield
    except Study.DoesNotExist as error:
        raise Http404 from error
    except WrongState as error:
        raise Conflict(error.messages[0]) from error
    except NotLaunchable as error:
        detail = {"detail": "The study cannot be launched as it is.", "problems": error.messages}
        raise serializers.ValidationError(detail) from error
    except ValidationError as error:
        raise serializers.ValidationError(serializers.as_serializer_error(error)) from error


def _moves(summary: str) -> Any:
    """Describe an endpoint that changes a study's state."""
    answers = {200: StudySerializer, 400: ProblemsSerializer, 409: ProblemsSerializer}
    return extend_schema(summary=summary, request=None, responses=answers)


@extend_schema_view(
    list=extend_schema(summary="List studies, the newest first", responses=StudySummarySerializer(many=True)),
    create=extend_schema(
        summary="Make a draft", request=StudyWriteSerializer, responses={201: StudySerializer}
    ),
    retrieve=extend_schema(summary="Read a study, with the progress of its launch"),
    partial_update=extend_schema(
        summary="Change a draft, or the few fields that a running study leaves open",
        request=StudyWriteSerializer,
        responses=StudySerializer,
    ),
    destroy=extend_schema(summary="Delete a draft, or a closed study that nobody rated"),
)
class StudyViewSet(viewsets.ModelViewSet[Study]):
    """Studies, for staff, by their roles."""

    queryset = Study.objects.all()
    serializer_class = StudySerializer
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]+"
    filterset_fields = ("state", "protocol")
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    permission_classes = (ByRole,)
    needs = {
        **dict.fromkeys(("list", "retrieve"), "studies.view_study"),
        **dict.fromkeys(("partial_update", "launch", "cancel_launch", "pause", "resume", "close"), CHANGE),
        **dict.fromkeys(("pairs", "gold"), CHANGE),
        "create": "studies.add_study",
        "destroy": "studies.delete_study",
        "trials": "studies.view_trial",
        "leakage": "samples.view_leakageaudit",
    }

    def get_queryset(self) -> QuerySet[Study]:
        """Return the studies with what the answer needs of them."""
        if self.action == "list":
            return visible(self.request.user, Study.objects.select_related("owner", "team"))
        return visible(self.request.user, Study.objects.for_pages())

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """Return the short form for lists."""
        return StudySummarySerializer if self.action == "list" else StudySerializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a draft."""
        fields = self._given(request, partial=False)
        sets = [condition.sample_set for condition in fields.get("conditions", ())]
        chosen = sets[0].team if sets else fields.get("team")
        fields["team"] = team_of_request(request, "studies.add_study", chosen)
        with refusals_answered():
            study = authoring.create_study(owner=self._user(), **fields)
        return self._answer(study, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what is given."""
        study = self.get_object()
        fields = self._given(request, partial=True)
        if "team" in fields:
            fields["team"] = team_of_request(request, "studies.add_study", fields["team"])
        with refusals_answered():
            study = authoring.update_study(study=study, user=self._user(), **fields)
        return self._answer(study)

    def perform_destroy(self, instance: Study) -> None:
        """Delete a study that may be deleted."""
        try:
            authoring.delete_study(study=instance, user=self._user())
        except Study.DoesNotExist as error:
            raise Http404 from error
        except ValidationError as error:
            raise Conflict(error.messages[0]) from error
        except ProtectedError as error:
            raise Conflict("Raters have come to this study: its votes are kept.") from error

    @_moves("Launch a draft: its trials and stimuli are made in the background")
    @action(detail=True, methods=["post"])
    def launch(self, request: Request, slug: str) -> Response:
        """Launch."""
        return self._move(lambda study: lifecycle.launch(study, self._user()))

    @_moves("Stop a launch and return the study to draft")
    @action(detail=True, methods=["post"], url_path="cancel-launch")
    def cancel_launch(self, request: Request, slug: str) -> Response:
        """Cancel the launch."""
        return self._move(lifecycle.cancel_launch)

    @_moves("Pause an open study: no more trials are handed out")
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, slug: str) -> Response:
        """Pause."""
        return self._move(lifecycle.pause)

    @_moves("Open a paused study again")
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, slug: str) -> Response:
        """Resume."""
        return self._move(lifecycle.resume)

    @_moves("Close a study for good")
    @action(detail=True, methods=["post"])
    def close(self, request: Request, slug: str) -> Response:
        """Close."""
        return self._move(lifecycle.close)

    @extend_schema(summary="List the trials made so far", responses=TrialSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_fields=())
    def trials(self, request: Request, slug: str) -> Response:
        """List trials, page by page."""
        trials = Trial.objects.filter(study=self.get_object()).select_related("prompt").order_by("number")
        pages = PageNumberPagination()
        page = pages.paginate_queryset(trials, request, view=self)
        return pages.get_paginated_response(TrialSerializer(page or [], many=True).data)

    @extend_schema(
        summary="Make these the pairs of a draft that asks about duplicates, one trial each",
        request=PairsSerializer,
        responses=StudySerializer,
    )
    @action(detail=True, methods=["post"])
    def pairs(self, request: Request, slug: str) -> Response:
        """Replace the table of pairs."""
        study = self.get_object()
        given = PairsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with refusals_answered():
            import_pairs(study=study, rows=given.validated_data["pairs"])
        return self._answer(study)

    @extend_schema(
        summary="Make these the gold trials of a draft: trials with known answers that check attention",
        request=GoldTableSerializer,
        responses=StudySerializer,
    )
    @action(detail=True, methods=["post"])
    def gold(self, request: Request, slug: str) -> Response:
        """Replace the table of gold trials."""
        study = self.get_object()
        given = GoldTableSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with refusals_answered():
            import_gold(study=study, rows=given.validated_data["rows"])
        return self._answer(study)

    @extend_schema(
        methods=["GET"],
        summary="Read whether trivial facts of the files tell real from generated images",
        responses=LeakCheckSerializer,
    )
    @extend_schema(
        methods=["POST"],
        summary="Start the check for leaks of the sets as they are now, unless it is there",
        request=None,
        responses=LeakCheckSerializer,
    )
    @action(detail=True, methods=["get", "post"], filterset_fields=())
    def leakage(self, request: Request, slug: str) -> Response:
        """Read or start the check for leaks."""
        study = self.get_object()
        if request.method == "POST" and not may(request.user, CHANGE, study):
            raise PermissionDenied
        check = start_leak_check if request.method == "POST" else leak_check
        return Response(LeakCheckSerializer(check(study)).data)

    def _given(self, request: Request, *, partial: bool) -> dict[str, Any]:
        context = self.get_serializer_context()
        serializer = StudyWriteSerializer(data=request.data, partial=partial, context=context)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _user(self) -> User | None:
        return self.request.user if isinstance(self.request.user, User) else None

    def _move(self, move: Callable[[Study], Study]) -> Response:
        study = self.get_object()
        with refusals_answered():
            study = move(study)
        return self._answer(study)

    def _answer(self, study: Study, code: int = status.HTTP_200_OK) -> Response:
        shown = Study.objects.for_pages().get(pk=study.pk)
        return Response(StudySerializer(shown).data, status=code)
