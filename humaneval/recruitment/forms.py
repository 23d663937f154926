"""Forms of the confirmation pages."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class HiddenTotalForm(forms.Form):
    """The total that a person has seen, and a mark of this one act, so that it counts once."""

    total = forms.DecimalField(max_digits=12, decimal_places=2, widget=forms.HiddenInput)
    confirmation = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)


class PlacesForm(forms.Form):
    """How many places there shall be in all, and the cost that a person has seen."""

    places = forms.IntegerField(min_value=1, max_value=100_000, widget=forms.HiddenInput)
    total = forms.DecimalField(max_digits=12, decimal_places=2, widget=forms.HiddenInput)


class BonusForm(forms.Form):
    """One bonus."""

    amount = forms.DecimalField(max_digits=8, decimal_places=2, min_value=Decimal("0.01"), label=_("Amount"))
    reason = forms.CharField(max_length=200, label=_("Reason, for the person to read"))
    confirmation = forms.CharField(max_length=40, widget=forms.HiddenInput)


class RejectionForm(forms.Form):
    """By which rule, and what the person is told."""

    rule = forms.ChoiceField(label=_("Rule"))
    message = forms.CharField(max_length=1000, widget=forms.Textarea, label=_("Message to the person"))

    def __init__(self, data: Any, *, rules: Sequence[tuple[str, Any]]) -> None:
        super().__init__(data)
        self.fields["rule"].choices = rules  # type: ignore[attr-defined]


class ResolveForm(forms.Form):
    """What a person has seen at the panel."""

    was_done = forms.ChoiceField(
        choices=[("yes", _("Yes, the panel did it")), ("no", _("No, it did not"))],
        widget=forms.RadioSelect,
        label=_("Was it done?"),
    )


class NamesForm(forms.Form):
    """A list of people to invite, typed or as a file."""

    names = forms.CharField(
        widget=forms.Textarea, required=False, label=_("One name or e-mail address on each line")
    )
    file = forms.FileField(required=False, label=_("Or a text or CSV file"))


class ArchiveForm(forms.Form):
    """A batch result file of MTurk's, and which of its columns say what; ``questions`` are key and text."""

    file = forms.FileField(label=_("Batch result file (CSV)"))
    images = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label=_("Columns that name the images shown"),
        help_text=_(
            "One a line, from the left, such as Input.image_left or {Input.model_left}/{Input.file}. The "
            "trials of a draft are made from them, and the draft is then closed: nobody is asked any more."
        ),
    )
    trial = forms.CharField(
        max_length=100,
        required=False,
        initial="Input.trial",
        label=_("Or the column with the trial's number"),
        help_text=_("For a study whose own trials were shown; read where no columns of images are given."),
    )
    order = forms.CharField(
        max_length=100,
        required=False,
        initial="Input.order",
        label=_("Column with the order on screen"),
        help_text=_("The slot at each place, such as 1 0. Without such a column they were shown in order."),
    )
    meanings = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label=_("What the file's words for answers mean"),
        help_text=_("One a line: left=0, right=1, same=tie. Numbers need no line."),
    )
    with_rejected = forms.BooleanField(required=False, label=_("Read rejected assignments too"))

    def __init__(self, *args: Any, questions: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keys = [key for key, _text in questions]
        for key, text in questions:
            label = _("Column with the answers to “%(text)s”") % {"text": text}
            self.fields[f"answer_{key}"] = forms.CharField(
                max_length=100, initial=f"Answer.{key}", label=label
            )
        self.order_fields(
            ["file", "images", "trial", "order", *(f"answer_{key}" for key, _text in questions)]
        )

    def clean_images(self) -> list[str]:
        """Return the columns, one for each place."""
        return [line.strip() for line in self.cleaned_data["images"].splitlines() if line.strip()]

    def clean_meanings(self) -> dict[str, str]:
        """Return the answers that words mean, the words in small letters."""
        lines = [line.strip() for line in self.cleaned_data["meanings"].splitlines() if line.strip()]
        pairs = {line: line.rpartition("=")[::2] for line in lines}
        if wrong := [line for line, (word, answer) in pairs.items() if not (word.strip() and answer.strip())]:
            raise forms.ValidationError(_("“%(line)s” must have the form word=answer.") % {"line": wrong[0]})
        return {word.strip().casefold(): answer.strip() for word, answer in pairs.values()}

    def clean(self) -> None:
        """Refuse a form that does not say what was shown."""
        super().clean()
        if not (self.cleaned_data.get("images") or self.cleaned_data.get("trial")):
            self.add_error("images", _("Say which columns name the images shown, or the trial."))

    def answers(self) -> dict[str, str]:
        """Return the column of each question by its key."""
        return {key: self.cleaned_data[f"answer_{key}"] for key in self._keys}
