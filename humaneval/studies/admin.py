"""Studies as staff see them: make one in a minute, look it over, launch it, watch it, close it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from humaneval.jobs.attendance import nobody_for
from humaneval.jobs.models import JobState
from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies import authoring, links
from humaneval.studies.admin_buttons import REFRESH_SECONDS, StudyButtons, shows_pairs
from humaneval.studies.admin_inlines import ConditionInline, QuestionInline
from humaneval.studies.admin_tables import StudyTables
from humaneval.studies.fitting import fitting
from humaneval.studies.flow_form import flow_fieldsets
from humaneval.studies.forms import SETTING, NewStudyForm, form_of
from humaneval.studies.leakage import leak_check
from humaneval.studies.models import Study, StudyState, Trial
from humaneval.studies.removing import trials_of, uses_of
from humaneval.studies.standing import standing_of
from humaneval.studies.states import is_draft, is_launching
from humaneval.studies.strata_form import strata_fieldset
from humaneval.studies.strata_rows import strata_in_words
from humaneval.teams.scoped import OfTeam, OwnRelatedFilter
from humaneval.ui.admin import (
    ChoicesDropdownFilter,
    ReadOnlyModelAdmin,
    display,
    register,
)

STATE_COLOURS = {
    StudyState.DRAFT: "info",
    StudyState.LAUNCHING: "warning",
    StudyState.OPEN: "success",
    StudyState.PAUSED: "warning",
    StudyState.CLOSED: "default",
}
SAVE_BUTTONS = ("show_save", "show_save_and_continue", "show_save_and_add_another")
RATERS_SEE = ("title", "instructions", "consent_text", "thanks_text", "completion_code", "display_width")
AROUND = ("flow",)
COLLECTING = ("trial_count", "votes_per_trial", "assignments_per_session", "lease_minutes", "seed")
CHECKING = ("repeats_per_session", "gold_per_block", "gold_drawn")
SHARING = ("unique_samples", "unique_prompts", "raters_at_most", "sessions_per_rater")
STEERING = ("adaptive", "stop_rule", "stop_goal")


@register(Study)
class StudyAdmin(OfTeam, StudyTables, StudyButtons):
    """Studies."""

    list_display = ("name", "protocol_title", "coloured_state", "trial_count", "votes_per_trial", "owner")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        "protocol",
        ("owner", OwnRelatedFilter),
        ("team", OwnRelatedFilter),
    )
    list_filter_submit = True
    list_select_related = ("owner",)
    search_fields = ("name", "slug", "title")
    readonly_fields = ("protocol_title", "settings_in_words", "strata_in_words")
    actions_detail = (
        "preview",
        "plan",
        "pairs",
        "gold",
        "rules",
        "launch",
        "pause",
        "resume",
        "close",
        "cancel_launch",
        "recruitment",
        "report",
        "study_file",
        "exports",
    )
    change_form_before_template = "studies/admin/status.html"

    class Media:
        css = {"all": ("studies/admin.css",)}

    # --- what is shown -----------------------------------------------------------------------------

    @display(description=gettext_lazy("protocol"), ordering="protocol")
    def protocol_title(self, study: Study) -> str:
        """Return the protocol's name for people."""
        protocol = PROTOCOLS.get(study.protocol)
        return protocol.title if protocol else study.protocol

    @display(description=gettext_lazy("state"), label=STATE_COLOURS, ordering="state")
    def coloured_state(self, study: Study) -> tuple[str, str]:
        """Return the state and its words."""
        return study.state, study.get_state_display()

    @display(description=gettext_lazy("settings"))
    def settings_in_words(self, study: Study) -> str:
        """Return the protocol's settings as they were at launch."""
        protocol = PROTOCOLS.get(study.protocol)
        rows = [
            (s.label, _shown(study.settings.get(s.name))) for s in (protocol.settings if protocol else ())
        ]
        return format_html_join(mark_safe("<br>"), "{}: {}", rows) or "-"

    @display(description=gettext_lazy("groups"))
    def strata_in_words(self, study: Study) -> str:
        """Return from whom each trial gets its votes."""
        words = [(text,) for text in strata_in_words(study.strata)]
        return format_html_join(mark_safe("<br>"), "{}", words) or _("anybody")

    def get_fieldsets(self, request: HttpRequest, obj: Study | None = None) -> Any:
        """Return few fields for a new study, all that there are for one that exists."""
        if obj is None:
            return (
                (None, {"fields": ("name", "protocol", "real_set", "generated_sets")}),
                (_("Trials and votes"), {"fields": COLLECTING[:3]}),
            )
        return (
            (None, {"fields": ("name", "slug", "protocol_title", *self._setting_fields(obj))}),
            (_("What raters see"), {"fields": RATERS_SEE}),
            *self._flow_fieldsets(obj),
            (_("Trials and votes"), {"fields": COLLECTING}),
            (_("Checks of attention"), {"fields": fitting(CHECKING, obj)}),
            (_("Who sees what, and how often"), {"fields": fitting(SHARING, obj), "classes": ("collapse",)}),
            strata_fieldset(obj, request.POST),
            *self._steering_fieldset(obj),
        )

    def _steering_fieldset(self, study: Study) -> list[Any]:
        """Return how votes decide what comes, where the protocol lets them."""
        fields = fitting(STEERING, study)
        return (
            [(_("Votes decide what comes"), {"fields": fields, "classes": ("collapse",)})] if fields else []
        )

    def _flow_fieldsets(self, study: Study) -> list[Any]:
        """Return what surrounds the trials: fields in a draft, what stands in it later."""
        if study.may_change("flow") and study.protocol in PROTOCOLS:
            return flow_fieldsets(study)
        return [(_("Around the trials"), {"fields": AROUND, "classes": ("collapse",)})]

    def _setting_fields(self, study: Study) -> tuple[str, ...]:
        protocol = PROTOCOLS.get(study.protocol)
        if protocol is None or not protocol.settings:
            return ()
        if not study.may_change("settings"):
            return ("settings_in_words",)
        return tuple(SETTING + setting.name for setting in protocol.settings)

    def get_readonly_fields(self, request: HttpRequest, obj: Study | None = None) -> Any:
        """Return the fields that the study's state locks."""
        if obj is None:
            return ()
        if is_launching(obj):  # its page reloads itself, and would lose what was typed
            return flatten_fieldsets(self.get_fieldsets(request, obj))
        editable = ("name", "slug", *RATERS_SEE, *AROUND, *COLLECTING, *CHECKING, *SHARING, *STEERING)
        return (*self.readonly_fields, *(name for name in editable if not obj.may_change(name)))

    def get_form(
        self, request: HttpRequest, obj: Study | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        """Return the form that suits: new, draft with settings, or launched."""
        new = type("NewStudyForm", (NewStudyForm,), {"user": request.user})
        kwargs["form"] = new if obj is None else form_of(obj, request.POST)
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Study | None = None) -> list[Any]:
        """Return conditions and questions for a study that exists."""
        return [ConditionInline, QuestionInline] if obj else []

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the inlines, their rows to be dragged in a draft only."""
        inlines = super().get_inline_instances(request, obj)
        for inline in inlines:
            inline.ordering_field = "position" if is_draft(obj) else None
        return inlines

    # --- saving ------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Study, form: forms.Form, change: Any) -> None:
        """Make a new study through the same code as the API, or save a changed one."""
        if change or not isinstance(form, NewStudyForm):
            super().save_model(request, obj, form, change)
            return
        data = form.cleaned_data
        made = authoring.create_study(
            name=data["name"],
            protocol=data["protocol"],
            conditions=form.chosen_sets(),
            owner=request.user if isinstance(request.user, User) else None,
            team=form.team(),
            **{name: data[name] for name in COLLECTING[:3]},
        )
        obj.pk = made.pk
        obj.refresh_from_db()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would go in numbers, not trial by trial, and what forbids it.

        Rules, links and whatever else belongs to the study goes with it, though its own pages delete none.
        """
        studies = list(objs)
        mine = all(self.has_delete_permission(request, study) for study in studies)
        lacking = set() if mine else {str(_("study"))}
        kept = [f"{name}: {count} ({study})" for study in studies for name, count in uses_of(study).items()]
        counts = {str(_("studies")): len(studies), str(_("trials")): trials_of(studies)}
        return [str(study) for study in studies], counts, lacking, kept

    def delete_model(self, request: HttpRequest, obj: Study) -> None:
        """Delete, and note who did, unless somebody has at this very moment."""
        with suppress(Study.DoesNotExist):
            authoring.delete_study(study=obj, user=request.user if isinstance(request.user, User) else None)

    def response_post_save_add(self, request: HttpRequest, obj: Study) -> HttpResponse:
        """Go on to the new study's page, to look its words over."""
        if shows_pairs(obj):
            messages.info(request, _("Next, import its table of pairs: the button “Pairs”."))
        return HttpResponseRedirect(reverse("admin:studies_study_change", args=(obj.pk,)))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Draw or save the page; what the model refuses is said there, and a launch refreshes it."""
        study = self.get_object(request, object_id) if object_id else None
        try:
            response = super().changeform_view(
                request, object_id, form_url, {**_status(study), **(extra_context or {})}
            )
        except ValidationError as error:
            for text in error.messages:
                messages.error(request, text)
            return HttpResponseRedirect(request.path)
        if study is not None and _is_under_way(study):
            response.headers["Refresh"] = str(REFRESH_SECONDS)
        return response

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a study may be deleted: drafts and closed ones."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (not isinstance(obj, Study) or obj.is_deletable)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the list's actions without deleting many at once: each study deserves a look."""
        return {name: row for name, row in super().get_actions(request).items() if name != "delete_selected"}


def _shown(value: Any) -> str:
    return {True: _("yes"), False: _("no")}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _is_under_way(study: Study) -> bool:
    return study.state == StudyState.LAUNCHING and not (study.launch_job and study.launch_job.is_finished)


def _status(study: Study | None) -> dict[str, Any]:
    """Return what the panel above a study's form says."""
    if study is None:
        return {}
    job = study.launch_job if study.state == StudyState.LAUNCHING else None
    broken = job is not None and job.is_finished and job.state != JobState.SUCCEEDED
    under_way = dict.fromkeys(SAVE_BUTTONS, False) if is_launching(study) else {}
    return {
        **under_way,
        "study": study,
        "rater_url": links.rater_url(study),
        "leaks": leak_check(study),
        "standing": None if is_draft(study) or is_launching(study) else standing_of(study),
        "job": job,
        "waiting": nobody_for(job),
        "launch_broken": broken,
        "launch_problems": study.launch_error.splitlines() if study.state == StudyState.DRAFT else [],
    }


@register(Trial)
class TrialAdmin(OfTeam, ReadOnlyModelAdmin):
    """Trials, to look at."""

    list_display = ("number", "study", "condition", "other", "prompt", "turn", "slots")
    list_filter = (("study", OwnRelatedFilter),)
    list_filter_submit = True
    list_select_related = ("study", "condition__sample_set", "other__sample_set", "prompt")
    show_full_result_count = False
    ordering = ("-study", "number")
