"""The API of recruitment: where it stands, what was paid, what to decide; and, for who may, publish and pay.

What costs money takes the total that a person has seen: another one is refused (409), as on the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from humaneval.recruitment import access, ledger, payments, publishing
from humaneval.recruitment import serializers as shapes
from humaneval.recruitment.access import who_may
from humaneval.recruitment.disagreements import disagreements_of
from humaneval.recruitment.exports import COLUMNS, RATER_COLUMNS, ledger_rows, rater_rows
from humaneval.recruitment.models import Intent, IntentKind, Posting
from humaneval.recruitment.overviews import status_of
from humaneval.studies.models import Study
from humaneval.teams.access import find, visible
from humaneval.teams.audit import record_action

MOVES = {"pause": IntentKind.PAUSE, "resume": IntentKind.RESUME, "stop": IntentKind.STOP}


class Conflict(APIException):
    """What was asked does not go with how things stand (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


@contextmanager
def _refusals_answered() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise Conflict(" ".join(error.messages)) from error


def _calls(summary: str, request: Any) -> Callable[..., Any]:
    """Describe an endpoint that asks for calls to a panel."""
    answers = {202: shapes.IntentSerializer(many=True), 409: shapes.RefusedSerializer}
    return extend_schema(summary=summary, request=request, responses=answers)


def _accepted(*intents: Intent) -> Response:
    data = shapes.IntentSerializer(list(intents), many=True).data
    return Response(data, status=status.HTTP_202_ACCEPTED)


class RecruitmentView(APIView):
    """A study's recruitment."""

    permission_classes = who_may(access.LOOK)

    @extend_schema(
        operation_id="recruitment_status",
        summary="Read a study's postings: people, money, wages",
        responses=shapes.RecruitmentSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return where recruitment stands."""
        study = find(request.user, Study.objects.all(), access.LOOK, slug=slug)
        return Response(shapes.RecruitmentSerializer(status_of(study)).data)


class PostingsView(APIView):
    """Drafts of postings."""

    permission_classes = who_may("recruitment.add_posting")

    @extend_schema(
        operation_id="recruitment_draft",
        summary="Make a draft of a posting; nothing is told to the panel",
        request=shapes.PostingSerializer,
        responses={201: shapes.PostingSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Make a draft."""
        study = find(request.user, Study.objects.all(), "recruitment.add_posting", slug=slug)
        sent = shapes.PostingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        posting = sent.save(study=study, created_by=request.user)
        record_action(action="add posting", subject=posting, user=access.user_of(request))
        return Response(shapes.PostingSerializer(posting).data, status=status.HTTP_201_CREATED)


class LedgerView(APIView):
    """Payments."""

    permission_classes = who_may(access.LOOK)

    @extend_schema(
        operation_id="recruitment_ledger",
        summary="List a study's payments, the oldest first",
        responses=shapes.LedgerRowSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return every payment, people under their pseudonyms."""
        study = find(request.user, Study.objects.all(), access.LOOK, slug=slug)
        return _table(COLUMNS, ledger_rows(study.postings.all()))


class RatersView(APIView):
    """People and their pay."""

    permission_classes = who_may(access.LOOK)

    @extend_schema(
        operation_id="recruitment_raters",
        summary="List what each person on a panel is owed and was paid for a study",
        responses=shapes.RaterRowSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return one row for each person's place in a posting, under pseudonyms."""
        study = find(request.user, Study.objects.all(), access.LOOK, slug=slug)
        return _table(RATER_COLUMNS, rater_rows(study.postings.order_by("pk")))


class MoneyView(APIView):
    """Money of all studies."""

    permission_classes = who_may(access.LOOK)

    @extend_schema(
        operation_id="recruitment_money",
        summary="Read what every study has cost that one may look at, and all of them together",
        responses=shapes.MoneySerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the sums by study and currency, and by currency."""
        lines, totals = ledger.sums_of(visible(request.user, Posting.objects.all(), access.LOOK))
        rows = [{"study": study.slug, "totals": sums} for study, sums in lines]
        return Response(shapes.MoneySerializer({"studies": rows, "totals": totals}).data)


class ReconciliationView(APIView):
    """Cases."""

    permission_classes = who_may(access.LOOK)

    @extend_schema(
        operation_id="recruitment_reconciliation",
        summary="List where panel and sessions disagree, and what to do about it",
        responses=shapes.CaseSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return all cases of a study."""
        study = find(request.user, Study.objects.all(), access.LOOK, slug=slug)
        cases = [case for posting in study.postings.all() for case in disagreements_of(posting)]
        return Response(shapes.CaseSerializer(cases, many=True).data)


class CostView(APIView):
    """The cost of publishing."""

    permission_classes = who_may(access.LOOK)

    @extend_schema(
        operation_id="posting_cost",
        summary="Read what publishing would cost, and what stands in its way",
        responses=shapes.EstimateSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return the estimate."""
        posting = _posting(request, pk, access.LOOK)
        cost = publishing.estimate(posting)
        names = ("places", "rewards", "fees", "total", "currency")
        body = {name: getattr(cost, name) for name in names}
        return Response(shapes.EstimateSerializer({**body, "problems": publishing.problems_of(posting)}).data)


class PublishView(APIView):
    """Publishing."""

    permission_classes = who_may(access.PUBLISH)

    @_calls("Publish a draft at the total that a person has seen", shapes.ConfirmedTotalSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Ask the panel to publish."""
        posting = _posting(request, pk, access.PUBLISH)
        total = _checked(shapes.ConfirmedTotalSerializer, request)["total"]
        with _refusals_answered():
            return _accepted(publishing.publish(posting, confirmed=total, user=access.user_of(request)))


class MoveView(APIView):
    """Pausing, resuming, stopping."""

    permission_classes = [IsAdminUser]

    @_calls("Pause, resume or stop a posting", None)
    def post(self, request: Request, pk: int, move: str) -> Response:
        """Ask the panel to move a posting."""
        kind = MOVES[move]
        posting = _posting(request, pk, access.permission_for(kind))
        with _refusals_answered():
            return _accepted(publishing.move(posting, kind, access.user_of(request)))


class ApproveView(APIView):
    """Approving."""

    permission_classes = who_may(access.PAY)

    @_calls("Approve all who finished and wait, at the total seen", shapes.ConfirmedTotalSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Ask the panel to approve, and so pay, all who finished."""
        posting = _posting(request, pk, access.PAY)
        total, user = _checked(shapes.ConfirmedTotalSerializer, request)["total"], access.user_of(request)
        with _refusals_answered():
            return _accepted(*payments.approve_finished(posting, confirmed=total, user=user))


class BonusesView(APIView):
    """Bonuses."""

    permission_classes = who_may(access.PAY)

    @_calls("Pay bonuses, at the total with fees that a person has seen", shapes.BonusesSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Ask the panel to pay bonuses."""
        posting = _posting(request, pk, access.PAY)
        data = _checked(shapes.BonusesSerializer, request)
        with _refusals_answered():
            total = ledger.cost_of_bonuses(posting, data["amounts"].values())
            ledger.check_confirmed(data.pop("total"), total)
            return _accepted(*payments.pay_bonuses(posting=posting, user=access.user_of(request), **data))


class IntentView(APIView):
    """One call to a panel."""

    permission_classes = who_may(access.LOOK)

    @extend_schema(
        operation_id="recruitment_call",
        summary="Read what became of a call to a panel",
        responses=shapes.IntentSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return the call."""
        intent = find(request.user, Intent.objects.all(), access.LOOK, pk=pk)
        return Response(shapes.IntentSerializer(intent).data)


def _table(columns: Sequence[str], rows: Iterator[Sequence[str]]) -> Response:
    """Return the rows of an export, whose first is its header, as objects."""
    next(rows)
    return Response([dict(zip(columns, row, strict=True)) for row in rows])


def _checked(shape: type[Any], request: Request) -> dict[str, Any]:
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _posting(request: Request, pk: int, permission: str) -> Posting:
    return find(request.user, Posting.objects.select_related("study"), permission, pk=pk)
