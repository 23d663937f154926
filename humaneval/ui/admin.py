"""The one door to the admin theme: every admin of the project imports its classes from here.

Changing the theme, or going back to Django's own look, is a change of this module and ``theme.py``.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import StackedInline
from unfold.admin import TabularInline as UnfoldTabularInline
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
    "AdminPasswordChangeForm",
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
    "UserChangeForm",
    "UserCreationForm",
    "action",
    "display",
    "register",
]


class ModelAdmin(UnfoldModelAdmin):
    """The project's model admin: warns before unsaved changes are left behind."""

    warn_unsaved_form = True


class TabularInline(UnfoldTabularInline):
    """Rows of a table: its cells have no labels beside them, so each field carries its own."""

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Return the field with its label in its widget."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and field.label:
            field.widget.attrs.setdefault("aria-label", capfirst(str(field.label)))
        return field


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
