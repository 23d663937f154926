"""The planner's form: filled from a study and what is assumed, bookmarked as an address."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from humaneval.recruitment import recruiters
from humaneval.workspace.planning.assumptions import ASSUMED, COMMON

MOST_CONDITIONS = 50


class PlanForm(forms.Form):
    """All that a plan follows from. Fields left out take the values of :func:`starting_values`."""

    aim = forms.ChoiceField(
        label=_("Plan for"),
        choices=[("power", _("finding the expected effect (power)")), ("width", _("a narrow interval"))],
        widget=forms.RadioSelect,
    )
    power = forms.FloatField(
        label=_("Wanted power"),
        min_value=0.1,
        max_value=0.999,
        help_text=_("The chance to find the expected effect at the 5% level. Usual: 0.8 or 0.9."),
    )
    width = forms.FloatField(label=_("Wanted width"), min_value=0.001)
    effect = forms.FloatField()
    reference = forms.FloatField(
        label=_("Exposure to tell it from (ms)"),
        min_value=1,
        help_text=_(
            "A published one, or another study's, taken as known. Where two studies of one size measure one "
            "each, take twice the raters for both."
        ),
    )
    rater = forms.FloatField(label=_("How much raters differ"), min_value=0)
    item = forms.FloatField(label=_("How much images differ"), min_value=0)
    rise = forms.FloatField(
        label=_("How steeply raters come to see"),
        min_value=1.01,
        max_value=100,
        help_text=_("How many times as long a rater must look to be right 90% of the time instead of 75%."),
    )
    deviation = forms.FloatField(
        label=_("Spread of single scores"),
        min_value=0.01,
        help_text=_("Standard deviation of one rater's scores of equally good images, in points."),
    )
    conditions = forms.IntegerField(
        label=_("Conditions"),
        min_value=1,
        max_value=MOST_CONDITIONS,
        help_text=_("That a rater's trials are shared among."),
    )
    session = forms.IntegerField(
        label=_("Trials a session"),
        min_value=1,
        max_value=5000,
        help_text=_(
            "That one rater answers. Long sessions cost less and say less: votes of one rater repeat."
        ),
    )
    images = forms.IntegerField(
        label=_("Images a condition"),
        min_value=1,
        help_text=_("Different images (or prompts) that trials can be made of."),
    )
    votes_per_trial = forms.IntegerField(
        label=_("Votes a trial, at least"),
        min_value=1,
        max_value=1000,
        help_text=_("Two or more let agreement between raters be measured; more different images say more."),
    )
    seconds = forms.FloatField(
        label=_("Seconds a trial"),
        min_value=0.1,
        max_value=3600,
        help_text=_("From one trial to the next, in the median."),
    )
    besides = forms.FloatField(
        label=_("Minutes besides"),
        min_value=0,
        max_value=240,
        help_text=_("For consent, instructions, practice and questions around the trials."),
    )
    per_hour = forms.FloatField(
        label=_("Raters an hour"),
        min_value=0.01,
        help_text=_("Who come and finish. Ten is assumed; a pilot tells."),
    )
    panel = forms.ChoiceField(
        label=_("Panel"), required=False, help_text=_("Its fee is added to what raters are paid.")
    )
    wage = forms.DecimalField(
        label=_("Pay for an hour"),
        min_value=Decimal(0),
        max_digits=8,
        decimal_places=2,
        help_text=_("In any currency; the cost is in the same."),
    )

    def __init__(self, data: Mapping[str, Any], *, protocol: str) -> None:
        super().__init__(data)
        self.protocol = protocol
        assumed = ASSUMED[protocol]
        panel = self.fields["panel"]
        panel.choices = [("", _("none: a link")), *recruiters.choices()]  # type: ignore[attr-defined]
        for name in set(self.fields) - set(starting_values(protocol)):
            del self.fields[name]
        for name, words in assumed.labels.items():
            self.fields[name].label = words
        for name, words in assumed.helps.items():
            self.fields[name].help_text = words
        if assumed.is_rate:
            self.fields["rater"].max_value = self.fields["item"].max_value = 0.95  # type: ignore[attr-defined]
        if assumed.kind == "exposures":
            self.fields["effect"].min_value = 1  # type: ignore[attr-defined]
            self.fields["rater"].max_value = 3  # type: ignore[attr-defined]
        if assumed.no_power:
            del self.fields["aim"], self.fields["power"]
        for field in self.fields.values():
            if isinstance(field, forms.FloatField | forms.DecimalField):
                field.widget.attrs["step"] = "any"

    def clean(self) -> dict[str, Any]:
        """Refuse correlations, rates and exposures that none can be."""
        data = super().clean() or self.cleaned_data
        assumed = ASSUMED[self.protocol]
        if assumed.no_power:
            data["aim"] = "width"
        if assumed.is_rate:
            for name in ("rater", "item"):
                if data.get(name) is not None and data[name] > 0.95:
                    self.add_error(name, _("A correlation lies between 0 and 0.95."))
            if data.get("effect") is not None and not 0 < data["effect"] < 1:
                self.add_error("effect", _("A share lies between 0 and 1."))
        if assumed.kind == "exposures":
            if data.get("effect") is not None and data["effect"] < 1:
                self.add_error("effect", _("An exposure is at least 1 ms."))
            if data.get("rater") is not None and data["rater"] > 3:
                self.add_error("rater", _("Raters who differ by more than 3 times their mean have no mean."))
        return data


def starting_values(protocol: str, **of_study: Any) -> dict[str, Any]:
    """Return every field's value before anybody has typed: what is assumed, over it what the study says."""
    return {**COMMON, **ASSUMED[protocol].defaults, **of_study}
