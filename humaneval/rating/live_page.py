"""The live page: how a study fills, by condition and by what became of its sessions, with live intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from humaneval.rating.live import LiveState, live_state
from humaneval.rating.models import Course, Session
from humaneval.studies.models import Study
from humaneval.studies.standing import Standing
from humaneval.teams.access import PermissionsIn, find, may


@dataclass(frozen=True)
class Interval:
    """A condition's estimate on a question so far, and an interval that holds at every look."""

    question: str
    estimate: float
    low: float
    high: float
    raters: int


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
        "sessions": state.active + state.abandoned + state.completed + state.screened_out,
        "abandonment": _abandonment(state),
        "seconds": None if state.median_response_ms is None else state.median_response_ms / 1000,
        "simulated": Session.objects.filter(study=study, rater__simulated=True).exists(),
        "course": course,
        "lines": _lines(study, state, course),
    }
    response = render(request, "rating/live.html", context)
    response["Cache-Control"] = "no-store"
    return response


def standing(study: Study) -> Standing:
    """Return how far a study has come, for its page in the admin."""
    state = live_state(study)
    return Standing(state.given.counting, state.wanted, reverse("rating:live", args=[study.slug]))


def _abandonment(state: LiveState) -> float | None:
    """Return the percentage of finished or left sessions that were left; None where there are none."""
    over = state.abandoned + state.completed
    return 100 * state.abandoned / over if over else None


def _lines(study: Study, state: LiveState, course: Course | None) -> list[Line]:
    looks: list[dict[str, Any]] = course.looks if course else []
    questions = dict(study.questions.values_list("key", "text"))
    return [
        Line(
            str(condition),
            state.given.by_condition.get(condition.pk, 0),
            [
                Interval(
                    questions[look["question"]], look["estimate"], look["low"], look["high"], look["raters"]
                )
                for look in looks
                if look["condition"] == condition.pk
            ],
        )
        for condition in study.conditions.select_related("sample_set")
    ]
