"""The planner's page: a form whose address is the plan, so that it can be kept and sent; no script needed.

What SciPy, pandas and Matplotlib serve is imported when somebody plans: starting up must not take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies.models import Study, StudyState
from humaneval.teams.access import PermissionsIn, find, may, visible
from humaneval.workspace.planning.assumptions import ASSUMED, TIME_SOURCE, WAGE_SOURCE
from humaneval.workspace.planning.forms import PlanForm
from humaneval.workspace.planning.plans import NoPlan, Plan, check_aim
from humaneval.workspace.planning.starts import values_of

RESULTS = "reports.view_snapshot"
CHANGE = "studies.change_study"
WIDE, SLIM = 760, 360


@dataclass(frozen=True)
class Drawing:
    """The curve for wide and for narrow pages."""

    wide: str
    narrow: str


@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what it takes for the values in the address; a post takes the plan over into the draft."""
    study = find(request.user, Study.objects.all(), slug=slug)
    if request.method == "POST":
        return _take_over(request, find(request.user, Study.objects.all(), CHANGE, slug=slug))
    context: dict[str, Any] = {
        "study": study,
        "perms": PermissionsIn(request.user, study),
        "may_take": may(request.user, CHANGE, study) and study.state == StudyState.DRAFT,
    }
    try:
        values = values_of(study)
        if request.GET.get("measure"):
            return _measured(request, study, values)
        context |= _planned(request, study, values)
    except NoPlan as reason:
        context["reason"] = str(reason)
    return render(request, "workspace/plan.html", context)


def given_values(starting: dict[str, Any], given: Any) -> dict[str, Any]:
    """Return the form's values: what is given, and the starting value of all else."""
    return {name: given.get(name, value) for name, value in starting.items()}


def _planned(request: HttpRequest, study: Study, values: dict[str, Any]) -> dict[str, Any]:
    from humaneval.workspace.planning.sizes import make_plan

    form = PlanForm(given_values(values, request.GET), protocol=study.protocol)
    context: dict[str, Any] = {
        "form": form,
        "assumed": ASSUMED[study.protocol],
        "time_source": TIME_SOURCE,
        "wage_source": WAGE_SOURCE,
        "pilots": _pilots(request, study),
        "pilot": request.GET.get("pilot", ""),
    }
    try:
        check_aim(study.protocol, request.GET)
        if not form.is_valid():
            return context
        made = make_plan(study.protocol, form.cleaned_data, study.settings)
    except NoPlan as reason:
        return {**context, "reason": str(reason)}
    return {**context, "plan": made, "drawing": _drawn(made)}


def _drawn(made: Plan) -> Drawing:
    from humaneval.workspace.planning.curves import draw_curve

    return Drawing(draw_curve(made, name="plan", width=WIDE), draw_curve(made, name="plan-slim", width=SLIM))


def _pilots(request: HttpRequest, study: Study) -> Any:
    """Return the studies whose votes the person may see and that ask alike."""
    alike = Study.objects.filter(protocol=study.protocol).exclude(state=StudyState.DRAFT)
    return visible(request.user, alike, RESULTS).order_by("name")


def _measured(request: HttpRequest, study: Study, values: dict[str, Any]) -> HttpResponse:
    """Lead to the plan with what a pilot says in place of what is assumed."""
    from humaneval.workspace.planning.pilots import measure

    pilot = find(request.user, Study.objects.filter(protocol=study.protocol), RESULTS,
                 slug=request.GET.get("pilot", ""))  # fmt: skip
    given = given_values(values, request.GET)
    found = measure(pilot, aim="width" if given["aim"] == "width" else "power")
    query = urlencode({**given, **found.values, "pilot": pilot.slug})
    return HttpResponseRedirect(f"{request.path}?{query}")


def _take_over(request: HttpRequest, study: Study) -> HttpResponse:
    """Write trials, votes a trial and trials a session into the draft."""
    from humaneval.workspace.planning.sizes import make_plan

    form = PlanForm(given_values(values_of(study), request.POST), protocol=study.protocol)
    page = reverse("admin:studies_study_change", args=[study.pk])
    if not form.is_valid():
        return HttpResponseRedirect(f"{request.path}?{request.POST.urlencode()}")
    try:
        made = make_plan(study.protocol, form.cleaned_data, study.settings)
        take_over(study, made)
    except (NoPlan, ValidationError) as error:
        for text in error.messages if isinstance(error, ValidationError) else [str(error)]:
            messages.error(request, text)
    else:
        messages.success(request, _taken(study, made))
    return HttpResponseRedirect(page)


def _taken(study: Study, made: Plan) -> str:
    row = made.chosen
    if PROTOCOLS[study.protocol].uses_pairs:
        text = _("The plan was taken over: %(votes)d votes each. The trials are the pairs that you import.")
    else:
        text = _("The plan was taken over: %(trials)d trials, %(votes)d votes each.")
    return text % {"trials": row.trials, "votes": row.votes_per_trial}


def take_over(study: Study, made: Plan) -> None:
    """Write a plan into a draft; raises ValidationError where the study does not take it.

    Where pairs are the trials, their table says how many there are.
    """
    if not PROTOCOLS[study.protocol].uses_pairs:
        study.trial_count = made.chosen.trials
    study.votes_per_trial = made.chosen.votes_per_trial
    study.assignments_per_session = made.session
    study.full_clean()
    study.save()
