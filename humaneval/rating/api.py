"""The rater API: arrive, fetch, vote, complete. And for those who make a study, its preview.

JSON in and out, no cookie read or set, nothing for a cache to keep. Whoever holds a session's token is
its rater; nothing in an answer tells real from generated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.db import OperationalError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAuthenticated,
    ParseError,
    PermissionDenied,
    Throttled,
)
from rest_framework.permissions import AllowAny, IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from humaneval.rating import serializers as shapes
from humaneval.rating.authentication import (
    HasSession,
    SessionTokenAuthentication,
    session_of,
)
from humaneval.rating.completion import complete_session, completion_of
from humaneval.rating.describing import describe_assignments, describe_study
from humaneval.rating.handout import hand_out, note_if_nothing_is_left
from humaneval.rating.history import read_history
from humaneval.rating.intake import Intake, store_votes
from humaneval.rating.judging import Submission
from humaneval.rating.models import Session
from humaneval.rating.panels import pay_of
from humaneval.rating.practice import answer_practice, practice_of
from humaneval.rating.preview import (
    preview_assignments,
    preview_practice,
    preview_study,
    render_preview,
)
from humaneval.rating.progress import progress_of
from humaneval.rating.refusals import Refusal
from humaneval.rating.sessions import Arrival, another_sitting, open_session
from humaneval.rating.statements import find_session, forget_sessions
from humaneval.rating.submissions import read_submissions, verdicts_in_order
from humaneval.rating.surroundings import answer_comprehension, standing_of, store_closing
from humaneval.rating.throttles import ArrivalThrottle, ForgedTokenThrottle, SessionThrottle
from humaneval.samples.models import Sample
from humaneval.samples.stimuli import StimulusError
from humaneval.studies.answering import NO_DEVICE, unfit_device
from humaneval.studies.design import NotLaunchable
from humaneval.studies.flow import complete_flow
from humaneval.studies.models import Study
from humaneval.teams.access import find, may
from humaneval.teams.authentication import ApiTokenAuthentication

MOST_BYTES = 1_000_000
"""Size of a request's body at most."""

_REFUSED = OpenApiResponse(
    shapes.RefusalSerializer, description="Refused as things stand; the code says why."
)


class Refused(APIException):
    """409: the request is sound, but the state of things does not allow it."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, refusal: Refusal) -> None:
        back = {"completion": asdict(refusal.completion)} if refusal.completion else {}
        super().__init__({"code": refusal.code, "detail": refusal.message, **back})


class TooLarge(APIException):
    """413: more bytes than any client of ours sends."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The request is too large: send fewer votes at a time.")


class Unavailable(APIException):
    """503: the database did not answer; the same request may be sent again."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The database does not answer just now. Send the same request again.")


class RatingView(APIView):
    """What every address of the rater API shares."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse oversized bodies before reading them."""
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise TooLarge

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        """Return the handler that also knows refusals and a database that is away."""
        return _answer_exception

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Keep answers out of caches: they carry tokens and a rater's progress."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


def _answer_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    known: Exception = error
    if isinstance(error, Refusal):
        known = Refused(error)
    elif isinstance(error, OperationalError):
        known = Unavailable()
    elif isinstance(error, RecursionError):
        known = ParseError(_("The JSON is nested too deeply."))
    return exception_handler(known, context)


class SessionView(RatingView):
    """What every address of one session shares."""

    authentication_classes = [SessionTokenAuthentication]
    permission_classes = [HasSession]
    throttle_classes = [SessionThrottle]

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a token of no session: 401, and 429 to an address that keeps trying."""
        if isinstance(exc, AuthenticationFailed):
            throttle = ForgedTokenThrottle()
            if not throttle.allow_request(self.request, self):
                return super().handle_exception(Throttled(throttle.wait()))
        return super().handle_exception(exc)


class ArrivalView(RatingView):
    """Arrivals."""

    authentication_classes = [ApiTokenAuthentication]
    permission_classes = [AllowAny]
    throttle_classes = [ArrivalThrottle]

    @extend_schema(
        operation_id="rating_open_session",
        request=shapes.ArrivalSerializer,
        responses={
            200: shapes.OpenedSessionSerializer,
            201: shapes.OpenedSessionSerializer,
            409: _REFUSED,
        },
    )
    def post(self, request: Request) -> Response:
        """Open the rater's session in a study, or find it again: 201 if it is new, else 200."""
        asked = shapes.ArrivalSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        study = get_object_or_404(Study, slug=asked.validated_data["study"])
        if asked.validated_data["simulated"] and not may(request.user, "studies.change_study", study):
            raise PermissionDenied(
                _("Simulated raters need the token of an owner of the study: Authorization: Token <key>.")
            )
        arrival = _arrival(request, asked.validated_data)
        with translation.override(arrival.language or get_language()):  # a refusal is read by the rater
            opened = open_session(study=study, arrival=arrival)
        if opened.created:
            note_if_nothing_is_left(opened.session)
        body = {"token": opened.token, "session": _session_body(opened.session)}
        code = status.HTTP_201_CREATED if opened.created else status.HTTP_200_OK
        return Response(shapes.OpenedSessionSerializer(body).data, status=code)


def _arrival(request: Request, asked: dict[str, Any]) -> Arrival:
    agent = request.headers.get("User-Agent", "")[:300]
    return Arrival(
        consent_hash=asked["consent_hash"],
        client=asked["client"],
        parameters=asked["arrival"],
        device={**asked["device"], "user_agent": agent},
        simulated=asked["simulated"],
        language=asked["language"],
    )


def _session_body(session: Session) -> dict[str, Any]:
    answered = read_history(session).answered_count
    return {
        "state": session.state,
        "study": describe_study(session.study, session.language),
        "progress": progress_of(session, answered=answered),
        "completion": completion_of(session),
        "again": another_sitting(session),
        "standing": standing_of(session),
        "pay": pay_of(session),
    }


class CurrentSessionView(SessionView):
    """The session."""

    @extend_schema(operation_id="rating_session", responses=shapes.SessionSerializer)
    def get(self, request: Request) -> Response:
        """Return the study, how far the session is, and at its end the completion code."""
        return Response(shapes.SessionSerializer(_session_body(session_of(request))).data)


class AssignmentsView(SessionView):
    """Hand-out."""

    @extend_schema(operation_id="rating_hand_out", request=None, responses=shapes.BlockSerializer)
    def post(self, request: Request) -> Response:
        """Return what to answer next: what is unanswered first, then newly drawn trials; up to ten.

        Empty: complete the session, unless ``study_state`` is ``paused``; then new ones come later.
        """
        block = hand_out(session_id=session_of(request).pk)
        body = {
            "study_state": block.session.study.state,
            "assignments": describe_assignments(block.session.study, block.assignments),
            "progress": block.progress,
        }
        return Response(shapes.BlockSerializer(body).data)


_BATCH_READER = shapes.LooseVoteBatchSerializer()


class VotesView(SessionView):
    """Intake: the one address that every vote goes through, so it does nothing twice that once will do."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return the one way in: with no more of the session than intake needs."""
        return [SessionTokenAuthentication(find=find_session)]

    @extend_schema(
        operation_id="rating_vote",
        request=shapes.VoteBatchSerializer,
        responses=shapes.IntakeSerializer,
    )
    def post(self, request: Request) -> Response:
        """Store votes, and answer once they are committed, each with its own result.

        Send a vote again, under the same key, until it is answered: it is stored once.
        """
        read = read_submissions(_BATCH_READER.run_validation(request.data)["votes"])
        intake = _store(request, read.submissions)
        body = {
            "results": verdicts_in_order(read, intake.verdicts, intake.feedback),
            "progress": vars(intake.progress),
            "next": {str(assignment): parameters for assignment, parameters in intake.parameters.items()},
        }
        return Response(body)


def _store(request: Request, submissions: list[Submission]) -> Intake:
    """Store votes; where what this process knew of the token is no longer so, look at the token again."""
    try:
        return store_votes(session=session_of(request), submissions=submissions)
    except Session.DoesNotExist:
        forget_sessions()
        found = SessionTokenAuthentication(find=find_session).authenticate(request)
        if found is None:
            raise NotAuthenticated from None
        return store_votes(session=found[1], submissions=submissions)


class ComprehensionView(SessionView):
    """Comprehension questions."""

    @extend_schema(
        operation_id="rating_comprehension",
        request=shapes.FlowAnswersSerializer,
        responses={200: shapes.ComprehensionSerializer, 409: _REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Judge one try at all comprehension questions; nothing is handed out before they are right."""
        given = shapes.FlowAnswersSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        result = answer_comprehension(
            session_id=session_of(request).pk, answers=given.validated_data["answers"]
        )
        return Response(shapes.ComprehensionSerializer(result).data)


class PracticeView(SessionView):
    """Practice."""

    @extend_schema(operation_id="rating_practice", responses=shapes.PracticeSerializer)
    def get(self, request: Request) -> Response:
        """Return the practice trials that are still to be answered; their ids are no assignments'."""
        session = session_of(request)
        body = {"trials": practice_of(session), "total": len(session.study.practice)}
        return Response(shapes.PracticeSerializer(body).data)

    @extend_schema(
        operation_id="rating_answer_practice",
        request=shapes.PracticeAnswerSerializer,
        responses={200: shapes.PracticeVerdictSerializer, 409: _REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Judge an answer to a practice trial; it counts for nothing."""
        given = shapes.PracticeAnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        verdict = answer_practice(
            session_id=session_of(request).pk,
            number=given.validated_data["trial"].int,
            answers=given.validated_data["answers"],
        )
        return Response(shapes.PracticeVerdictSerializer(verdict).data)


class ClosingView(SessionView):
    """Closing questions."""

    @extend_schema(
        operation_id="rating_closing",
        request=shapes.FlowAnswersSerializer,
        responses=shapes.StoredSerializer,
    )
    def post(self, request: Request) -> Response:
        """Keep the answers to the closing questions; the first ones count, sent again they are ignored."""
        given = shapes.FlowAnswersSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wrong = store_closing(session_id=session_of(request).pk, answers=given.validated_data["answers"])
        if wrong:
            return Response(
                {"answers": {key: [reason] for key, reason in wrong.items()}},
                status=status.HTTP_400_BAD_REQUEST,
            )
        return Response(shapes.StoredSerializer({"stored": True}).data)


class CompleteView(SessionView):
    """Completion."""

    @extend_schema(
        operation_id="rating_complete",
        request=None,
        responses={200: shapes.EndedSessionSerializer, 409: _REFUSED},
    )
    def post(self, request: Request) -> Response:
        """End the session, once nothing is left to answer, and return the completion code."""
        session = complete_session(session_id=session_of(request).pk)
        body = {
            "state": session.state,
            "completion": completion_of(session),
            "again": another_sitting(session),
        }
        return Response(shapes.EndedSessionSerializer(body).data)


class PreviewView(RatingView):
    """Preview."""

    authentication_classes = [ApiTokenAuthentication, SessionAuthentication]
    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_preview",
        parameters=[shapes.PreviewQuerySerializer],
        responses={200: shapes.PreviewSerializer, 409: _REFUSED},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return every screen of a study as a rater would see it, with its trials from ``trial`` on.

        Right answers are among it, so that the page can say what is right; nothing is stored.
        """
        study = find(request.user, Study.objects.all(), slug=slug)
        asked = shapes.PreviewQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        body = _preview_or_refuse(study, **asked.validated_data)
        return Response(shapes.PreviewSerializer(body).data)


def _preview_or_refuse(study: Study, trial: int, language: str) -> dict[str, Any]:
    flow = complete_flow(study.flow)
    try:
        assignments = preview_assignments(study, first=trial - 1)
        practice = preview_practice(study, language)
        return {
            "study": preview_study(study, language),
            "assignments": assignments,
            "progress": {"done": 0, "total": len(assignments)},
            "practice": practice.trials,
            "truths": {key: vars(truth) for key, truth in practice.truths.items()},
            "comprehension": {q["key"]: q["correct"] for q in flow["comprehension"]["questions"]},
            "unfit": unfit_device(study.flow, NO_DEVICE),
        }
    except NotLaunchable as error:
        raise Refusal("not_launchable", " ".join(error.messages)) from error
    except StimulusError as error:
        raise Refusal("not_launchable", str(error)) from error


class PreviewImageView(RatingView):
    """One image of a preview."""

    authentication_classes = [ApiTokenAuthentication, SessionAuthentication]
    permission_classes = [IsAdminUser]

    @extend_schema(operation_id="study_preview_image", responses={(200, "image/webp"): bytes, 409: _REFUSED})
    def get(self, request: Request, slug: str, sample_id: int) -> HttpResponse:
        """Return one of a study's samples as raters will see it."""
        study = find(request.user, Study.objects.all(), slug=slug)
        try:
            content = render_preview(study, sample_id)
        except Sample.DoesNotExist:
            return Response({"detail": _("This study has no such sample.")}, status=status.HTTP_404_NOT_FOUND)
        except StimulusError as error:
            raise Refusal("image_unreadable", str(error)) from error
        return HttpResponse(content, content_type="image/webp")
