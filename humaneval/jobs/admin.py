"""Jobs as staff see them: how far each is, why it failed, and buttons to retry or cancel it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from humaneval.jobs import services
from humaneval.jobs.models import Job, JobState
from humaneval.teams.access import visible
from humaneval.teams.audit import record_action
from humaneval.teams.scoped import OfTeam
from humaneval.ui.admin import ModelAdmin, action, display, register

STATE_COLOURS = {
    JobState.QUEUED: "info",
    JobState.RUNNING: "warning",
    JobState.SUCCEEDED: "success",
    JobState.FAILED: "danger",
}


REFRESH_SECONDS = 3


class ButtonsAdmin(OfTeam, ModelAdmin):
    """An admin for rows that people never edit, only act on by the buttons of ``actions_submit_line``.

    The buttons post the page's form, so that no link from elsewhere can press them; the row itself is
    not saved, since a worker may have written to it after the page was drawn.
    """

    warn_unsaved_form = False
    actions_submit_line: tuple[str, ...] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return every field of an existing row."""
        if obj is None:
            return self.readonly_fields
        shown = [name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]]
        return [name for name in shown if isinstance(name, str)]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Draw the page of an existing row without the buttons that would save it."""
        hidden = ("show_save", "show_save_and_continue", "show_save_and_add_another")
        hide = dict.fromkeys(hidden, False) if object_id else {}
        response = super().changeform_view(request, object_id, form_url, {**hide, **(extra_context or {})})
        if object_id and self.is_underway(self.get_object(request, object_id)):
            response["Refresh"] = str(REFRESH_SECONDS)
        return response

    def is_underway(self, obj: Any) -> bool:
        """Whether a row's page is to renew itself, since a worker is changing the row."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """Run the pressed button's action; an existing row is not written."""
        if not change:
            obj.save()
            return
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        """Show the same page again."""
        return HttpResponseRedirect(request.get_full_path())


@register(Job)
class JobAdmin(ButtonsAdmin):
    """Background jobs."""

    list_display = ("kind", "key", "coloured_state", "progress", "attempts", "created_at", "finished_at")
    list_display_links = ("kind", "key")
    list_filter = ("state", "kind", "queue")
    search_fields = ("key", "error")
    ordering = ("-id",)
    actions = ("retry_chosen", "cancel_chosen")
    actions_submit_line = ("retry_this", "cancel_this")
    fieldsets = (
        (None, {"fields": ("kind", "key", "state_in_words", "progress", "error", "result")}),
        (_("Times"), {"fields": ("created_at", "started_at", "finished_at", "run_after", "lease_until")}),
        (_("Details"), {"fields": ("queue", "args", "attempts", "max_attempts", "cancel_requested")}),
    )

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")
    def coloured_state(self, job: Job) -> tuple[str, Any]:
        """Return the state and its words, for the list."""
        return job.state, self.state_in_words(job)

    @display(description=_("state"))
    def state_in_words(self, job: Job) -> str:
        """Return the state, or that the job is being stopped."""
        return str(_("stopping") if _is_stopping(job) else job.get_state_display())

    @display(description=_("progress"))
    def progress(self, job: Job) -> str:
        """Return how far the job is, in words."""
        return job.progress_text

    @action(description=_("Retry"), icon="replay", permissions=("change",))
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Queue the chosen jobs again, those that failed or were cancelled."""
        mine = visible(request.user, queryset, "jobs.change_job")
        jobs = list(mine.filter(state__in=[JobState.FAILED, JobState.CANCELLED]))
        for job in jobs:
            services.retry(job)
            _note(request, job, "retry job")
        text = ngettext("%(n)d job is queued again.", "%(n)d jobs are queued again.", len(jobs))
        messages.info(request, text % {"n": len(jobs)})

    @action(description=_("Cancel"), icon="cancel", permissions=("change",))
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Stop the chosen jobs, those that have not finished."""
        mine = visible(request.user, queryset, "jobs.change_job")
        jobs = list(mine.filter(state__in=[JobState.QUEUED, JobState.RUNNING]))
        for job in jobs:
            services.cancel(job)
            _note(request, job, "cancel job")
        text = ngettext("%(n)d job is being stopped.", "%(n)d jobs are being stopped.", len(jobs))
        messages.info(request, text % {"n": len(jobs)})

    @action(description=_("Retry"), icon="replay", permissions=("change",))
    def retry_this(self, request: HttpRequest, job: Job) -> None:
        """Queue this job again."""
        self.retry_chosen(request, Job.objects.filter(pk=job.pk))

    @action(description=_("Cancel"), icon="cancel", permissions=("change",))
    def cancel_this(self, request: HttpRequest, job: Job) -> None:
        """Stop this job."""
        self.cancel_chosen(request, Job.objects.filter(pk=job.pk))

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Return the buttons that make sense in the job's state."""
        job = self.get_object(request, object_id)
        useful = {"cancel_this"} if job and not job.is_finished else {"retry_this"}
        if job is None or job.state == JobState.SUCCEEDED:
            return []
        buttons = super().get_actions_submit_line(request, object_id)
        return [button for button in buttons if button.action_name.endswith(tuple(useful))]

    def is_underway(self, obj: Job | None) -> bool:
        """Whether the job waits or runs."""
        return obj is not None and not obj.is_finished

    def has_add_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Return False: jobs are submitted by what people do elsewhere."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Return False: a job's key keeps the same work from being done twice."""
        return False


def _note(request: HttpRequest, job: Job, action: str) -> None:
    """Write into the audit log what a person did to a job: it may be one that pays people."""
    user = cast(User, request.user)
    record_action(action=action, subject=job, user=user, kind=job.kind, key=job.key)


def _is_stopping(job: Job) -> bool:
    return job.state == JobState.RUNNING and job.cancel_requested
