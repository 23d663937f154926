"""The form by which rules are declared: a checkbox for each rule there is, a number for each setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from humaneval.rating.exclusions import RULES, default_rules
from humaneval.rating.exclusions.rules import RuleSetting
from humaneval.rating.models import RuleSet

RULE = "rule_"
"""What the names of rules' checkboxes begin with; a setting's name follows its rule's after a dot."""


@dataclass(frozen=True)
class RuleFields:
    """A rule as the form shows it."""

    box: BoundField
    settings: list[BoundField]


class RulesForm(forms.Form):
    """The next version of a study's rules, filled from the last; the first from what most should declare."""

    name = forms.CharField(
        label=_("Name"),
        max_length=RuleSet._meta.get_field("name").max_length,
        help_text=_("What reports call this version, such as “as registered”."),
    )

    def __init__(self, *args: Any, last: RuleSet | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Mapping[str, Mapping[str, float]] = last.rules if last else default_rules()
        for name, rule in RULES.items():
            self.fields[RULE + name] = forms.BooleanField(
                label=rule.title, help_text=rule.meaning, required=False, initial=name in chosen
            )
            for key, value in rule.filled(chosen.get(name, {})).items():
                self.fields[f"{RULE}{name}.{key}"] = _number(rule.settings[key], value)

    def rule_fields(self) -> Iterator[RuleFields]:
        """Yield the fields rule by rule, in the order in which rules are listed."""
        for name, rule in RULES.items():
            yield RuleFields(self[RULE + name], [self[f"{RULE}{name}.{key}"] for key in rule.settings])

    def rules(self) -> dict[str, dict[str, float]]:
        """Return the rules that were ticked, each with its settings; those left empty are left out."""
        data = self.cleaned_data
        return {
            name: {key: value for key in rule.settings if (value := data[f"{RULE}{name}.{key}"]) is not None}
            for name, rule in RULES.items()
            if data[RULE + name]
        }


def plain(value: float) -> float:
    """Return a whole number without its point, as people write it."""
    return int(value) if float(value).is_integer() else value


def _number(setting: RuleSetting, value: float) -> forms.Field:
    words = _("%(meaning)s From %(least)s to %(most)s; empty: %(default)s.")
    bounds = {"least": f"{setting.least:,g}", "most": f"{plain(setting.most):,}"}
    return forms.FloatField(
        label=setting.label,
        help_text=words % {"meaning": setting.meaning, "default": plain(setting.default), **bounds},
        required=False,
        min_value=setting.least,
        max_value=setting.most,
        initial=plain(value),
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
