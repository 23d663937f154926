"""Forms of the admin: a short one that makes a study, and one with the protocol's own settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from humaneval.protocols.base import Protocol, Setting, SettingsError
from humaneval.protocols.registry import PROTOCOLS
from humaneval.samples import pictures
from humaneval.samples.models import SampleKind, SampleSet
from humaneval.studies.flow_form import FlowMixin, flow_fields
from humaneval.studies.form_help import help_for
from humaneval.studies.models import Study
from humaneval.studies.steering import rules_for
from humaneval.studies.strata_form import StrataMixin, strata_fields
from humaneval.teams.access import team_to_use, visible
from humaneval.teams.models import Team
from humaneval.ui.admin import CheckboxSelectMultiple, NumberInput, RadioSelect, Select, Switch

TEXTS = ("instructions", "consent_text", "thanks_text")
ADD_STUDY = "studies.add_study"
SETTING = "setting_"
"""What the names of fields for a protocol's settings begin with."""


class SampleSetChoice(forms.ModelChoiceField):
    """One sample set, with the number of its samples."""

    def label_from_instance(self, obj: Any) -> str:
        """Return name and size."""
        return labelled(obj)


class SampleSetsChoice(forms.ModelMultipleChoiceField):
    """Several sample sets, with the numbers of their samples."""

    def label_from_instance(self, obj: Any) -> str:
        """Return name and size."""
        return labelled(obj)


def labelled(sample_set: Any) -> str:
    """Return a counted sample set's name and size in words."""
    return _("%(name)s (%(count)s samples)") % {
        "name": sample_set.name,
        "count": f"{sample_set.sample_count:,}",
    }


def counted_sets(kind: SampleKind, user: Any) -> QuerySet[SampleSet]:
    """Return the sets of which a person may make studies, each with its ``sample_count``."""
    sets = visible(user, SampleSet.objects.filter(kind=kind).exclude(slug=pictures.SLUG), ADD_STUDY)
    return sets.annotate(sample_count=Count("samples")).order_by("name")


def _only_one(sets: QuerySet[SampleSet]) -> int | None:
    """Return the id of the only set, or None if there are more or none."""
    ids = list(sets.values_list("pk", flat=True)[:2])
    return ids[0] if len(ids) == 1 else None


class NewStudyForm(forms.ModelForm):
    """The least that a study is made from; all words get defaults, to be looked over on the next page."""

    user: ClassVar[Any] = None
    """Who is making it."""

    protocol = forms.ChoiceField(
        label=_("Protocol"),
        choices=[(protocol.name, f"{protocol.title}: {protocol.summary}") for protocol in PROTOCOLS.values()],
        initial=next(iter(PROTOCOLS)),
        widget=RadioSelect,
    )
    real_set = SampleSetChoice(
        label=_("Real set"),
        queryset=SampleSet.objects.none(),
        required=False,
        empty_label=_("none"),
        widget=Select,
        help_text=_(
            "What the models should look like. Pairwise comparison and scales work without one; for "
            "duplicates choose it only if its own pairs are to be shown."
        ),
    )
    generated_sets = SampleSetsChoice(
        label=_("Generated sets"),
        queryset=SampleSet.objects.none(),
        required=False,
        widget=CheckboxSelectMultiple,
        help_text=_("The models, or the checkpoints and settings of a model, that are to be compared."),
    )

    class Meta:
        model = Study
        fields = ("name", "trial_count", "votes_per_trial", "assignments_per_session")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        real = counted_sets(SampleKind.REAL, self.user)
        self.fields["real_set"].queryset = real  # type: ignore[attr-defined]
        generated = counted_sets(SampleKind.GENERATED, self.user)
        self.fields["generated_sets"].queryset = generated  # type: ignore[attr-defined]
        self.initial.setdefault("real_set", _only_one(real))
        self.fields["protocol"].help_text = help_for("protocol")

    def clean(self) -> dict[str, Any]:
        """Check that the protocol has the sample sets it needs."""
        data = super().clean() or self.cleaned_data
        protocol = PROTOCOLS.get(data.get("protocol", ""))
        if protocol is None:
            return data
        if protocol.needs_real and not data.get("real_set"):
            self.add_error("real_set", _("This protocol needs a real set: choose one, or import one first."))
        if len(data.get("generated_sets") or ()) < protocol.minimum_generated:
            self.add_error("generated_sets", _("This protocol needs at least one generated set: choose it."))
        if protocol.uses_pairs and not self.chosen_sets():
            self.add_error("generated_sets", _("Choose the sets that the pairs are of."))
        if len({sample_set.team_id for sample_set in self.chosen_sets()}) > 1:
            self.add_error("generated_sets", _("These sets are not all of one team: choose sets of one."))
        return data

    def chosen_sets(self) -> list[SampleSet]:
        """Return the real set, if any, and the generated ones."""
        real = self.cleaned_data.get("real_set")
        return [*([real] if real else []), *self.cleaned_data.get("generated_sets", ())]

    def team(self) -> Team:
        """Return the team of the chosen sets."""
        sets = self.chosen_sets()
        return cast(Team, sets[0].team) if sets else team_to_use(self.user, ADD_STUDY)


class StudyForm(StrataMixin, FlowMixin):
    """A study that exists."""

    protocol: ClassVar[Protocol | None] = None

    class Meta:
        model = Study
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(TEXTS) & set(self.fields):
            self.fields[name].widget.attrs["rows"] = 6
        for setting in self.protocol.settings if self.protocol else ():
            given = self.instance.settings.get(setting.name, setting.default)
            self.initial.setdefault(SETTING + setting.name, given)
        for name, field in self.fields.items():
            field.help_text = field.help_text or help_for(name)
        if "stop_rule" in self.fields:
            rules = [(rule.value, rule.label) for rule in rules_for(self.instance)]
            self.fields["stop_rule"].choices = rules  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Gather the protocol's settings and check them."""
        data = super().clean() or self.cleaned_data
        if self.protocol is not None and not self.errors:
            given = {setting.name: data[SETTING + setting.name] for setting in self.protocol.settings}
            try:
                self.instance.settings = self.protocol.checked_settings(given)
            except SettingsError as error:
                for name, reason in error.errors.items():
                    self.add_error(SETTING + name, reason)
        return data


def form_of(study: Study, posted: Iterable[str] = ()) -> type[StudyForm]:
    """Return the form of a study that exists, with a field for each part that may change.

    ``posted`` are the names of the fields that were sent, if any were.

    Of a draft these are its protocol's settings and its flow, of a running study its strata still.
    """
    parts: dict[str, Any] = strata_fields(study, posted) if study.may_change("strata") else {}
    protocol = PROTOCOLS.get(study.protocol)
    if protocol is not None and study.may_change("settings"):
        parts |= {SETTING + setting.name: setting_field(setting) for setting in protocol.settings}
        parts |= {**flow_fields(study), "protocol": protocol}
    return type("StudyForm", (StudyForm,), parts)


def setting_field(setting: Setting) -> forms.Field:
    """Return the form field of a protocol's setting."""
    words = {"label": setting.label, "help_text": setting.help, "initial": setting.default}
    if setting.kind == "boolean":
        return forms.BooleanField(required=False, widget=Switch, **words)
    if setting.kind == "choice":
        return forms.ChoiceField(choices=setting.choices, widget=Select, **words)
    return forms.IntegerField(
        min_value=setting.minimum, max_value=setting.maximum, widget=NumberInput, **words
    )
