"""Studies as staff see them: make one in a minute, look it over, launch it, watch it, close it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import flatten, flatten_fieldsets
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from humaneval.jobs.models import JobState
from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies import authoring, lifecycle, links
from humaneval.studies.checklist import checklist_of
from humaneval.studies.fitting import fitting
from humaneval.studies.flow_form import flow_fieldsets
from humaneval.studies.form_help import help_for
from humaneval.studies.forms import SETTING, GoldTableForm, NewStudyForm, StudyForm, form_with_settings
from humaneval.studies.gold_words import gold_example, gold_in_words
from humaneval.studies.leakage import leak_check, start_leak_check
from humaneval.studies.models import Condition, Question, Study, StudyState, Trial
from humaneval.studies.moves import QUESTIONS, MoveQuestion
from humaneval.studies.standing import standing_of
from humaneval.studies.states import may_move
from humaneval.teams.access import find, may
from humaneval.teams.scoped import OfTeam, OwnChoices, OwnRelatedFilter
from humaneval.ui.admin import (
    ActionVariant,
    ChoicesDropdownFilter,
    ModelAdmin,
    ReadOnlyModelAdmin,
    StackedInline,
    TabularInline,
    action,
    display,
    register,
)

REFRESH_SECONDS = 3
STATE_COLOURS = {
    StudyState.DRAFT: "info",
    StudyState.LAUNCHING: "warning",
    StudyState.OPEN: "success",
    StudyState.PAUSED: "warning",
    StudyState.CLOSED: "default",
}
CHANGE = "studies.change_study"
NEEDED = {
    "preview": "studies.view_study",
    "plan": "studies.view_study",
    "study-file": "studies.view_study",
    "recruitment": "recruitment.view_posting",
    "report": "reports.view_snapshot",
    "exports": "reports.export_votes",
}
"""Permissions without which a button would lead to a refusal, by its path; all else needs CHANGE."""
SAVE_BUTTONS = ("show_save", "show_save_and_continue", "show_save_and_add_another")
SCALE_FIELDS = ("points", "low_label", "middle_label", "high_label")
RATERS_SEE = ("title", "instructions", "consent_text", "thanks_text", "completion_code", "display_width")
AROUND = ("flow",)
COLLECTING = ("trial_count", "votes_per_trial", "assignments_per_session", "lease_minutes", "seed")
CHECKING = ("repeats_per_session", "gold_per_block", "gold_drawn")
SHARING = ("unique_samples", "unique_prompts", "raters_at_most", "sessions_per_rater", "strata")
STEERING = ("adaptive", "stop_rule", "stop_goal")


class StudyPartInline(OwnChoices, InlineModelAdmin):
    """Rows of a study that are fixed at launch; mixed into an inline of the admin."""

    extra = 0
    ordering_field: str | None = "position"
    hide_ordering_field = True
    free: tuple[str, ...] = ()
    """Fields that stay open after launch."""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return all fields but the free ones once the study is launched."""
        if _is_draft(obj):
            return self.readonly_fields
        free = () if _is_launching(obj) else self.free
        return [name for name in flatten(self.get_fields(request, obj)) if name not in free]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field with help, also where the model does not say what it is for."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and not field.help_text:
            field.help_text = help_for(db_field.name)
        return field

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether rows may be added: to drafts only."""
        return _is_draft(obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether rows may be deleted: from drafts only."""
        return _is_draft(obj) and super().has_delete_permission(request, obj)


class ConditionInline(StudyPartInline, TabularInline):
    """The sample sets that a study compares."""

    model = Condition
    readonly_fields = ("kind", "samples")
    free = ("label",)
    hide_title = True
    verbose_name = gettext_lazy("sample set")
    verbose_name_plural = gettext_lazy("sample sets compared")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return the fields; the position, which dragging sets, only where rows can be dragged."""
        return ("sample_set", "kind", "samples", "label", *(("position",) if _is_draft(obj) else ()))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Condition]:
        """Return the conditions with their sets and the numbers of their samples."""
        rows = super().get_queryset(request).select_related("sample_set")
        return rows.annotate(sample_count=Count("sample_set__samples")).order_by("position", "id")

    @display(description=gettext_lazy("kind"))
    def kind(self, condition: Condition) -> str:
        """Return real or generated."""
        return condition.sample_set.get_kind_display() if condition.pk else "-"

    @display(description=gettext_lazy("samples"))
    def samples(self, condition: Any) -> str:
        """Return how many samples the set has."""
        return f"{condition.sample_count:,}" if condition.pk else "-"


class QuestionInline(StudyPartInline, StackedInline):
    """What raters are asked in every trial."""

    model = Question

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return the fields; those of scales only where the protocol uses them."""
        protocol = PROTOCOLS.get(obj.protocol) if isinstance(obj, Study) else None
        scale = SCALE_FIELDS if protocol is None or protocol.uses_scale else ()
        return ("text", "key", *scale, *(("position",) if _is_draft(obj) else ()))


def _is_draft(study: Model | None) -> bool:
    return not isinstance(study, Study) or study.state == StudyState.DRAFT


def _is_launching(study: Model | None) -> bool:
    return isinstance(study, Study) and study.state == StudyState.LAUNCHING


@register(Study)
class StudyAdmin(OfTeam, ModelAdmin):
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
    readonly_fields = ("protocol_title", "settings_in_words")
    actions_detail = (
        "preview",
        "plan",
        "gold",
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
        if _is_launching(obj):  # its page reloads itself, and would lose what was typed
            return flatten_fieldsets(self.get_fieldsets(request, obj))
        editable = ("name", "slug", *RATERS_SEE, *AROUND, *COLLECTING, *CHECKING, *SHARING, *STEERING)
        return (*self.readonly_fields, *(name for name in editable if not obj.may_change(name)))

    def get_form(
        self, request: HttpRequest, obj: Study | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        """Return the form that suits: new, draft with settings, or launched."""
        new = type("NewStudyForm", (NewStudyForm,), {"user": request.user})
        kwargs["form"] = new if obj is None else _form_of(obj)
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Study | None = None) -> list[Any]:
        """Return conditions and questions for a study that exists."""
        return [ConditionInline, QuestionInline] if obj else []

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the inlines, their rows to be dragged in a draft only."""
        inlines = super().get_inline_instances(request, obj)
        for inline in inlines:
            inline.ordering_field = "position" if _is_draft(obj) else None
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

    def response_post_save_add(self, request: HttpRequest, obj: Study) -> HttpResponse:
        """Go on to the new study's page, to look its words over."""
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

    # --- buttons -----------------------------------------------------------------------------------

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return the buttons that make sense in the study's state."""
        study = self.get_object(request, str(object_id))
        buttons = super().get_actions_detail(request, object_id)
        return [
            button
            for button in buttons
            if study is not None
            and _makes_sense(button.path, study)
            and may(request.user, NEEDED.get(button.path, CHANGE), study)
        ]

    @action(description=gettext_lazy("Preview"), url_path="preview", icon="visibility")
    def preview(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the trials as raters will see them."""
        return HttpResponseRedirect(links.preview_path(self._study(request, object_id, "preview")))

    @action(description=gettext_lazy("Plan"), url_path="plan", icon="straighten")
    def plan(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the page that says how many raters, trials and votes it takes."""
        return HttpResponseRedirect(links.plan_path(self._study(request, object_id, "plan")))

    @action(description=gettext_lazy("Recruitment"), url_path="recruitment", icon="payments")
    def recruitment(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the page where raters are recruited and paid."""
        return HttpResponseRedirect(links.recruitment_path(self._study(request, object_id, "recruitment")))

    @action(description=gettext_lazy("Report"), url_path="report", icon="lab_profile")
    def report(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the report."""
        return HttpResponseRedirect(links.report_path(self._study(request, object_id, "report")))

    @action(
        description=gettext_lazy("Gold trials"), url_path="gold", icon="verified", permissions=("change",)
    )
    def gold(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show a study's gold trials, and take a table of them while it is a draft."""
        study = self._study(request, object_id)
        form = GoldTableForm(request.POST or None, request.FILES or None, study=study)
        if request.method == "POST" and form.is_valid():
            messages.success(request, _("The study has %d gold trials.") % form.count)
            self.log_change(request, study, _("Gold trials"))
            return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Gold trials of “%(study)s”") % {"study": study},
            "opts": self.opts,
            "original": study,
            "form": form,
            "is_draft": _is_draft(study),
            "example": gold_example(study),
            "rows": gold_in_words(study),
            "back": reverse("admin:studies_study_change", args=(study.pk,)),
        }
        return TemplateResponse(request, "studies/admin/gold.html", context)

    @action(description=gettext_lazy("Study file"), url_path="study-file", icon="code")
    def study_file(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the study as a YAML file, from which an equal study can be made."""
        return HttpResponseRedirect(links.study_file_path(self._study(request, object_id, "study-file")))

    @action(description=gettext_lazy("Exports"), url_path="exports", icon="inventory_2")
    def exports(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the page of the study's archives, the bundle of all that its report rests on among them."""
        return HttpResponseRedirect(links.exports_path(self._study(request, object_id, "exports")))

    @action(
        description=gettext_lazy("Launch"),
        url_path="launch",
        icon="rocket_launch",
        variant=ActionVariant.PRIMARY,
        permissions=("change",),
    )
    def launch(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what a launch means, then launch."""
        user = request.user if isinstance(request.user, User) else None
        return self._ask(request, object_id, "launch", lambda study: lifecycle.launch(study, user))

    @action(
        description=gettext_lazy("Stop the launch"),
        url_path="cancel-launch",
        icon="cancel",
        permissions=("change",),
    )
    def cancel_launch(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then return a launching study to draft."""
        return self._ask(request, object_id, "return_to_draft", lifecycle.cancel_launch)

    @action(description=gettext_lazy("Pause"), url_path="pause", icon="pause", permissions=("change",))
    def pause(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then pause."""
        return self._ask(request, object_id, "pause", lifecycle.pause)

    @action(
        description=gettext_lazy("Resume"),
        url_path="resume",
        icon="play_arrow",
        variant=ActionVariant.PRIMARY,
        permissions=("change",),
    )
    def resume(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then open again."""
        return self._ask(request, object_id, "resume", lifecycle.resume)

    @action(
        description=gettext_lazy("Close study"),
        url_path="close",
        icon="lock",
        variant=ActionVariant.DANGER,
        permissions=("change",),
    )
    def close(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then close for good."""
        return self._ask(request, object_id, "close", lifecycle.close)

    def _study(self, request: HttpRequest, object_id: int, button: str = "") -> Study:
        """Return the study if its page has this button for the person, by default one that changes it."""
        return find(request.user, Study.objects.all(), NEEDED.get(button, CHANGE), pk=object_id)

    def _ask(
        self, request: HttpRequest, object_id: int, move: str, run: Callable[[Study], Study]
    ) -> HttpResponse:
        """Ask on a page of its own whether the study shall move, and do so when that page is posted."""
        study = self._study(request, object_id)
        page = reverse("admin:studies_study_change", args=(study.pk,))
        try:
            if request.method != "POST":
                lifecycle.check_move(study, move)
                return self._confirmation(request, study, QUESTIONS[move], page)
            run(study)
        except ValidationError as error:
            for text in error.messages:
                messages.error(request, text)
        else:
            messages.success(request, QUESTIONS[move].done % {"study": study})
            self.log_change(request, study, str(QUESTIONS[move].button))
        return HttpResponseRedirect(page)

    def _confirmation(
        self, request: HttpRequest, study: Study, question: MoveQuestion, page: str
    ) -> HttpResponse:
        checklist = checklist_of(study) if question.needs_checklist and _is_draft(study) else None
        context = {
            **self.admin_site.each_context(request),
            "title": question.title % {"study": study},
            "opts": self.opts,
            "original": study,
            "question": question,
            "checklist": checklist,
            "leaks": start_leak_check(study) if checklist and not checklist.problems else None,
            "back": page,
        }
        response = TemplateResponse(request, "studies/admin/confirm.html", context)
        if context["leaks"] and context["leaks"].state == "running":
            response.headers["Refresh"] = str(REFRESH_SECONDS)
        return response


def _form_of(study: Study) -> type[StudyForm]:
    protocol = PROTOCOLS.get(study.protocol)
    return form_with_settings(protocol, study) if protocol and study.may_change("settings") else StudyForm


def _shown(value: Any) -> str:
    return {True: _("yes"), False: _("no")}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _makes_sense(path: str, study: Study) -> bool:
    """Return whether a button's page has a purpose in the study's state."""
    if path in {"preview", "recruitment", "study-file"}:
        return True
    if path == "plan":
        return _is_draft(study)
    if path == "gold":
        return study.state == StudyState.DRAFT or study.gold_count > 0
    if path in {"report", "exports"}:
        return study.state not in {StudyState.DRAFT, StudyState.LAUNCHING}
    return may_move(study.state, "return_to_draft" if path == "cancel-launch" else path)


def _is_under_way(study: Study) -> bool:
    return study.state == StudyState.LAUNCHING and not (study.launch_job and study.launch_job.is_finished)


def _status(study: Study | None) -> dict[str, Any]:
    """Return what the panel above a study's form says."""
    if study is None:
        return {}
    job = study.launch_job if study.state == StudyState.LAUNCHING else None
    broken = job is not None and job.is_finished and job.state != JobState.SUCCEEDED
    under_way = dict.fromkeys(SAVE_BUTTONS, False) if _is_launching(study) else {}
    return {
        **under_way,
        "study": study,
        "rater_url": links.rater_url(study),
        "leaks": leak_check(study),
        "standing": None if _is_draft(study) or _is_launching(study) else standing_of(study),
        "job": job,
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
