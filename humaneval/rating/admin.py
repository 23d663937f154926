"""Raters, sessions and votes as staff look at them. Nothing here can be changed."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from humaneval.rating.models import Answer, Course, Rater, RuleSet, Session, Vote
from humaneval.teams.scoped import OfTeam, OwnRelatedFilter
from humaneval.ui.admin import ReadOnlyModelAdmin, TabularInline, display, register


@register(Rater)
class RaterAdmin(OfTeam, ReadOnlyModelAdmin):
    """People (and programs) who rate, by pseudonym."""

    list_display = ("pseudonym", "panel", "simulated", "created_at")
    list_filter = ("panel", "simulated")
    fields = ("pseudonym", "panel", "simulated", "created_at")


@register(Session)
class SessionAdmin(OfTeam, ReadOnlyModelAdmin):
    """Sittings, with how many votes each has given."""

    list_display = ("id", "study", "rater", "simulated", "state", "votes", "started_at", "finished_at")
    list_filter = (("study", OwnRelatedFilter), "state", "rater__simulated", "rater__panel")
    list_select_related = ("study", "rater")
    fields = (
        "study",
        "rater",
        "simulated",
        "state",
        "votes",
        "allotment",
        "consent_hash",
        "arrival",
        "device",
        "started_at",
        "finished_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        """Return sessions with their numbers of votes."""
        return super().get_queryset(request).annotate(vote_count=Count("assignments__vote"))

    @display(description=_("votes"), ordering="vote_count")
    def votes(self, session: Any) -> int:
        """Return how many votes the session has given."""
        return session.vote_count

    @display(description=_("simulated"), boolean=True, ordering="rater__simulated")
    def simulated(self, session: Session) -> bool:
        """Return whether the rater is a program."""
        return session.rater.simulated


class AnswerInline(TabularInline):
    """What a vote answered."""

    model = Answer
    fields = ("question", "value")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: votes are not edited."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: votes are not edited."""
        return False


@register(Vote)
class VoteAdmin(OfTeam, ReadOnlyModelAdmin):
    """Votes, the latest first."""

    list_display = (
        "id",
        "study",
        "rater",
        "simulated",
        "trial",
        "outcome",
        "late",
        "repeat",
        "response",
        "received_at",
    )
    list_filter = (
        "outcome",
        "late",
        "assignment__is_repeat",
        ("assignment__session__study", OwnRelatedFilter),
    )
    list_select_related = ("assignment__session__study", "assignment__session__rater", "assignment__trial")
    ordering = ("-id",)
    show_full_result_count = False
    fields = (
        "study",
        "rater",
        "simulated",
        "trial",
        "outcome",
        "late",
        "repeat",
        "response",
        "timings",
        "received_at",
    )
    inlines = (AnswerInline,)

    @display(description=_("study"))
    def study(self, vote: Vote) -> str:
        """Return the study's name."""
        return str(vote.assignment.session.study)

    @display(description=_("rater"))
    def rater(self, vote: Vote) -> str:
        """Return the rater's pseudonym."""
        return vote.assignment.session.rater.pseudonym

    @display(description=_("simulated"), boolean=True)
    def simulated(self, vote: Vote) -> bool:
        """Return whether the rater is a program."""
        return vote.assignment.session.rater.simulated

    @display(description=_("trial"))
    def trial(self, vote: Vote) -> int:
        """Return the trial's number in its study."""
        return vote.assignment.trial.number

    @display(description=_("repeat"), boolean=True)
    def repeat(self, vote: Vote) -> bool:
        """Return whether it answers a repeat, which counts for nothing but consistency."""
        return vote.assignment.is_repeat

    @display(description=_("response time"), ordering="response_ms")
    def response(self, vote: Vote) -> str:
        """Return the time to answer in seconds."""
        return f"{vote.response_ms / 1000:.2f} s"


@register(RuleSet)
class RuleSetAdmin(OfTeam, ReadOnlyModelAdmin):
    """Declared exclusion rules, version by version; each study has a page where they are declared."""

    list_display = ("name", "study", "version", "before_launch", "declared_at", "declared_by")
    list_filter = (("study", OwnRelatedFilter), "before_launch")
    list_select_related = ("study", "declared_by")
    fields = ("name", "study", "version", "rules", "before_launch", "declared_at", "declared_by")


@register(Course)
class CourseAdmin(OfTeam, ReadOnlyModelAdmin):
    """Where the votes of running studies lead: intervals so far, and whether there are enough."""

    list_display = ("study", "votes", "enough", "enough_since", "computed_at")
    list_select_related = ("study",)
    fields = ("study", "votes", "enough", "enough_since", "intervals", "computed_at")

    @display(description=_("intervals so far (valid at every look)"))
    def intervals(self, course: Course) -> str:
        """Return a line for each condition and question."""
        names = {row.pk: str(row) for row in course.study.conditions.select_related("sample_set")}
        lines = (
            (
                names.get(look["condition"], ""),
                look["question"],
                f"{look['estimate']:.3f}",
                f"{look['low']:.3f}",
                f"{look['high']:.3f}",
                _("%d raters") % look["raters"],
            )
            for look in course.looks
        )
        return format_html_join(mark_safe("<br>"), "{}, {}: {} [{}, {}], {}", lines) or "-"
