"""The live page: how a study fills, by condition and by what became of its sessions, with live intervals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from humaneval.protocols import registry
from humaneval.rating.costs import Cost, costs_of
from humaneval.rating.live import LiveState, live_state
from humaneval.rating.models import Course, Session
from humaneval.studies.models import Study, StudyState
from humaneval.studies.standing import Standing
from humaneval.teams.access import PermissionsIn, find, may


@dataclass(frozen=True)
class Interval:
    """A condition's estimate on a question so far, and an interval that holds at every look.

    Shares are percentages (``unit`` is ``%``), scores points of their scale.
    """

    question: str
    estimate: float
    low: float
    high: float
    raters: int
    unit: str


REFRESH_SECONDS = 20
CENT = Decimal("0.01")
MEASURES = {
    "preference": _("share of its comparisons that a set won, a tie counting half"),
    "ranking": _("share of the others on the screen that a set is put above, a tie counting half"),
}
"""What live intervals are about, by kind of analysis, where that is not the protocol's own measure."""


@dataclass(frozen=True)
class Outlook:
    """Where a study is heading at the pace of the last hour: votes that count an hour, and when it is full.

    ``finish`` is None where nothing comes, or nothing is wanted any more.
    """

    an_hour: float
    finish: datetime | None


@dataclass(frozen=True)
class Bill:
    """What a study costs in one currency, and what a full one will have cost (None before a vote counts)."""

    cost: Cost
    projected: Decimal | None


@dataclass(frozen=True)
class Line:
    """A condition: its votes that count, and its intervals so far."""

    label: str
    votes: int
    intervals: list[Interval]


@require_safe
@staff_member_required
def live(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how a study stands just now; intervals, to those who may see results."""
    study = find(request.user, Study.objects.all(), slug=slug)
    state = live_state(study)
    sees_results = may(request.user, "rating.view_course", study)
    course = Course.objects.filter(study=study).first() if sees_results else None
    context = {
        "study": study,
        "perms": PermissionsIn(request.user, study),
        "state": state,
        "sessions": state.active + state.abandoned + state.completed + state.unasked + state.screened_out,
        "abandonment": _abandonment(state),
        "seconds": None if state.median_response_ms is None else state.median_response_ms / 1000,
        "simulated": Session.objects.filter(study=study, rater__simulated=True).exists(),
        "course": course,
        "lines": _lines(study, state, course),
        "measure": _measure(study),
        "outlook": outlook_of(state, timezone.now()),
        "bills": _bills(request, study, state),
        "renews": study.state == StudyState.OPEN and "still" not in request.GET,
        "every": REFRESH_SECONDS,
    }
    response = render(request, "rating/live.html", context)
    if context["renews"]:
        response["Refresh"] = str(REFRESH_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def standing(study: Study) -> Standing:
    """Return how far a study has come, for its page in the admin."""
    state = live_state(study)
    return Standing(state.given.counting, state.wanted, reverse("rating:live", args=[study.slug]))


def outlook_of(state: LiveState, now: datetime) -> Outlook:
    """Return the pace of votes that count, and when the study is full if it goes on like that."""
    share = state.given.counting / state.given.votes if state.given.votes else 0.0
    pace = state.latest.an_hour * share
    left = state.wanted - state.given.counting
    finish = now + timedelta(hours=left / pace) if pace > 0 and left > 0 and left / pace < 87_600 else None
    return Outlook(pace, finish)


def _bills(request: HttpRequest, study: Study, state: LiveState) -> list[Bill]:
    """Return what the study costs, to those who may see recruitment."""
    if not may(request.user, "recruitment.view_posting", study):
        return []
    return [Bill(cost, _projected(cost, state)) for cost in costs_of(study)]


def _projected(cost: Cost, state: LiveState) -> Decimal | None:
    """Return what all votes wanted cost, if each costs what those that count have cost so far."""
    if not state.given.counting or not cost.spent:
        return None
    left = max(state.wanted, state.given.counting)
    return (cost.spent * left / state.given.counting).quantize(CENT, ROUND_HALF_UP)


def _abandonment(state: LiveState) -> float | None:
    """Return the percentage of finished or left sessions that were left; None where there are none."""
    over = state.abandoned + state.completed
    return 100 * state.abandoned / over if over else None


def _measure(study: Study) -> str:
    """Return what the live intervals are about, to go on in a sentence."""
    protocol = registry.get(study.protocol)
    own = protocol.measure[:1].lower() + protocol.measure[1:]
    return str(MEASURES.get(protocol.analysis, own))


def _lines(study: Study, state: LiveState, course: Course | None) -> list[Line]:
    looks: list[dict[str, Any]] = course.looks if course else []
    questions = dict(study.questions.values_list("key", "text"))
    times, unit = (1, "") if registry.get(study.protocol).uses_scale else (100, "%")
    return [
        Line(
            str(condition),
            state.given.by_condition.get(condition.pk, 0),
            [
                Interval(
                    questions[look["question"]],
                    times * look["estimate"],
                    times * look["low"],
                    times * look["high"],
                    look["raters"],
                    unit,
                )
                for look in looks
                if look["condition"] == condition.pk
            ],
        )
        for condition in study.conditions.select_related("sample_set")
    ]
