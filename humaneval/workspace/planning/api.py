"""The planner for programs: the plan of a study, the sizes around it, and taking it over into a draft."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from humaneval.studies.api import refusals_answered
from humaneval.studies.models import Study
from humaneval.teams.access import find
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.forms import PlanForm, starting_values
from humaneval.workspace.planning.page import CHANGE, RESULTS, given_values, take_over
from humaneval.workspace.planning.plans import NoPlan, Plan, check_aim
from humaneval.workspace.planning.starts import values_of

FIELDS = ("aim", "power", "width", "effect", "rater", "item", "reference", "rise", "deviation",
           "conditions", "session", "images", "votes_per_trial", "seconds", "besides", "per_hour", "panel",
           "wage")  # fmt: skip
"""What a plan may be asked with, beside a pilot."""


class PlanView(APIView):
    """How large a study needs to be."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="study_plan",
        summary="How many raters, trials and votes a trial it takes, what it costs and how long it lasts",
        parameters=[
            *(OpenApiParameter(name, str, description="As on the planner's page.") for name in FIELDS),
            OpenApiParameter("pilot", str, description="Slug of a study whose votes say how raters differ."),
        ],
        responses={200: OpenApiTypes.OBJECT, 400: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the plan, the sizes around it, and what it rests on."""
        study = find(request.user, Study.objects.all(), slug=slug)
        given = request.query_params
        try:
            return Response(plan_of(study, given, self._pilot(request, study, given)))
        except NoPlan as reason:
            raise ValidationError({"detail": str(reason)}) from reason

    @extend_schema(
        operation_id="study_take_plan",
        summary="Write the planned trials, votes a trial and trials a rater into a draft",
        request=OpenApiTypes.OBJECT,
        responses={200: OpenApiTypes.OBJECT, 400: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Plan with the values in the body, take the plan over, and return it."""
        study = find(request.user, Study.objects.all(), CHANGE, slug=slug)
        if not isinstance(request.data, Mapping):
            raise ValidationError({"detail": 'The values are a JSON object, such as {"width": 0.1}.'})
        pilot = self._pilot(request, study, request.data)
        try:
            made, values = _planned(study, request.data, pilot)
        except NoPlan as reason:
            raise ValidationError({"detail": str(reason)}) from reason
        with refusals_answered():
            take_over(study, made)
        return Response(_told(study, made, values, pilot))

    def _pilot(self, request: Request, study: Study, given: Any) -> Study | None:
        pilot = given.get("pilot")
        alike = Study.objects.filter(protocol=study.protocol)
        return find(request.user, alike, RESULTS, slug=str(pilot)) if pilot else None


def plan_of(study: Study, given: Any, pilot: Study | None = None) -> dict[str, Any]:
    """Return a study's plan as JSON: ``plan``, ``curve``, ``assumptions``, ``source``. Raises NoPlan.

    What is given goes before what a pilot measures, that before what is assumed.
    """
    made, values = _planned(study, given, pilot)
    return _told(study, made, values, pilot)


def _planned(study: Study, given: Any, pilot: Study | None) -> tuple[Plan, dict[str, Any]]:
    """Return a plan and the values that it rests on."""
    # SciPy and pandas: starting up must not cost them.
    from humaneval.workspace.planning.pilots import measure
    from humaneval.workspace.planning.sizes import make_plan

    check_aim(study.protocol, given)
    _check_names(study.protocol, given)
    values = values_of(study)
    if pilot is not None:
        values |= measure(
            pilot, aim="width" if given.get("aim", values["aim"]) == "width" else "power"
        ).values
    form = PlanForm(given_values(values, given), protocol=study.protocol)
    if not form.is_valid():
        said = (f"{name}: {' '.join(map(str, texts))}" for name, texts in form.errors.items())
        raise NoPlan(" ".join(said))
    return make_plan(study.protocol, form.cleaned_data, study.settings), form.cleaned_data


def _check_names(protocol: str, given: Mapping[str, Any]) -> None:
    """Raise NoPlan for what no plan follows from, or none of the protocol: it would change nothing."""
    known = ["power", "width", *(name for name in FIELDS if name in starting_values(protocol)), "pilot"]
    for name in given:
        if name in known or name in {"aim", "format"}:  # the latter is the framework's
            continue
        near = difflib.get_close_matches(str(name), known, n=1)
        hint = f"Did you mean “{near[0]}”?" if near else f"There are {', '.join(dict.fromkeys(known))}."
        raise NoPlan(f"No plan of the protocol {protocol} follows from “{name}”. {hint}")


def _told(study: Study, made: Plan, values: dict[str, Any], pilot: Study | None) -> dict[str, Any]:
    return {
        "study": study.slug,
        "aim": made.aim,
        "target": made.target,
        "trials_a_session": made.session,
        "minutes_a_session": made.minutes,
        "plan": made.chosen.as_json(),
        "curve": [row.as_json() for row in made.curve],
        "assumptions": {name: str(value) for name, value in values.items()},
        "source": pilot.slug if pilot else str(ASSUMED[study.protocol].source),
    }
