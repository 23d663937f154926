"""The one door to the admin theme: every admin of the project imports its classes from here.

Changing the theme, or going back to Django's own look, is a change of this module and ``theme.py``.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.admin import TokenAdmin as DrfTokenAdmin
from rest_framework.authtoken.models import TokenProxy
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import StackedInline, TabularInline
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget as CheckboxSelectMultiple,
)
from unfold.widgets import (
    UnfoldAdminFileFieldWidget as FileInput,
)
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget as NumberInput,
)
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget as RadioSelect,
)
from unfold.widgets import (
    UnfoldAdminSelectMultipleWidget as SelectMultiple,
)
from unfold.widgets import (
    UnfoldAdminSelectWidget as Select,
)
from unfold.widgets import (
    UnfoldAdminTextareaWidget as Textarea,
)
from unfold.widgets import (
    UnfoldAdminTextInputWidget as TextInput,
)
from unfold.widgets import (
    UnfoldBooleanSwitchWidget as Switch,
)

register = admin.register
admin.site.index_template = "ui/overview.html"
admin.site.index_title = _("Overview")

__all__ = [
    "ActionVariant",
    "AutocompleteSelectFilter",
    "CheckboxSelectMultiple",
    "ChoicesDropdownFilter",
    "FileInput",
    "ModelAdmin",
    "NumberInput",
    "RadioSelect",
    "RangeDateFilter",
    "ReadOnlyModelAdmin",
    "RelatedDropdownFilter",
    "Select",
    "SelectMultiple",
    "StackedInline",
    "Switch",
    "TabularInline",
    "TextInput",
    "Textarea",
    "action",
    "display",
    "register",
]


class ModelAdmin(UnfoldModelAdmin):
    """The project's model admin: warns before unsaved changes are left behind."""

    warn_unsaved_form = True


class ReadOnlyModelAdmin(ModelAdmin):
    """An admin for rows that only the system writes: looked at, never added, changed or deleted."""

    warn_unsaved_form = False

    def has_add_permission(self, request: Any, obj: Model | None = None) -> bool:
        """Return False: the system adds these rows."""
        return False

    def has_change_permission(self, request: Any, obj: Model | None = None) -> bool:
        """Return False: these rows never change by hand."""
        return False

    def has_delete_permission(self, request: Any, obj: Model | None = None) -> bool:
        """Return False: these rows are kept."""
        return False


# Django and the token app register these with their own look; autodiscovery has done so by now.
for _model in (User, Group, TokenProxy):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


@register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """People who may sign in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_staff", "is_superuser", "last_login")


@register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Sets of permissions."""


@register(TokenProxy)
class TokenAdmin(DrfTokenAdmin, ModelAdmin):
    """Keys to the API, one for each person; only the key's beginning is listed."""

    list_display = ("user", "beginning", "created")
    list_display_links = ("user",)

    @display(description="Key")
    def beginning(self, token: TokenProxy) -> str:
        """Return the key's first six characters, enough to recognise it by."""
        return f"{token.key[:6]}…"
