"""Forms of the admin that take a table for a draft: of gold trials, of pairs."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from humaneval.studies.gold_tables import gold_of_text, import_gold
from humaneval.studies.models import Study
from humaneval.studies.pair_tables import pairs_of_text
from humaneval.studies.pairs import import_pairs
from humaneval.ui.admin import Textarea

NOT_UTF8 = _("The table is not text in UTF-8: save it as CSV (UTF-8).")


class TableForm(forms.Form):
    """A table for a draft, as a file or pasted; a valid one is imported."""

    table = forms.FileField(label=_("Table (CSV or JSON)"), required=False)
    pasted = forms.CharField(
        label=_("Or paste it"),
        required=False,
        strip=False,
        widget=Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("CSV with its first line, rows copied from a spreadsheet, or JSON."),
    )
    replaces: ClassVar[Any] = ""
    """What the table takes the place of, as a sentence."""
    count = 0
    """How many rows the study has then."""

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._study = study
        self.fields["table"].help_text = self.replaces

    def take(self, study: Study, text: str) -> int:
        """Store the rows and return how many there are; raises ValidationError where they are wrong."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Read the one table that is given against the study, and store it if it is right."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        file, pasted = data.get("table"), data.get("pasted", "")
        if bool(file) == bool(pasted.strip()):
            both = _("There is a file and a pasted table: give one of them.")
            self.add_error("table", both if file else _("Choose a file, or paste the table below."))
            return data
        try:
            self.count = self.take(self._study, file.read().decode("utf-8-sig") if file else pasted)
        except UnicodeDecodeError:
            self.add_error("table", NOT_UTF8)
        except ValidationError as error:
            self.add_error("table" if file else "pasted", error.messages)
        return data


class GoldTableForm(TableForm):
    """A table of gold trials."""

    replaces = _("A file. It replaces the gold trials that were imported before.")

    def take(self, study: Study, text: str) -> int:
        """Store gold trials."""
        return import_gold(study=study, rows=gold_of_text(text))


class PairsForm(TableForm):
    """A table of pairs."""

    replaces = _("A file. It replaces the pairs that were imported before.")

    def take(self, study: Study, text: str) -> int:
        """Store pairs."""
        return import_pairs(study=study, rows=pairs_of_text(text))
