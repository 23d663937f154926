"""Teams and the audit log in the admin; people, groups and tokens are in :mod:`humaneval.teams.people`."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from humaneval.teams import members, people
from humaneval.teams.audit import record_action, record_for_all_teams
from humaneval.teams.models import DEFAULT_TEAM, AuditEntry, Membership, Team
from humaneval.teams.scoped import OfTeam, OwnRelatedFilter
from humaneval.ui.admin import ModelAdmin, ReadOnlyModelAdmin, TabularInline, TextInput, register

__all__ = ["AuditEntryAdmin", "TeamAdmin", "people"]


class MembershipForm(forms.ModelForm):
    """A member, named by user name: owners do not see who else has an account here."""

    person = forms.CharField(label=_("User name"), max_length=150, widget=TextInput)

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["person"].disabled = True
            self.initial["person"] = self.instance.user.get_username()

    def clean_person(self) -> User:
        """Return who is named; raises ValidationError for nobody who may sign in."""
        found = User.objects.filter(username=self.cleaned_data["person"], is_active=True).first()
        if found is None:
            raise forms.ValidationError(_("Nobody with this user name may sign in here: check its spelling."))
        return found

    def clean(self) -> dict[str, Any]:
        """Check that nobody is named twice."""
        data = super().clean() or self.cleaned_data
        team = self.instance.team_id
        if not self.instance.pk and team and "person" in data:
            self.instance.user = data["person"]
            if Membership.objects.filter(team=team, user=data["person"]).exists():
                self.add_error("person", _("This person is in the team already: change their role above."))
        return data


class MembershipInline(TabularInline):
    """The members of a team."""

    model = Membership
    form = MembershipForm
    fields = ("person", "role")
    extra = 0
    hide_title = True
    verbose_name_plural = _("members")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the members with their names, in one query."""
        return super().get_queryset(request).select_related("user")


@register(Team)
class TeamAdmin(OfTeam, ModelAdmin):
    """Teams: superusers make them, owners look after the members."""

    list_display = ("name", "member_count", "created_at")
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug")
    inlines = (MembershipInline,)

    def member_count(self, team: Team) -> int:
        """Return how many are in it."""
        return team.memberships.count()

    member_count.short_description = _("members")  # type: ignore[attr-defined]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the slug's source, for those who may write it."""
        return self.prepopulated_fields if obj is None else {}

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Return the members of a team that exists."""
        return self.inlines if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a team may be deleted: never the one that is always there."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.pk != DEFAULT_TEAM)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the list's actions without deleting many at once."""
        return {name: row for name, row in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Save a team, and note that it is there or what of its names has changed."""
        super().save_model(request, obj, form, change)
        by = cast(User, request.user)
        if not change:
            record_for_all_teams(action="make team", subject=obj, user=by, name=obj.name, slug=obj.slug)
        elif form.changed_data:
            names = {field: [form.initial[field], form.cleaned_data[field]] for field in form.changed_data}
            record_action(action="rename team", subject=obj, user=by, **names)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a team of which the log has no line of its own, and note that it was there."""
        by = cast(User, request.user)
        record_for_all_teams(action="delete team", subject=obj, user=by, name=obj.name, slug=obj.slug)
        super().delete_model(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Save the members, each change written into the audit log."""
        by = cast(User, request.user)
        changed = formset.save(commit=False)
        for membership in formset.deleted_objects:
            members.leave(membership=membership, by=by)
        for membership in changed:
            members.join(team=membership.team, user=membership.user, role=membership.role, by=by)
        formset.save_m2m()


@register(AuditEntry)
class AuditEntryAdmin(OfTeam, ReadOnlyModelAdmin):
    """Who did what that touches money, access or exclusions."""

    list_display = ("at", "user", "action", "subject", "team")
    list_select_related = ("user", "team")
    list_filter = (("team", OwnRelatedFilter),)
    search_fields = ("action", "subject", "user__username")
    ordering = ("-id",)
