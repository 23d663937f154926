"""The form that starts a metric run."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from humaneval.samples.models import SampleKind, SampleSet
from humaneval.scoring.extractors import own_extractors
from humaneval.scoring.models import MetricRun
from humaneval.scoring.runs import check_run
from humaneval.teams.access import visible
from humaneval.ui.admin import CheckboxSelectMultiple, Select, Textarea, TextInput

OTHER = ""
PUBLISHED = {
    "inception": _("Inception-v3 of 2015 (FID, IS, KID as published)"),
    "inception:64": _("Inception-v3, first tap, 64 features"),
    "inception:192": _("Inception-v3, second tap, 192 features"),
    "inception:768": _("Inception-v3, third tap, 768 features"),
    "pixels:32": _("The pixels themselves, at 32 × 32"),
}
USUAL = ("frechet_distance", "inception_score", "precision_recall", "density_coverage", "unique_fraction")


def extractor_choices() -> list[tuple[str, Any]]:
    """Return the extractors to choose from, one's own in EXTRACTOR_DIR included."""
    own = [(spec, spec) for spec in own_extractors()]
    return [*PUBLISHED.items(), *own, (OTHER, _("another, named below"))]


def metric_choices() -> list[tuple[str, str]]:
    """Return the metrics of the registry with what each is."""
    from metrics.registry import REGISTRY

    return [(name, f"{metric.label}: {metric.description}") for name, metric in REGISTRY.items()]


class MetricRunForm(forms.ModelForm):
    """Sets, extractor and metrics of a new run, checked as :func:`start_run` checks them."""

    user: ClassVar[Any] = None
    """Who is starting it."""

    reference = forms.ModelChoiceField(
        SampleSet.objects.none(),
        widget=Select,
        help_text=_("The real set that the others are compared with."),
    )
    generated = forms.ModelMultipleChoiceField(SampleSet.objects.none(), widget=CheckboxSelectMultiple)
    extractor = forms.ChoiceField(
        choices=extractor_choices,
        widget=Select,
        required=False,
        label=_("Feature space"),
        initial="inception",
    )
    other_extractor = forms.CharField(
        required=False,
        widget=TextInput,
        label=_("Another feature space"),
        help_text=_("For example dinov2, timm:… or torchvision:resnet50; leave empty to use the choice."),
    )
    metrics = forms.MultipleChoiceField(
        choices=metric_choices, widget=CheckboxSelectMultiple, initial=list(USUAL)
    )
    settings = forms.JSONField(
        required=False,
        widget=Textarea,
        initial=dict,
        help_text=_('Usually empty. For example {"precision": "fast", "precision_recall": {"k": 5}}.'),
    )

    class Meta:
        model = MetricRun
        fields = ("name", "reference", "generated", "extractor", "metrics", "settings", "seed")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sets = visible(self.user, SampleSet.objects.all(), "scoring.add_metricrun")
        real, generated = sets.filter(kind=SampleKind.REAL), sets.filter(kind=SampleKind.GENERATED)
        self.fields["reference"].queryset = real  # type: ignore[attr-defined]
        self.fields["generated"].queryset = generated  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Check the run as a whole, each problem shown at its field."""
        data = super().clean() or {}
        data["extractor"] = data.get("other_extractor", "").strip() or data.get("extractor", "")
        data["settings"] = data.get("settings") or {}
        if not self.errors:
            self._check(data)
        return data

    def _check(self, data: dict[str, Any]) -> None:
        wanted = {name: data[name] for name in ("reference", "extractor", "metrics", "settings")}
        try:
            check_run(**wanted, generated=list(data["generated"]))
        except ValidationError as error:
            self.add_error(None, error)
