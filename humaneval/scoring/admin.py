"""Metric runs and scores as staff see them: started, watched, retried, cancelled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from humaneval.jobs.admin import STATE_COLOURS, ButtonsAdmin
from humaneval.jobs.models import JobState
from humaneval.samples.models import SampleSet
from humaneval.scoring import runs
from humaneval.scoring.forms import MetricRunForm
from humaneval.scoring.models import MetricRun, Score
from humaneval.teams.scoped import OfTeam, OwnRelatedFilter
from humaneval.ui.admin import (
    ReadOnlyModelAdmin,
    action,
    display,
    register,
)


@dataclass(frozen=True)
class ScoreRow:
    """One score over the sets of a run; None where a set has none (yet)."""

    label: str
    direction: str
    scores: list[Score | None]


@dataclass(frozen=True)
class ScoreTable:
    """The scores of a run: a row for each score, a column for each set."""

    sets: list[str]
    rows: list[ScoreRow]

    @classmethod
    def of(cls, run: MetricRun) -> ScoreTable:
        """Return a run's table, in two queries."""
        sets = list(run.generated.order_by("id"))
        by_metric: dict[str, dict[int, Score]] = {}
        for score in run.scores.order_by("id"):
            by_metric.setdefault(score.metric, {})[score.sample_set_id] = score
        return cls([each.name for each in sets], [_row(found, sets) for found in by_metric.values()])


def _row(found: dict[int, Score], sets: list[SampleSet]) -> ScoreRow:
    first = next(iter(found.values()))
    direction = {True: _("higher is better"), False: _("lower is better"), None: ""}[first.higher_is_better]
    return ScoreRow(first.label, str(direction), [found.get(each.pk) for each in sets])


@register(MetricRun)
class MetricRunAdmin(ButtonsAdmin):
    """Metric runs."""

    change_form_outer_after_template = "scoring/run_result.html"
    list_display = ("title", "reference", "extractor", "state", "progress", "created_at")
    list_filter = ("job__state", ("reference", OwnRelatedFilter))
    list_select_related = ("reference", "job")
    search_fields = ("name", "extractor", "generated__name")
    actions_submit_line = ("retry_this", "cancel_this")

    class Media:
        css = {"all": ("scoring/admin.css",)}

    @display(description=_("run"))
    def title(self, run: MetricRun) -> str:
        """Return the run's name, or its number where it has none."""
        return str(run)

    @display(description=_("state"), label=STATE_COLOURS, ordering="job__state")
    def state(self, run: MetricRun) -> tuple[str, Any]:
        """Return the state of the run's job and its words."""
        return (run.job.state, run.job.get_state_display()) if run.job else ("", "–")

    @display(description=_("state"))
    def state_in_words(self, run: MetricRun) -> str:
        """Return the state of the run's job."""
        return run.job.get_state_display() if run.job else "–"

    @display(description=_("progress"))
    def progress(self, run: MetricRun) -> str:
        """Return how far the run is, in words."""
        return run.job.progress_text if run.job else ""

    @display(description=_("error"))
    def error(self, run: MetricRun) -> str:
        """Return why the run failed, if it did."""
        return (run.job.error if run.job else "") or "–"

    @display(description=_("made with"))
    def made_with(self, run: MetricRun) -> SafeString:
        """Return settings and versions, for the record."""
        record = {"settings": run.settings, "seed": run.seed, "versions": run.versions}
        return format_html(
            '<pre class="run-record">{}</pre>', json.dumps(record, indent=1, ensure_ascii=False)
        )

    @display(description=_("job"))
    def job_link(self, run: MetricRun) -> str | SafeString:
        """Return a link to the run's job."""
        if run.job is None:
            return "–"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:jobs_job_change", args=[run.job.pk]), run.job
        )

    @display(description=_("metrics"))
    def metric_names(self, run: MetricRun) -> str:
        """Return the metrics' names in one line."""
        return ", ".join(run.metrics)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return a new run's form, an existing run's record."""
        if obj is None:
            first = ("name", "reference", "generated", "extractor", "other_extractor", "metrics")
            return ((None, {"fields": first}), (_("Details"), {"fields": ("settings", "seed")}))
        shown = ("name", "state_in_words", "progress", "error", "reference", "generated", "extractor")
        return (
            (None, {"fields": (*shown, "metric_names")}),
            (
                _("Record"),
                {"classes": ("collapse",), "fields": ("job_link", "created_by", "created_at", "made_with")},
            ),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form that starts a run; an existing run has no fields to fill in."""
        if obj is None:
            kwargs["form"] = type("MetricRunForm", (MetricRunForm,), {"user": request.user})
        return super().get_form(request, obj, change=change, **kwargs)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the run above its scores and what could not be computed."""
        run = self.get_object(request, object_id)
        shown = {"score_table": ScoreTable.of(run), "underway": self.is_underway(run)} if run else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the new run's page."""
        return HttpResponseRedirect(reverse("admin:scoring_metricrun_change", args=[obj.pk]))

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """Start a new run; on an existing one do what the pressed button says."""
        if change:
            super().save_model(request, obj, form, change)
            return
        names = ("name", "reference", "extractor", "metrics", "settings", "seed")
        wanted = {name: form.cleaned_data[name] for name in names}
        started = runs.start_run(
            **wanted, generated=list(form.cleaned_data["generated"]), user=cast(User, request.user)
        )
        obj.pk = started.pk
        obj.refresh_from_db()

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Return the button that makes sense in the run's state."""
        run = self.get_object(request, object_id)
        if run is None or run.job is None or run.job.state == JobState.SUCCEEDED:
            return []
        useful = "retry_this" if run.job.is_finished else "cancel_this"
        buttons = super().get_actions_submit_line(request, object_id)
        return [button for button in buttons if button.action_name.endswith(useful)]

    def is_underway(self, obj: MetricRun | None) -> bool:
        """Whether the run waits or is being computed."""
        return obj is not None and obj.job is not None and not obj.job.is_finished

    @action(description=_("Retry what failed"), icon="replay", permissions=("change",))
    def retry_this(self, request: HttpRequest, run: MetricRun) -> None:
        """Queue the run again: it computes what it lacks."""
        runs.retry_run(run)
        messages.info(request, _("The run is queued again; it computes only what is missing."))

    @action(description=_("Cancel"), icon="cancel", permissions=("change",))
    def cancel_this(self, request: HttpRequest, run: MetricRun) -> None:
        """Stop the run."""
        runs.cancel_run(run)
        messages.info(request, _("The run is being stopped; the scores that it has stay."))


@register(Score)
class ScoreAdmin(OfTeam, ReadOnlyModelAdmin):
    """Scores."""

    list_display = ("label", "sample_set", "value", "standard_error", "count_generated", "run", "created_at")
    list_filter = (("sample_set", OwnRelatedFilter), "metric")
    list_select_related = ("sample_set", "run")
    search_fields = ("label", "metric", "sample_set__name")
