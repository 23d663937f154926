"""Recruitment in the admin: drafts to write, and everything that has happened to look at."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from humaneval.recruitment import access, recruiters
from humaneval.recruitment.models import (
    Intent,
    LedgerEntry,
    LinkSettings,
    Posting,
    PostingState,
    Submission,
)
from humaneval.teams.access import find, may
from humaneval.teams.audit import record_action
from humaneval.teams.scoped import OfTeam
from humaneval.ui.admin import ModelAdmin, ReadOnlyModelAdmin, Select, action, display, register

STATE_COLOURS = {
    PostingState.DRAFT: "info",
    PostingState.PUBLISHING: "warning",
    PostingState.LIVE: "success",
    PostingState.PAUSED: "warning",
    PostingState.CLOSED: "default",
}
RUNNING = ("target_wage", "budget", "approves_itself")
"""Fields that may change while a posting runs: they steer us, not the panel."""


def _note(request: HttpRequest, row: Any, action: str, form: Any) -> None:
    changed = {name: str(form.cleaned_data[name]) for name in form.changed_data}
    record_action(action=action, subject=row, user=access.user_of(request), changed=changed)


def _note_deleted(request: HttpRequest, row: Any, action: str, **detail: Any) -> None:
    record_action(action=action, subject=row, user=access.user_of(request), **detail)


@register(LinkSettings)
class LinkSettingsAdmin(OfTeam, ModelAdmin):
    """Where a study's raters come from and go to."""

    list_display = ("study", "person_parameter", "invited_only", "return_url")
    list_select_related = ("study",)
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    search_fields = ("study__name", "study__slug")

    def save_model(self, request: HttpRequest, obj: LinkSettings, form: Any, change: Any) -> None:
        """Save, and note it: who may begin, and where raters are sent, is decided here."""
        super().save_model(request, obj, form, change)
        _note(request, obj, "change link settings", form)

    def delete_model(self, request: HttpRequest, obj: LinkSettings) -> None:
        """Delete, and note it: what was decided there holds no longer."""
        _note_deleted(request, obj, "delete link settings", study=obj.study.slug)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[LinkSettings]) -> None:
        """Delete several, each noted."""
        for row in queryset.select_related("study"):
            self.delete_model(request, row)


@register(Posting)
class PostingAdmin(OfTeam, ModelAdmin):
    """Studies on panels. Drafts are written here; publishing and paying is done on the recruitment page."""

    list_display = ("study", "panel", "coloured_state", "places", "reward", "currency", "created_at")
    list_filter = ("state", "panel")
    list_select_related = ("study",)
    actions_detail = ("recruitment",)
    fieldsets = (
        (None, {"fields": ("study", "panel", "title", "description")}),
        (_("Places and money"), {"fields": ("places", "reward", "currency", "minutes", *RUNNING)}),
        (_("Only for this panel"), {"fields": ("options",)}),
    )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Posting | None:
        """Return a posting; one to be saved as it is by now, and locked: panels' answers change it too."""
        posting: Posting | None = super().get_object(request, object_id, from_field)
        if posting is not None and request.method == "POST":
            rows = Posting.objects.select_for_update(no_key=True, of=("self",))
            posting.refresh_from_db(from_queryset=rows)
        return posting

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")
    def coloured_state(self, posting: Posting) -> tuple[str, str]:
        """Return the state and its words."""
        return posting.state, posting.get_state_display()

    def get_form(
        self, request: HttpRequest, obj: Posting | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        """Return the form, the panel a choice among those there are, with what must be known of them."""
        kwargs["widgets"] = {"panel": Select(choices=recruiters.choices())}
        kwargs["help_texts"] = {"panel": " ".join(str(one.notice) for one in recruiters.all_of_them())}
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Posting | None = None) -> Any:
        """Return what the panel knows already, and the rule that pays, but for those who may pay."""
        rule = () if may(request.user, access.PAY, obj) else ("approves_itself",)
        if obj is None or obj.state == PostingState.DRAFT:
            return rule
        return [*rule] + [
            name for _title, part in self.fieldsets for name in part["fields"] if name not in RUNNING
        ]

    def save_model(self, request: HttpRequest, obj: Posting, form: Any, change: Any) -> None:
        """Save, and keep who made it."""
        if not change:
            obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
        _note(request, obj, "change posting" if change else "add posting", form)

    def delete_model(self, request: HttpRequest, obj: Posting) -> None:
        """Delete a draft, and note what it was."""
        terms = {
            "panel": obj.panel,
            "places": obj.places,
            "reward": str(obj.reward),
            "currency": obj.currency,
        }
        _note_deleted(request, obj, "delete posting", study=obj.study.slug, title=obj.title, **terms)
        super().delete_model(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether it may change: what steers money, by those who may publish."""
        allowed = super().has_change_permission(request, obj)
        if obj is None or obj.state == PostingState.DRAFT:
            return allowed
        return allowed and may(request.user, access.PUBLISH, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether it may be deleted: drafts."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.state == PostingState.DRAFT)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the list's actions without deleting many at once."""
        return {name: row for name, row in super().get_actions(request).items() if name != "delete_selected"}

    @action(description=_("Recruitment"), url_path="recruitment", icon="payments")
    def recruitment(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the page where it is published and paid."""
        posting = find(request.user, Posting.objects.select_related("study"), pk=object_id)
        return HttpResponseRedirect(reverse("recruitment:overview", args=[posting.study.slug]))


@register(Submission)
class SubmissionAdmin(OfTeam, ReadOnlyModelAdmin):
    """People's places on panels; their ids there are not shown."""

    list_display = ("external_id", "posting", "state", "session", "submitted_at")
    list_filter = ("state", "posting__panel")
    list_select_related = ("posting__study", "session")
    fields = ("external_id", "posting", "state", "session", "entered_code", "started_at", "submitted_at")


@register(Intent)
class IntentAdmin(OfTeam, ReadOnlyModelAdmin):
    """Calls to panels."""

    list_display = ("created_at", "kind", "posting", "state", "attempts", "requested_by", "settled_at")
    list_filter = ("state", "kind")
    list_select_related = ("posting__study", "requested_by")


@register(LedgerEntry)
class LedgerEntryAdmin(OfTeam, ReadOnlyModelAdmin):
    """What has been paid."""

    list_display = ("at", "posting", "kind", "amount", "fee", "currency", "submission")
    list_filter = ("kind", "currency", "posting__panel")
    list_select_related = ("posting__study", "submission")
