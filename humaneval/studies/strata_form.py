"""The fields of a study's strata: from whom each trial gets its votes, a row a group, no JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from humaneval.studies.flow_rows import RowError
from humaneval.studies.models import Study
from humaneval.studies.strata import DEVICE
from humaneval.studies.strata_rows import (
    BY,
    LINK,
    NAME_OF_PARAMETER,
    PREFIX,
    posted_rows,
    row_field,
    shown_rows,
    strata_of,
    values_of,
)
from humaneval.ui.admin import NumberInput, Select, Textarea, TextInput

_BY = (
    ("", _("not at all: anybody")),
    (DEVICE, _("the kind of device")),
    (LINK, _("a parameter of the link")),
)


def strata_fields(study: Study, posted: Iterable[str] = ()) -> dict[str, forms.Field]:
    """Return the form fields of a study's strata, by name.

    A form that was sent, with fields of the names ``posted``, has at least the rows that it had then, also
    where somebody else has taken groups out meanwhile: no row that was filled in is lost.
    """
    fields: dict[str, forms.Field] = {
        BY: forms.ChoiceField(
            label=_("Raters are told apart by"),
            choices=_BY,
            required=False,
            widget=Select,
            help_text=_("Whoever is in none of the groups below is turned away, politely."),
        ),
        NAME_OF_PARAMETER: forms.CharField(
            label=_("Parameter"),
            required=False,
            max_length=60,
            widget=TextInput,
            help_text=_("Of the link, which the panel fills in: country for ?country=NL."),
        ),
    }
    for place in range(max(shown_rows(study.strata), posted_rows(posted))):
        fields |= _row(place)
    return fields


def _row(place: int) -> dict[str, forms.Field]:
    number = {"number": place + 1}
    return {
        row_field(place, "name"): forms.CharField(
            label=_("Group %(number)d") % number,
            required=False,
            widget=TextInput,
            help_text=_(
                "Its name in exports, by which its votes are counted: it stays once raters have come."
            ),
        ),
        row_field(place, "votes"): forms.IntegerField(
            label=_("Votes of group %(number)d") % number,
            required=False,
            min_value=1,
            widget=NumberInput,
            help_text=_("Of each trial's votes; those of all groups add up to the votes per trial."),
        ),
        row_field(place, "values"): forms.CharField(
            label=_("Values of group %(number)d") % number,
            required=False,
            widget=Textarea(attrs={"rows": 2}),
            help_text=_(
                "One a line; empty: the group's name is the value. Of devices: phone, tablet, desktop. "
                "NL and nl are the same."
            ),
        ),
    }


def strata_fieldset(study: Study, posted: Iterable[str] = ()) -> tuple[Any, dict[str, Any]]:
    """Return the fieldset of a study's strata: fields where they may change, else what they are."""
    names = list(strata_fields(study, posted)) if study.may_change("strata") else ["strata_in_words"]
    words = _("Half of the votes from phones, half from desktops, and the like. Save for more rows.")
    return _("Groups of raters"), {"fields": names, "classes": ("collapse",), "description": words}


class StrataMixin(forms.ModelForm):
    """Fills a study's strata from its fields; mixed into the form of a study that exists."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {**values_of(self.instance.strata), **self.initial}
        self._groups = posted_rows(self.fields)

    def clean(self) -> dict[str, Any]:
        """Put the strata together; what cannot be is said beside its field."""
        data = super().clean() or self.cleaned_data
        if BY in self.fields and not self._has_wrong_row():
            try:
                self.instance.strata = strata_of(data, self._groups)
            except RowError as error:
                self.add_error(error.field, str(error))
        return data

    def _has_wrong_row(self) -> bool:
        return any(name.startswith(PREFIX) for name in self.errors)

    def add_error(self, field: str | None, error: Any) -> None:
        """Say what the model says of strata beside their first votes; of wrong rows it knows nothing."""
        said = getattr(error, "error_dict", {})
        if field is not None or "strata" not in said or BY not in self.fields:
            super().add_error(field, error)
            return
        if not self._has_wrong_row() and "votes_per_trial" not in self.errors:
            super().add_error(row_field(0, "votes"), said["strata"])
        if others := {name: texts for name, texts in said.items() if name != "strata"}:
            super().add_error(None, ValidationError(others))
