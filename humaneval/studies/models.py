"""Studies, their conditions and questions, and the trials made from them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from humaneval.samples.models import Prompt, Sample, SampleSet
from humaneval.studies.arrived import check_groups_kept
from humaneval.studies.flow import check_flow, default_flow
from humaneval.studies.groups_field import GroupsField
from humaneval.studies.states import DELETABLE, StudyState, may_change
from humaneval.studies.steering import StopRule
from humaneval.studies.strata import check_strata, check_votes
from humaneval.teams.models import DEFAULT_TEAM, Team

__all__ = [
    "Condition",
    "DuplicatePair",
    "GoldSource",
    "GoldTrial",
    "Question",
    "Study",
    "StudyState",
    "Trial",
]

AT_LEAST_ONE = [MinValueValidator(1)]
MOST_TRIALS = 1_000_000


def completion_code() -> str:
    """Return eight characters that are hard to misread, to be typed into a panel's page."""
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(8))


def study_seed() -> int:
    """Return a random seed in 0 .. 2**31 - 1."""
    return secrets.randbelow(2**31)


def _changed_fields(row: models.Model, stored: models.Model, only: Iterable[str] | None) -> list[str]:
    """Return the names of the fields in which a row differs from what is stored."""
    names = None if only is None else set(only)
    return [
        field.name
        for field in row._meta.concrete_fields
        if (names is None or field.name in names or field.attname in names)
        and getattr(row, field.attname) != getattr(stored, field.attname)
    ]


class StudyQuerySet(models.QuerySet["Study"]):
    """Studies as they are read and deleted."""

    def for_pages(self) -> Self:
        """Return the studies with all that a page or an API answer says of them, in a fixed few queries."""
        conditions = Condition.objects.select_related("sample_set")
        return self.select_related("launch_job", "owner", "team").prefetch_related(
            models.Prefetch("conditions", conditions), "questions"
        )

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the studies; raises ValidationError if one of them may not be deleted."""
        with transaction.atomic():
            for study in self.select_for_update().order_by("pk"):
                study.check_deletable()
            return super().delete()


class Study(models.Model):
    """A question asked by one protocol about some sample sets."""

    team_path = "team"

    name = models.CharField(
        max_length=160, help_text=_("What you call it. Raters see only the link that is made from it.")
    )
    slug = models.SlugField(
        max_length=120,
        unique=True,
        help_text=_("Last part of the raters' link. Raters see it: keep the names of models out of it."),
    )
    protocol = models.CharField(max_length=40, help_text=_("Name in the protocol registry."))
    settings = models.JSONField(
        default=dict, blank=True, help_text=_("The protocol's own settings, checked by it.")
    )
    state = models.CharField(max_length=12, choices=StudyState, default=StudyState.DRAFT, editable=False)
    seed = models.PositiveIntegerField(
        default=study_seed,
        validators=[MaxValueValidator(2**31 - 1)],
        help_text=_("The same seed makes the same trials of the same samples."),
    )
    trial_count = models.PositiveIntegerField(
        default=200,
        validators=[*AT_LEAST_ONE, MaxValueValidator(MOST_TRIALS)],
        help_text=_("Trials to make at launch, shared evenly by the sample sets or their pairs."),
    )
    votes_per_trial = models.PositiveIntegerField(
        default=3, validators=AT_LEAST_ONE, help_text=_("Votes to collect for each trial.")
    )
    assignments_per_session = models.PositiveIntegerField(
        default=40, validators=AT_LEAST_ONE, help_text=_("Trials that one rater answers at most.")
    )
    repeats_per_session = models.PositiveIntegerField(
        default=0, help_text=_("Trials shown a second time to check consistency; never counted.")
    )
    gold_per_block = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(5)],
        help_text=_(
            "Trials with a known answer among every ten that a rater meets, at places that nobody can guess; "
            "never counted. Who fails them is left out where the rule “failed gold” is declared."
        ),
    )
    gold_drawn = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(1000)],
        help_text=_(
            "Gold trials to draw from the study's own samples at launch, beside those that you import. "
            "Only where the protocol knows the answer: two-alternative choice, real or fake."
        ),
    )
    gold_count = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Gold trials made at launch, numbered after the study's own.")
    )
    unique_samples = models.BooleanField(
        default=False,
        help_text=_("Show no image to the same rater twice, in no trial; repeats aside."),
    )
    unique_prompts = models.BooleanField(
        default=False, help_text=_("Show no prompt to the same rater twice, in no trial; repeats aside.")
    )
    raters_at_most = models.PositiveIntegerField(
        default=0,
        help_text=_(
            "Raters whom the study takes; 0 takes any number. Whoever leaves without a vote keeps nobody out."
        ),
    )
    sessions_per_rater = models.PositiveSmallIntegerField(
        default=1,
        validators=[*AT_LEAST_ONE, MaxValueValidator(100)],
        help_text=_("How often the same rater may come, each time for other trials."),
    )
    strata = GroupsField(
        default=dict,
        blank=True,
        validators=[check_strata],
        help_text=_(
            "Groups of raters from whom each trial gets its votes, the groups' votes adding up to the votes "
            "of a trial. Half from phones, half from desktops: "
            '{"by": "device", "groups": {"phone": {"votes": 2}, "desktop": {"votes": 2}}}. '
            'Or by a parameter of the link: "by": "parameter:country". A group may list several "values". '
            "Empty, {}: anybody."
        ),
    )
    adaptive = models.BooleanField(
        default=False,
        help_text=_(
            "Choose the next pairs of sets by what their comparison will tell, given the votes so far "
            "(pairwise comparison). Fewer votes for the same ranking; pairs then have different numbers."
        ),
    )
    stop_rule = models.CharField(
        max_length=10,
        blank=True,
        choices=StopRule,
        default="",
        help_text=_(
            "When to stop handing out trials. Intervals stay right however often they are looked at."
        ),
    )
    stop_goal = models.FloatField(
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_(
            "For narrow intervals, from end to end, such as 0.1; for chance, the smallest difference that "
            "matters (0: any)."
        ),
    )
    lease_minutes = models.PositiveIntegerField(
        default=60,
        validators=AT_LEAST_ONE,
        help_text=_("How long a rater may take before a trial is offered to others."),
    )
    display_width = models.PositiveIntegerField(
        default=0, help_text=_("Width of one image on screen in CSS pixels; 0 shows it at its own size.")
    )
    title = models.CharField(max_length=160, blank=True, help_text=_("What raters see as the title."))
    instructions = models.TextField(blank=True)
    consent_text = models.TextField(blank=True)
    thanks_text = models.TextField(blank=True)
    completion_code = models.CharField(max_length=40, default=completion_code)
    flow = models.JSONField(
        default=default_flow,
        blank=True,
        validators=[check_flow],
        help_text=_(
            "What surrounds the trials: device gate, comprehension questions, breaks, closing questions, "
            "debrief, and the study's words in other languages. Names left out keep their defaults."
        ),
    )
    practice = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text=_("Practice trials with their right answers, planned at launch."),
    )
    launch_job = models.OneToOneField(
        "jobs.Job",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="launched_study",
    )
    launch_error = models.TextField(
        blank=True, editable=False, help_text=_("Why the last launch failed, a sentence a line.")
    )
    design_digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text=_("SHA-256 of what the trials were made from: samples, seed, settings."),
    )
    recipe = models.CharField(
        max_length=120, blank=True, editable=False, help_text=_("The stimuli's recipe, fixed at launch.")
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        related_name="studies",
        default=DEFAULT_TEAM,
        db_default=DEFAULT_TEAM,
        help_text=_("Whose it is: other teams do not see it. Its sample sets are the same team's."),
    )
    owner = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="studies",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "studies"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; raises ValidationError naming the fields that may not change in the stored state.

        The state itself is changed by :mod:`humaneval.studies.lifecycle` alone.
        """
        with transaction.atomic():
            stored = Study.objects.select_for_update().filter(pk=self.pk).first() if self.pk else None
            if stored is not None:
                self._check_changes(stored, kwargs.get("update_fields"))
            super().save(*args, **kwargs)

    def clean(self) -> None:
        """Raise ValidationError for groups that cannot be so, or where sets are another team's."""
        super().clean()
        check_votes(self.strata, self.votes_per_trial)
        stored = Study.objects.filter(pk=self.pk).only("strata").first() if self.pk else None
        if stored is not None and stored.strata != self.strata:
            check_groups_kept(stored.pk, stored.strata, self.strata)
        parts = (self.conditions, self.goldsources) if self.pk else ()
        if any(part.exclude(sample_set__team=self.team_id).exists() for part in parts):
            raise ValidationError({"team": _("The study's sample sets belong to another team.")})

    def _check_changes(self, stored: Study, only: Iterable[str] | None) -> None:
        changed = _changed_fields(self, stored, only)
        if "state" in changed:
            text = _(
                "The study is %(state)s by now: load it again. Its state changes by launch, pause, close."
            )
            raise ValidationError({"state": text % {"state": stored.get_state_display()}})
        locked = [name for name in changed if not may_change(stored.state, name)]
        if locked:
            text = _("May not change: the study is %(state)s.")
            reason = text % {"state": stored.get_state_display()}
            raise ValidationError(dict.fromkeys(locked, reason))
        if "strata" in changed:
            check_groups_kept(stored.pk, stored.strata, self.strata)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete a draft, or a closed study that no rater came to; raises ValidationError for others."""
        with transaction.atomic():
            stored = Study.objects.select_for_update().filter(pk=self.pk).first()
            if stored is not None:
                stored.check_deletable()
            return super().delete(*args, **kwargs)

    @property
    def is_deletable(self) -> bool:
        """Whether the study's state allows deleting it; raters who came to it may still forbid it."""
        return self.state in DELETABLE

    def check_deletable(self) -> None:
        """Raise ValidationError unless the study's state allows deleting it."""
        if not self.is_deletable:
            text = _("“%(study)s” is %(state)s: only drafts and closed studies can be deleted.")
            raise ValidationError(text % {"study": self, "state": self.get_state_display()})

    def may_change(self, field: str) -> bool:
        """Return whether a field may be edited in the study's present state."""
        return may_change(self.state, field)


class StudyPart(models.Model):
    """A row that belongs to a study and is fixed when the study is launched."""

    team_path = "study__team"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="%(class)ss")
    FREE: frozenset[str] = frozenset()
    """Fields that may change in any state."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; raises ValidationError naming the fields that may not change once the study is launched."""
        with transaction.atomic():
            self._check_draft(kwargs.get("update_fields"))
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete; raises ValidationError once the study is launched."""
        with transaction.atomic():
            if self._locked_state() is not None:
                raise ValidationError(self._refusal())
            return super().delete(*args, **kwargs)

    def _check_draft(self, only: Iterable[str] | None) -> None:
        if self._locked_state() is None:
            return
        stored = type(self)._default_manager.filter(pk=self.pk).first() if self.pk else None
        if stored is None:
            raise ValidationError(self._refusal())
        locked = [name for name in _changed_fields(self, stored, only) if name not in self.FREE]
        if locked:
            raise ValidationError(dict.fromkeys(locked, self._refusal()))

    def _locked_state(self) -> str | None:
        """Return the study's state if it is past draft, with the study's row locked."""
        studies = Study.objects.select_for_update().filter(pk__in=self._study_ids())
        return next((study.state for study in studies if study.state != StudyState.DRAFT), None)

    def _study_ids(self) -> set[int]:
        stored = type(self)._default_manager.filter(pk=self.pk).values_list("study_id", flat=True)
        return {self.study_id, *stored}

    def _refusal(self) -> str:
        text = _("A study's %(parts)s may not change once it is launched.")
        return text % {"parts": self._meta.verbose_name_plural}


class Condition(StudyPart):
    """One sample set inside a study: what is being compared."""

    FREE = frozenset({"label"})

    sample_set = models.ForeignKey(SampleSet, on_delete=models.PROTECT, related_name="conditions")
    label = models.CharField(
        max_length=120, blank=True, help_text=_("Name in reports; never shown to raters.")
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["study", "sample_set"], name="condition_once_a_study")]

    def __str__(self) -> str:
        return self.label or str(self.sample_set)

    def clean(self) -> None:
        """Raise ValidationError for a sample set of another team than the study's."""
        super().clean()
        if self.sample_set_id and self.study_id and self.sample_set.team_id != self.study.team_id:
            text = _("“%(set)s” belongs to another team than the study.")
            raise ValidationError({"sample_set": text % {"set": self.sample_set}})


class Question(StudyPart):
    """One question asked in every trial of a study."""

    key = models.SlugField(
        max_length=40, help_text=_("Short name in exports, such as realism; never shown to raters.")
    )
    text = models.CharField(max_length=300)
    points = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(2), MaxValueValidator(11)],
        help_text=_("Points of the scale."),
    )
    low_label = models.CharField(max_length=80, blank=True)
    middle_label = models.CharField(max_length=80, blank=True)
    high_label = models.CharField(max_length=80, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["study", "key"], name="question_key_once_a_study")]

    def __str__(self) -> str:
        return self.text


class DuplicatePair(StudyPart):
    """Two samples that lie near each other in one batch of a condition: what a study of duplicates shows."""

    condition = models.ForeignKey(Condition, on_delete=models.CASCADE, related_name="pairs")
    batch = models.PositiveIntegerField(help_text=_("Number of the batch that held both."))
    first = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="+")
    distance = models.FloatField(
        null=True, blank=True, help_text=_("In the feature space that found the pair, if known.")
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["study", "first", "second"], name="duplicate_pair_once_a_study")
        ]

    def __str__(self) -> str:
        return f"batch {self.batch}: {self.first_id} and {self.second_id}"


class GoldSource(StudyPart):
    """A sample set that gold trials show and the study does not compare: kept as long as the study."""

    sample_set = models.ForeignKey(SampleSet, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "sample_set"], name="gold_source_once_a_study")
        ]

    def __str__(self) -> str:
        return str(self.sample_set)


class GoldTrial(StudyPart):
    """A question with a known answer, authored by the researcher: made a trial at launch.

    ``slots`` and ``lineup`` are as a trial's. A sample of a set that the study does not compare
    (:class:`GoldSource`) stands in the place of a condition of its kind, and counts for it no more than any
    gold trial does.
    """

    condition = models.ForeignKey(Condition, on_delete=models.CASCADE, related_name="gold_trials")
    other = models.ForeignKey(
        Condition, null=True, blank=True, on_delete=models.CASCADE, related_name="gold_trials_as_other"
    )
    prompt = models.ForeignKey(Prompt, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    slots = models.JSONField()
    lineup = models.JSONField(default=list, blank=True)
    expected = models.JSONField(help_text=_("The right canonical value of each question, by its key."))
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"gold trial {self.position + 1} of study {self.study_id}"


class Trial(models.Model):
    """One question about fixed stimuli.

    Those numbered below the study's ``trial_count`` are what it asks about. Any after them are gold: their
    right answers are ``expected``, and no quota or estimate counts them.

    ``slots`` are lists of sample ids in canonical order: slot 0 holds ``condition``'s samples, slot 1
    ``other``'s. ``turn`` says how far the slots are turned round on screen (1 swaps two sides); it is
    balanced by the protocol. ``lineup`` holds the condition of each slot where they may be more than two.
    Votes are stored against slots, never against sides.
    """

    team_path = "study__team"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField()
    condition = models.ForeignKey(Condition, on_delete=models.RESTRICT, related_name="trials")
    other = models.ForeignKey(
        Condition, null=True, blank=True, on_delete=models.RESTRICT, related_name="trials_as_other"
    )
    prompt = models.ForeignKey(Prompt, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    slots = models.JSONField()
    turn = models.PositiveSmallIntegerField(default=0)
    lineup = models.JSONField(default=list, blank=True)
    expected = models.JSONField(
        null=True,
        blank=True,
        help_text=_("Of a gold trial: the right canonical value of each question, by its key."),
    )

    class Meta:
        ordering = ["study", "number"]
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="trial_number_once_a_study")]

    def __str__(self) -> str:
        return f"trial {self.number} of study {self.study_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save a new trial; raises ValidationError for one that exists, since trials never change."""
        if self.pk and Trial.objects.filter(pk=self.pk).exists():
            raise ValidationError(_("Trials never change: votes rest on them."))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete a trial of a study that is not launched yet; raises ValidationError otherwise."""
        if self.study.state not in {StudyState.DRAFT, StudyState.LAUNCHING}:
            raise ValidationError(_("Trials of a launched study are kept: votes rest on them."))
        return super().delete(*args, **kwargs)
