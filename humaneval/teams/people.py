"""People who may sign in, groups and API tokens: every change is written into the audit log."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.admin import TokenAdmin as DrfTokenAdmin
from rest_framework.authtoken.models import TokenProxy

from humaneval.teams import members
from humaneval.teams.audit import record_action
from humaneval.teams.models import DEFAULT_TEAM, ApiToken, Membership
from humaneval.ui.admin import (
    AdminPasswordChangeForm,
    ModelAdmin,
    TabularInline,
    TextInput,
    UserChangeForm,
    UserCreationForm,
    display,
    register,
)

# Django and the token app register these with their own look; autodiscovery has done so by now.
for _model in (User, Group, TokenProxy):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


def _by(request: HttpRequest) -> User:
    return cast(User, request.user)


class TeamsOfPersonInline(TabularInline):
    """The teams that a person is in."""

    model = Membership
    fields = ("team", "role")
    extra = 0
    hide_title = True
    verbose_name_plural = _("teams")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Return one empty row for somebody new: who is in no team sees no study."""
        return 1 if obj is None else 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the rows, a new person's first one set to the team that is always there."""
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.base_fields["team"].initial = DEFAULT_TEAM
        return formset


@register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """People who may sign in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_staff", "is_superuser", "last_login")
    inlines = (TeamsOfPersonInline,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Return the teams, on the page of a new person too."""
        return self.inlines

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Draw or save the page, and note what has changed of a person's access."""
        before = _access(User.objects.filter(pk=object_id).first() if object_id else None)
        response = super().changeform_view(request, object_id, form_url, extra_context)
        if request.method == "POST" and object_id:
            after = _access(User.objects.filter(pk=object_id).first())
            changed = {key: [before[key], after[key]] for key in after if before.get(key) != after[key]}
            if changed:
                person = User.objects.get(pk=object_id)
                record_action(action="change access", subject=person, user=_by(request), **changed)
        return response

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Note who was added, also in the audit log."""
        person = cast(User, obj).get_username()
        record_action(action="add person", subject=obj, user=_by(request), person=person)
        return super().log_addition(request, obj, message)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set somebody's password."""
        response = super().user_change_password(request, id, form_url)
        person = self.get_object(request, id)
        if request.method == "POST" and response.status_code == 302 and person is not None:
            record_action(action="set password", subject=person, user=_by(request))
        return response

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a person."""
        person = obj.get_username()
        record_action(action="delete person", subject=obj, user=_by(request), person=person)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete people, one by one."""
        for person in queryset:
            self.delete_model(request, person)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Save the teams, each change written into the audit log."""
        changed = formset.save(commit=False)
        for membership in formset.deleted_objects:
            members.leave(membership=membership, by=_by(request))
        for membership in changed:
            _save_membership(membership, _by(request))
        formset.save_m2m()


def _save_membership(membership: Membership, by: User) -> None:
    stored = Membership.objects.filter(pk=membership.pk).exclude(team=membership.team).first()
    if stored is not None:
        members.leave(membership=stored, by=by)
    members.join(team=membership.team, user=membership.user, role=membership.role, by=by)


def _access(person: User | None) -> dict[str, Any]:
    """Return what of a person's account decides over access."""
    if person is None:
        return {}
    return {
        "username": person.username,
        "active": person.is_active,
        "staff": person.is_staff,
        "superuser": person.is_superuser,
        "groups": sorted(person.groups.values_list("name", flat=True)),
        "permissions": sorted(person.user_permissions.values_list("codename", flat=True)),
    }


@register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Sets of permissions."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Save, and note the permissions as they are now."""
        super().save_related(request, form, formsets, change)
        group = form.instance
        names = sorted(group.permissions.values_list("codename", flat=True))
        record_action(
            action="change group", subject=group, user=_by(request), group=group.name, permissions=names
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a group."""
        record_action(action="delete group", subject=obj, user=_by(request), group=obj.name)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """Delete groups, one by one."""
        for group in queryset:
            self.delete_model(request, group)


class TokenForm(forms.ModelForm):
    """Whose key it is, and for how long."""

    expires_on = forms.DateField(
        label=_("Expires after"),
        required=False,
        widget=TextInput(attrs={"type": "date"}),
        help_text=_("The last day (UTC) on which it opens anything. Empty: it does not expire."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["expires_on"] = self.instance.expires_on if self.instance.pk else None


@register(ApiToken)
class TokenAdmin(DrfTokenAdmin, ModelAdmin):
    """Keys to the API, one for each person; a key is shown when it is made, and then only how it begins."""

    form = TokenForm
    fields = ("user", "expires_on", "last_used")
    readonly_fields = ("last_used",)
    list_display = ("user", "begins", "created", "last_used", "expires")
    list_display_links = ("user",)
    list_select_related = ("user", "terms")

    @display(description=_("last used"))
    def last_used(self, token: ApiToken) -> datetime | None:
        """Return when, to a minute."""
        return token.last_used_at

    @display(description=_("expires after"))
    def expires(self, token: ApiToken) -> date | None:
        """Return the last day, if there is one."""
        return token.expires_on

    @display(description="Key")
    def begins(self, token: ApiToken) -> str:
        """Return what a key is recognised by."""
        return str(token)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Make a token, show its key this once, and note for whom it is."""
        super().save_model(request, obj, form, change)
        day = form.cleaned_data["expires_on"]
        obj.let_expire(day)
        action = "change token" if change else "make token"
        until = str(day or "")
        record_action(
            action=action, subject=obj.user, user=_by(request), token=obj.beginning, expires_on=until
        )
        if not change:
            words = _("The key of %(person)s, shown this once: %(key)s")
            messages.info(request, words % {"person": obj.user, "key": obj.secret})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Revoke a token."""
        record_action(action="revoke token", subject=obj.user, user=_by(request), token=obj.beginning)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Revoke tokens, one by one."""
        for token in queryset:
            self.delete_model(request, token)
