"""Metric runs and scores as the API shows them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as ModelValidationError
from rest_framework import serializers

from humaneval.jobs.models import JobState
from humaneval.samples.models import SampleSet
from humaneval.scoring.models import LatentUse, MetricRun, Score
from humaneval.scoring.runs import start_run
from humaneval.teams.rest import OwnSlugField

MOST_DIMENSIONS = 100_000


def _non_negative() -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=1e30)


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a run is."""

    done = serializers.IntegerField(source="progress_done")
    total = serializers.IntegerField(source="progress_total")
    note = serializers.CharField(source="progress_note")


class ProblemSerializer(serializers.Serializer[Any]):
    """What could not be computed, and why; ``metric`` is empty where the set's features failed."""

    sample_set = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    metric = serializers.CharField()
    reason = serializers.CharField()


class MetricRunSerializer(serializers.ModelSerializer[MetricRun]):
    """A run with its state; writing one starts it."""

    reference = OwnSlugField(queryset=SampleSet.objects.all(), permission="scoring.add_metricrun")
    generated = OwnSlugField(many=True, queryset=SampleSet.objects.all(), permission="scoring.add_metricrun")
    metrics = serializers.ListField(child=serializers.CharField(), allow_empty=False)
    settings = serializers.DictField(required=False)
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state", read_only=True)
    progress = ProgressSerializer(source="job", read_only=True)
    error = serializers.CharField(source="job.error", read_only=True)
    finished_at = serializers.DateTimeField(source="job.finished_at", read_only=True)
    problems = ProblemSerializer(many=True, read_only=True)

    class Meta:
        model = MetricRun
        fields = (
            "id",
            "name",
            "reference",
            "generated",
            "extractor",
            "metrics",
            "settings",
            "seed",
            "state",
            "progress",
            "error",
            "problems",
            "versions",
            "created_at",
            "finished_at",
        )
        read_only_fields = ("versions",)

    def create(self, validated_data: dict[str, Any]) -> MetricRun:
        """Start the run."""
        user = self.context["request"].user
        try:
            return start_run(**validated_data, user=user if isinstance(user, User) else None)
        except ModelValidationError as error:
            raise serializers.ValidationError(error.message_dict) from error


class ScoreSerializer(serializers.ModelSerializer[Score]):
    """A score with everything that says what it is."""

    sample_set = serializers.SlugRelatedField[SampleSet](slug_field="slug", read_only=True)
    extractor = serializers.CharField(source="run.extractor", read_only=True)

    class Meta:
        model = Score
        fields = (
            "id",
            "run",
            "sample_set",
            "metric",
            "label",
            "extractor",
            "value",
            "standard_error",
            "higher_is_better",
            "count_real",
            "count_generated",
            "details",
            "created_at",
        )


class LatentUseSerializer(serializers.ModelSerializer[LatentUse]):
    """How much of a model's latent space is in use, by dimension: variance of means, divergence, or both."""

    variance = serializers.ListField(child=_non_negative(), required=False, max_length=MOST_DIMENSIONS)
    kl = serializers.ListField(child=_non_negative(), required=False, max_length=MOST_DIMENSIONS)
    threshold = serializers.FloatField(min_value=0, max_value=1e9, default=0.01)
    kl_threshold = serializers.FloatField(min_value=0, max_value=1e9, default=0.01)
    count = serializers.IntegerField(min_value=1, max_value=2**31 - 1)

    class Meta:
        model = LatentUse
        fields = ("source", "count", "variance", "kl", "threshold", "kl_threshold", "created_at")
        read_only_fields = ("created_at",)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Refuse use that says nothing, and two lists that are not of the same dimensions."""
        given = {"variance": [], "kl": [], **given}
        lengths = {len(given[name]) for name in ("variance", "kl")} - {0}
        if len(lengths) != 1:
            text = "Give variance or kl, a number for each dimension; both where both are known."
            raise serializers.ValidationError({"variance": text})
        return given
