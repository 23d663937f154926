"""The sets that a study compares and the questions that it asks, as rows of its page in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import flatten
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies.form_help import help_for
from humaneval.studies.models import Condition, Question, Study
from humaneval.studies.states import is_draft, is_launching
from humaneval.teams.scoped import OwnChoices
from humaneval.ui.admin import StackedInline, TabularInline, display

SCALE_FIELDS = ("points", "low_label", "middle_label", "high_label")


class StudyPartInline(OwnChoices, InlineModelAdmin):
    """Rows of a study that are fixed at launch; mixed into an inline of the admin."""

    extra = 0
    ordering_field: str | None = "position"
    hide_ordering_field = True
    free: tuple[str, ...] = ()
    """Fields that stay open after launch."""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return all fields but the free ones once the study is launched."""
        if is_draft(obj):
            return self.readonly_fields
        free = () if is_launching(obj) else self.free
        return [name for name in flatten(self.get_fields(request, obj)) if name not in free]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field with help, also where the model does not say what it is for."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and not field.help_text:
            field.help_text = help_for(db_field.name)
        return field

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether rows may be added: to drafts only."""
        return is_draft(obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether rows may be deleted: from drafts only."""
        return is_draft(obj) and super().has_delete_permission(request, obj)


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
        return ("sample_set", "kind", "samples", "label", *(("position",) if is_draft(obj) else ()))

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
        return ("text", "key", *scale, *(("position",) if is_draft(obj) else ()))
