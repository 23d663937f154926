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
    rater = forms.FloatField(label=_("How much raters differ"), min_value=0)
    item = forms.FloatField(label=_("How much images differ"), min_value=0)
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
        self.fields["effect"].label = assumed.effect
        self.fields["effect"].help_text = assumed.effect_help
        self.fields["width"].help_text = assumed.width_help
        self.fields["rater"].help_text = self.fields["item"].help_text = assumed.spread_help
        if assumed.is_rate:
            self.fields["rater"].max_value = self.fields["item"].max_value = 0.95  # type: ignore[attr-defined]
        if assumed.kind != "likert":
            del self.fields["deviation"]
        for field in self.fields.values():
            if isinstance(field, forms.FloatField | forms.DecimalField):
                field.widget.attrs["step"] = "any"

    def clean(self) -> dict[str, Any]:
        """Refuse correlations and rates that none can be."""
        data = super().clean() or self.cleaned_data
        if ASSUMED[self.protocol].is_rate:
            for name in ("rater", "item"):
                if data.get(name) is not None and data[name] > 0.95:
                    self.add_error(name, _("A correlation lies between 0 and 0.95."))
            if data.get("effect") is not None and not 0 < data["effect"] < 1:
                self.add_error("effect", _("A share lies between 0 and 1."))
        return data


def starting_values(protocol: str, **of_study: Any) -> dict[str, Any]:
    """Return every field's value before anybody has typed: what is assumed, over it what the study says."""
    return {**COMMON, **ASSUMED[protocol].defaults, **of_study}
