"""Raters, their sessions, what was handed to them, and what they answered.

What a study still wants is kept as :class:`Opening` rows, one for each vote of each trial, numbered in
the order in which they are to be filled. They are made a few at a time, just ahead of the hand-out, and
each is touched by a hand-out and by its vote only; so drawing costs the same in a study of a thousand
and of a million trials, no counter is shared by raters, and no trial has more openings than votes wanted.

Foreign keys that lead a unique constraint, or that nobody searches by, have no index of their own: each
index is paid for by every vote.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from humaneval.studies.models import Question, Study, Trial


class Rater(models.Model):
    """A person from a panel, known only by a keyed hash of the panel's id."""

    team_path = "sessions__study__team"

    panel = models.CharField(max_length=40)
    key_hash = models.CharField(max_length=64, help_text=_("HMAC of the panel's id for this person."))
    simulated = models.BooleanField(default=False, help_text=_("A program, not a person."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["panel", "key_hash"], name="rater_once_a_panel")]

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def pseudonym(self) -> str:
        """The name this rater has in exports: stable, and no way back to the panel's id."""
        return f"r{self.pk}"


class SessionState(models.TextChoices):
    ACTIVE = "active", _("active")
    COMPLETED = "completed", _("completed")
    SCREENED_OUT = "screened_out", _("screened out")


class Session(models.Model):
    """One rater's sitting in one study; a rater has another only where the study lets them come again."""

    team_path = "study__team"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="sessions", db_index=False)
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="sessions")
    number = models.PositiveSmallIntegerField(default=0, help_text=_("Of this rater in this study, from 0."))
    token_hash = models.CharField(max_length=64, unique=True)
    token_number = models.PositiveIntegerField(
        default=0, help_text=_("How often its token expired and was replaced.")
    )
    token_issued_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=SessionState, default=SessionState.ACTIVE)
    consent_hash = models.CharField(
        max_length=64,
        blank=True,
        help_text=_("SHA-256 of the consent text agreed to; empty where an archive tells of none."),
    )
    allotment = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text=_("Assignments in all, known once fewer were left than the study gives to a session."),
    )
    stratum = models.CharField(
        max_length=40, blank=True, help_text=_("Group of raters that this one is in; empty for none.")
    )
    seat_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Until when it counts among the raters that the study takes.")
    )
    language = models.CharField(
        max_length=40, blank=True, help_text=_("Of the words shown; empty for the study's own.")
    )
    comprehension_tries = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often the comprehension questions were answered.")
    )
    understood = models.BooleanField(
        default=False, help_text=_("All comprehension questions were answered rightly.")
    )
    practice = models.JSONField(
        default=list,
        blank=True,
        help_text=_("Answers to practice trials, in the order given; they count for nothing."),
    )
    closing = models.JSONField(
        null=True, blank=True, help_text=_("Answers to the closing questions, once sent.")
    )
    arrival = models.JSONField(default=dict, blank=True, help_text=_("What the panel sent with the rater."))
    device = models.JSONField(default=dict, blank=True, help_text=_("Viewport, pixel ratio, user agent."))
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "rater", "number"], name="session_number_once_a_rater")
        ]
        indexes = [
            models.Index(
                fields=["study", "seat_until"],
                name="session_seated",
                condition=models.Q(seat_until__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"


class Opening(models.Model):
    """One vote that a study wants: the n-th of one trial.

    It stands in a ``lane``: most studies have one, "". There its ``turn`` is ``n * trial_count +
    trial.number``, so that turns in order fill every trial once before any is filled twice. ``free_from``
    says since when (past) or from when on (future: just after the lease of the one who has it) it may be
    handed out; it is empty once a vote has filled it. It changes in the transaction that hands out or
    votes, and in no other.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="openings", db_index=False)
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="openings")
    lane = models.CharField(max_length=80, default="", blank=True)
    turn = models.PositiveBigIntegerField()
    free_from = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "lane", "turn"], name="opening_turn_once_a_lane")
        ]
        indexes = [
            models.Index(
                fields=["study", "lane", "free_from"],
                name="opening_unfilled_in_lane",
                condition=models.Q(free_from__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"opening {self.turn} of study {self.study_id}"


class Course(models.Model):
    """Where a study's votes lead: computed from them now and then, and computed anew from them at any time.

    ``pairs`` are pairs of conditions in the order in which an adaptive design wants them shown, often ones
    several times. ``enough`` says why the study's stopping rule asks for no more votes; it is empty until
    then, and ``enough_since`` is when it first asked for no more. ``looks`` are intervals that may be looked
    at at any time (confidence sequences).
    """

    team_path = "study__team"

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="course")
    pairs = models.JSONField(default=list)
    enough = models.TextField(blank=True)
    enough_since = models.DateTimeField(
        null=True, blank=True, help_text=_("When the stopping rule was reached; empty until then.")
    )
    looks = models.JSONField(default=list)
    votes = models.PositiveIntegerField(default=0, help_text=_("Votes that it rests on."))
    computed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"course of study {self.study_id}"


class Assignment(models.Model):
    """A trial handed to a session, with its on-screen order and a lease that expires."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="assignments")
    opening = models.ForeignKey(
        Opening,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assignments",
        help_text=_("The vote it is to give; empty for a repeat, which counts for none."),
    )
    position = models.PositiveIntegerField(help_text=_("Order within the session, from 0."))
    order = models.JSONField(help_text=_("Slot shown at each place on screen, e.g. [1, 0]."))
    cells = models.JSONField(
        default=list,
        blank=True,
        help_text=_("For each place, the order of a grid's samples; empty where a place is one image."),
    )
    parameters = models.JSONField(
        null=True,
        blank=True,
        default=dict,
        help_text=_("Of a timed trial: its exposure; empty until the votes before it have set it."),
    )
    is_repeat = models.BooleanField(
        default=False, help_text=_("A quality check, left out of quotas and estimates.")
    )
    lease_until = models.DateTimeField()
    lapsed = models.BooleanField(
        default=False, help_text=_("Its lease expired and its opening went to somebody else.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["session", "position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "position"], name="assignment_place_once"),
            models.UniqueConstraint(
                fields=["session", "trial", "is_repeat"], name="assignment_trial_once_a_session"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class VoteOutcome(models.TextChoices):
    ANSWERED = "answered", _("answered")
    CANNOT_TELL = "cannot_tell", _("cannot tell")
    NOT_SHOWN = "not_shown", _("image did not load")


class Vote(models.Model):
    """What a rater gave to an assignment. Immutable; one for each assignment."""

    team_path = "assignment__session__study__team"

    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, related_name="vote")
    key = models.UUIDField(help_text=_("The client's idempotency key, unique within the session."))
    outcome = models.CharField(max_length=12, choices=VoteOutcome, default=VoteOutcome.ANSWERED)
    late = models.BooleanField(default=False, help_text=_("Came after its lease had expired."))
    spoilt = models.BooleanField(
        default=False, help_text=_("Timed, and not shown as asked: frames were lost or the page was hidden.")
    )
    response_ms = models.FloatField(help_text=_("From images shown to answer."))
    timings = models.JSONField(
        default=dict, blank=True, help_text=_("Shown at, viewport, visibility, frames, input device.")
    )
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"vote {self.pk}"


class Answer(models.Model):
    """One question's answer in a vote, in the protocol's canonical code (slot or scale point)."""

    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="answers", db_index=False)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers", db_index=False)
    value = models.SmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vote", "question"], name="answer_once_a_question")]

    def __str__(self) -> str:
        return f"{self.question_id}={self.value}"


class Tombstone(models.Model):
    """What is left of a vote that its rater withdrew: nothing of its content.

    The database lets a vote go only once it has its tombstone. The digest keeps the chain of seals whole;
    it covers the vote's random key, which is gone, so nobody can find the answer by trying all of them.
    """

    vote_id = models.PositiveBigIntegerField(primary_key=True)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="tombstones")
    digest = models.CharField(max_length=64)
    reason = models.TextField()
    withdrawn_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"withdrawn vote {self.vote_id}"


class Seal(models.Model):
    """One link of a study's chain: a batch of votes, bound to all that were sealed before it."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="seals", db_index=False)
    number = models.PositiveIntegerField(help_text=_("Place in the study's chain, from 1."))
    previous = models.CharField(max_length=64, help_text=_("Head of the chain before this batch."))
    head = models.CharField(max_length=64, help_text=_("Head of the chain with this batch."))
    vote_count = models.PositiveIntegerField()
    summary = models.JSONField(default=dict, help_text=_("The batch in numbers."))
    totals = models.JSONField(
        default=dict,
        help_text=_("This batch and all before it in numbers, so that pages need not count a million votes."),
    )
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study", "number"]
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="seal_number_once_a_study")]

    def __str__(self) -> str:
        return f"seal {self.number} of study {self.study_id}"


class SealedVote(models.Model):
    """A vote's digest at its sealing; it stays when the vote is withdrawn."""

    vote_id = models.PositiveBigIntegerField(primary_key=True)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="sealed_votes")
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"sealed vote {self.vote_id}"


class RuleSet(models.Model):
    """One version of the rules by which analyses leave votes out; never changed, only followed by another."""

    team_path = "study__team"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="rule_sets", db_index=False)
    version = models.PositiveIntegerField(editable=False)
    name = models.CharField(max_length=120)
    rules = models.JSONField(help_text=_("Each rule's settings by its name."))
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    declared_at = models.DateTimeField(auto_now_add=True)
    before_launch = models.BooleanField(
        editable=False, help_text=_("Declared while the study was a draft, before anybody had voted.")
    )

    class Meta:
        ordering = ["study", "version"]
        constraints = [
            models.UniqueConstraint(fields=["study", "version"], name="rules_version_once_a_study")
        ]

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save a new version; raises ValidationError for one that was declared already."""
        if self.pk is not None:
            raise ValidationError(_("Declared rules never change: declare a new version beside them."))
        super().save(*args, **kwargs)
