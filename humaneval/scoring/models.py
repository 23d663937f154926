"""Metric runs and the scores they leave. A score never comes from people."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.samples.models import SampleSet


class FeatureFile(models.Model):
    """Features of one sample set in one extractor's space: computed once, kept in storage.

    While ``file`` is empty, workers are filling its shards.
    """

    sample_set = models.ForeignKey(SampleSet, on_delete=models.CASCADE, related_name="feature_files")
    extractor = models.CharField(max_length=160)
    extractor_digest = models.CharField(max_length=64, help_text=_("SHA-256 over weights and preprocessing."))
    content_digest = models.CharField(max_length=64, help_text=_("SHA-256 over the set's sample hashes."))
    file = models.FileField(max_length=300, upload_to="", blank=True)
    count = models.PositiveIntegerField()
    dimension = models.PositiveIntegerField()
    device = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text=_("Kind of device that computes it: no two compute the same to the bit."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sample_set", "extractor_digest", "content_digest"], name="features_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.extractor} of {self.sample_set_id}"


class FeatureShard(models.Model):
    """A range of a set's samples, whose features one worker computes; gone once the whole file is there."""

    features = models.ForeignKey(FeatureFile, on_delete=models.CASCADE, related_name="shards")
    start = models.PositiveIntegerField()
    stop = models.PositiveIntegerField()
    file = models.FileField(max_length=300, upload_to="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=64, blank=True, help_text=_("Who holds the lease."))

    class Meta:
        ordering = ["start"]
        constraints = [models.UniqueConstraint(fields=["features", "start"], name="feature_shard_once")]

    def __str__(self) -> str:
        return f"{self.start}..{self.stop} of {self.features_id}"


class MetricRun(models.Model):
    """One computation of some metrics for some generated sets against one real set."""

    team_path = "reference__team"

    name = models.CharField(max_length=160, blank=True)
    reference = models.ForeignKey(
        SampleSet,
        on_delete=models.PROTECT,
        related_name="runs_as_reference",
        help_text=_("The real set that the others are compared with."),
    )
    generated = models.ManyToManyField(SampleSet, related_name="runs", verbose_name=_("generated sets"))
    extractor = models.CharField(max_length=160)
    metrics = models.JSONField(default=list, help_text=_("Names in the metrics registry."))
    settings = models.JSONField(default=dict, blank=True)
    seed = models.PositiveIntegerField(default=0)
    versions = models.JSONField(default=dict, blank=True, editable=False)
    problems = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text=_("What could not be computed: [{sample_set, metric, reason}, ...]."),
    )
    job = models.OneToOneField(
        "jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="metric_run"
    )
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name or f"metric run {self.pk}"


class Score(models.Model):
    """A number about a sample set from an automated metric, with its settings and uncertainty.

    A row is complete and right whatever became of the rest of its run.
    """

    team_path = "sample_set__team"

    run = models.ForeignKey(MetricRun, on_delete=models.CASCADE, related_name="scores")
    sample_set = models.ForeignKey(SampleSet, on_delete=models.PROTECT, related_name="scores")
    metric = models.CharField(max_length=80)
    label = models.CharField(max_length=160, help_text=_("Its full name, with the feature space."))
    value = models.FloatField()
    standard_error = models.FloatField(null=True, blank=True)
    higher_is_better = models.BooleanField(null=True, help_text=_("Empty where neither is better."))
    count_real = models.PositiveIntegerField(default=0)
    count_generated = models.PositiveIntegerField(default=0)
    details = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "sample_set", "metric"], name="score_once_a_run")
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.value}"


class SampleScores(models.Model):
    """A value of a score for each sample of the set, in a safetensors file: sample ids and values."""

    score = models.ForeignKey(Score, on_delete=models.CASCADE, related_name="by_sample")
    name = models.CharField(max_length=80)
    file = models.FileField(max_length=300, upload_to="")

    class Meta:
        verbose_name_plural = "sample scores"
        constraints = [models.UniqueConstraint(fields=["score", "name"], name="sample_scores_once")]

    def __str__(self) -> str:
        return f"{self.name} of score {self.score_id}"


class LatentUse(models.Model):
    """How much of a model's latent space is in use: by latent dimension, from its posterior over its data.

    It is about the model that a generated set came from, and needs what only its makers have: posterior means
    (and log-variances), or the divergence from the prior by dimension.
    """

    sample_set = models.OneToOneField(SampleSet, on_delete=models.CASCADE, related_name="latent_use")
    source = models.CharField(max_length=500, help_text=_("The file that it was computed from, as given."))
    count = models.PositiveIntegerField(help_text=_("Data that the posterior was taken over."))
    variance = models.JSONField(
        default=list, blank=True, help_text=_("Of the posterior mean, by dimension; empty if not known.")
    )
    kl = models.JSONField(
        default=list, blank=True, help_text=_("Divergence from the prior (nats), by dimension, if known.")
    )
    threshold = models.FloatField(help_text=_("Variance from which on a dimension is active."))
    kl_threshold = models.FloatField(help_text=_("Divergence from which on a dimension is active."))
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"latent use of {self.sample_set_id}"
