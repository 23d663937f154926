"""Sample sets, their samples and prompts, and the stimuli that raters see of them."""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings as django_settings
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from humaneval.jobs.attendance import nobody_for
from humaneval.jobs.models import JobState
from humaneval.teams.models import DEFAULT_TEAM, Team


class SampleKind(models.TextChoices):
    REAL = "real", _("real")
    GENERATED = "generated", _("generated")


class Prompt(models.Model):
    """The text a sample was generated from."""

    team_path = "samples__sample_set__team"

    text = models.TextField()
    category = models.CharField(max_length=120, blank=True)
    digest = models.CharField(
        max_length=64, unique=True, editable=False, help_text=_("SHA-256 of category and text.")
    )

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:80]


class SampleSetQuerySet(models.QuerySet["SampleSet"]):
    """Reads of sample sets."""

    def with_extent(self) -> SampleSetQuerySet:
        """Annotate each set with ``sample_count`` and the smallest and largest side of its samples.

        ``min_width``, ``max_width``, ``min_height``, ``max_height`` are in pixels, None for an empty set.
        Ordered by name, since grouping drops the model's own order.
        """
        return self.annotate(
            sample_count=models.Count("samples"),
            min_width=models.Min("samples__width"),
            max_width=models.Max("samples__width"),
            min_height=models.Min("samples__height"),
            max_height=models.Max("samples__height"),
        ).order_by("name")


class SampleSet(models.Model):
    """Samples of one source: a real data set, or one model checkpoint with its sampling settings."""

    team_path = "team"

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=120, unique=True)
    kind = models.CharField(max_length=12, choices=SampleKind)
    description = models.TextField(blank=True)
    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        related_name="sample_sets",
        default=DEFAULT_TEAM,
        db_default=DEFAULT_TEAM,
        help_text=_("Whose it is: other teams do not see it."),
    )
    settings = models.JSONField(
        default=dict, blank=True, help_text=_("Checkpoint, sampler, seed: whatever repeats the set.")
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = SampleSetQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Sample(models.Model):
    """One image as it was imported, byte for byte. Never changed, since votes and scores rest on it."""

    team_path = "sample_set__team"

    sample_set = models.ForeignKey(SampleSet, on_delete=models.PROTECT, related_name="samples")
    name = models.CharField(max_length=500, help_text=_("Path inside the folder or archive."))
    sha256 = models.CharField(max_length=64)
    file = models.FileField(max_length=300, upload_to="", help_text=_("Content-addressed in storage."))
    format = models.CharField(max_length=12)
    mode = models.CharField(max_length=12)
    width = models.PositiveIntegerField(help_text=_("Upright, in pixels."))
    height = models.PositiveIntegerField(help_text=_("Upright, in pixels."))
    size = models.PositiveBigIntegerField(help_text=_("Bytes."))
    prompt = models.ForeignKey(
        Prompt, null=True, blank=True, on_delete=models.PROTECT, related_name="samples"
    )
    details = models.JSONField(
        default=dict, blank=True, help_text=_("What its table says of it besides: seed, ids, labels.")
    )
    import_run = models.ForeignKey(
        "ImportRun",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="samples",
        help_text=_("The import that brought it in."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["sample_set", "name"], name="sample_name_once_a_set")]
        indexes = [models.Index(fields=["sample_set", "sha256"], name="sample_set_content")]

    def __str__(self) -> str:
        return f"{self.sample_set_id}/{self.name}"


def archive_name(run: ImportRun, filename: str) -> str:
    """Return where an uploaded archive waits: a name of its own, whatever the uploader called it."""
    return f"imports/{uuid.uuid4().hex}.zip"


class ImportRun(models.Model):
    """One import into a sample set, with what came in and what did not and why."""

    team_path = "sample_set__team"

    sample_set = models.ForeignKey(SampleSet, on_delete=models.CASCADE, related_name="imports")
    source = models.CharField(max_length=500, help_text=_("Folder or archive name, as given."))
    prompts = models.CharField(
        max_length=500, blank=True, help_text=_("CSV file with the columns name, prompt and category.")
    )
    archive = models.FileField(
        max_length=300, upload_to=archive_name, blank=True, help_text=_("Uploaded zip, until read.")
    )
    strict = models.BooleanField(
        default=False, help_text=_("Any bad file refuses the whole import; nothing is stored then.")
    )
    job = models.OneToOneField(
        "jobs.Job",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="import_run",
    )
    added = models.PositiveIntegerField(default=0, editable=False)
    unchanged = models.PositiveIntegerField(default=0, editable=False)
    rejected = models.PositiveIntegerField(default=0, editable=False)
    problems = models.JSONField(
        default=list, blank=True, editable=False, help_text=_("[{name, reason}, ...], the first thousand.")
    )
    remarks = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text=_("[{name, reason}, ...] about files that came in, the first thousand."),
    )
    error = models.TextField(blank=True, editable=False, help_text=_("Why the whole import was refused."))
    received = models.PositiveBigIntegerField(
        default=0, editable=False, help_text=_("Bytes that came file by file from a browser.")
    )
    lease_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text=_("Until when a process without a job holds it; pushed back as long as that lives."),
    )
    progress_done = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    progress_total = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("import")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.source

    @property
    def is_underway(self) -> bool:
        """Whether a worker or a command will still change this row by itself."""
        return self.state in {JobState.QUEUED, JobState.RUNNING}

    @property
    def state(self) -> str:
        """One word for where the import stands: done, refused, its job's state; interrupted without one."""
        if self.finished_at is not None:
            return "refused" if self.error else "done"
        if self.job is not None:
            return self.job.state
        is_held = self.lease_until is not None and self.lease_until > timezone.now()
        return JobState.RUNNING.value if is_held else "interrupted"

    @property
    def state_in_words(self) -> str | Promise:
        """The state for people."""
        words = {"done": _("done"), "refused": _("refused"), "interrupted": _("interrupted")}
        return words.get(self.state) or JobState(self.state).label

    @property
    def waiting(self) -> str:
        """That no worker is there to carry it out, and what to do; empty where one is, or none is needed."""
        return nobody_for(self.job)

    @property
    def progress(self) -> tuple[int, int]:
        """How many files are through, and of how many, by the job if there is one."""
        if self.job is not None:
            return self.job.progress_done, self.job.progress_total
        return self.progress_done, self.progress_total


def stimulus_token() -> str:
    """Return 22 URL-safe characters (128 random bits) that say nothing of what they name."""
    return secrets.token_urlsafe(16)


class Stimulus(models.Model):
    """A sample as raters see it: one recipe for real and generated, behind an opaque URL."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="stimuli")
    recipe = models.CharField(
        max_length=120, help_text=_("Size, filter, codec and version, e.g. webp-lossless/28x28/lanczos/1.")
    )
    token = models.CharField(max_length=32, unique=True, default=stimulus_token, editable=False)
    file = models.FileField(max_length=300, upload_to="")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField(help_text=_("Bytes."))
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "stimuli"
        constraints = [models.UniqueConstraint(fields=["sample", "recipe"], name="stimulus_once_a_recipe")]

    def __str__(self) -> str:
        return self.token


class ImageFacts(models.Model):
    """Trivial facts of one image, as imported or as served: kept, so that an audit measures none twice."""

    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="facts")
    recipe = models.CharField(
        max_length=120, blank=True, help_text=_("Of the stimulus measured; empty for the file as imported.")
    )
    version = models.PositiveSmallIntegerField(help_text=_("Of the code that measured."))
    values = models.JSONField()

    class Meta:
        verbose_name_plural = "image facts"
        constraints = [
            models.UniqueConstraint(fields=["sample", "recipe", "version"], name="image_measured_once")
        ]

    def __str__(self) -> str:
        return f"facts of sample {self.sample_id}"


class LeakageAudit(models.Model):
    """Whether trivial facts tell the real from the generated samples of some sets, as they stood then."""

    team_path = "sample_sets__team"

    sample_sets = models.ManyToManyField(SampleSet, related_name="leakage_audits")
    digest = models.CharField(
        max_length=64, unique=True, editable=False, help_text=_("SHA-256 of the sets and what they held.")
    )
    job = models.OneToOneField(
        "jobs.Job", null=True, editable=False, on_delete=models.SET_NULL, related_name="leakage_audit"
    )
    result = models.JSONField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"leakage audit {self.pk}"

    @property
    def is_underway(self) -> bool:
        """Whether a worker will still change this row by itself."""
        return self.result is None and self.job is not None and not self.job.is_finished


class DuplicateCheck(models.Model):
    """Which samples of a set are the same or nearly so, as the set stood then."""

    team_path = "sample_set__team"

    sample_set = models.ForeignKey(SampleSet, on_delete=models.CASCADE, related_name="duplicate_checks")
    digest = models.CharField(max_length=64, unique=True, help_text=_("SHA-256 of the set and what it held."))
    job = models.OneToOneField(
        "jobs.Job", null=True, on_delete=models.SET_NULL, related_name="duplicate_check"
    )
    result = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"duplicates in set {self.sample_set_id}"
