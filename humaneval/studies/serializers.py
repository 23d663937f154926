"""Studies as the API reads and writes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from humaneval.jobs.models import Job, JobState
from humaneval.protocols.base import QuestionSpec
from humaneval.protocols.registry import PROTOCOLS
from humaneval.samples.models import SampleKind, SampleSet
from humaneval.studies import links
from humaneval.studies.authoring import ConditionInput
from humaneval.studies.models import Condition, Question, Study, Trial
from humaneval.teams.models import Team
from humaneval.teams.rest import OwnSlugField

WRITABLE = (
    "seed",
    "trial_count",
    "votes_per_trial",
    "assignments_per_session",
    "repeats_per_session",
    "gold_per_block",
    "gold_drawn",
    "unique_samples",
    "unique_prompts",
    "raters_at_most",
    "sessions_per_rater",
    "strata",
    "adaptive",
    "stop_rule",
    "stop_goal",
    "lease_minutes",
    "display_width",
    "title",
    "instructions",
    "consent_text",
    "thanks_text",
    "completion_code",
    "flow",
)


class ConditionSerializer(serializers.ModelSerializer[Condition]):
    """A sample set in a study; `label` is its name in reports, by default the set's own."""

    sample_set = OwnSlugField(queryset=SampleSet.objects.all())
    kind = serializers.ChoiceField(choices=SampleKind.choices, source="sample_set.kind", read_only=True)

    class Meta:
        model = Condition
        fields = ("id", "sample_set", "kind", "label")
        read_only_fields = ("id",)


class QuestionSerializer(serializers.ModelSerializer[Question]):
    """A question; points and labels matter to scales only."""

    class Meta:
        model = Question
        fields = ("key", "text", "points", "low_label", "middle_label", "high_label")


class LaunchSerializer(serializers.ModelSerializer[Job]):
    """How far a launch is: `done` of `total` in the step that `note` names."""

    state = serializers.ChoiceField(choices=JobState.choices, read_only=True)
    done = serializers.IntegerField(source="progress_done", read_only=True)
    total = serializers.IntegerField(source="progress_total", read_only=True)
    note = serializers.CharField(source="progress_note", read_only=True)

    class Meta:
        model = Job
        fields = ("id", "state", "done", "total", "note", "error")
        read_only_fields = fields


class StudySummarySerializer(serializers.ModelSerializer[Study]):
    """A study in a list."""

    owner = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    team = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    rater_url = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields: tuple[str, ...] = (
            "slug",
            "name",
            "protocol",
            "state",
            "trial_count",
            "votes_per_trial",
            "owner",
            "team",
            "rater_url",
            "created_at",
            "opened_at",
            "closed_at",
        )
        read_only_fields = fields

    def get_rater_url(self, study: Study) -> str:
        """Return the address that raters open."""
        return links.rater_url(study)


class StudySerializer(StudySummarySerializer):
    """A whole study, as it is read."""

    conditions = ConditionSerializer(many=True, read_only=True)
    questions = QuestionSerializer(many=True, read_only=True)
    launch = LaunchSerializer(source="launch_job", read_only=True, allow_null=True)

    class Meta(StudySummarySerializer.Meta):
        fields = (
            *StudySummarySerializer.Meta.fields,
            *(name for name in WRITABLE if name not in StudySummarySerializer.Meta.fields),
            "settings",
            "conditions",
            "questions",
            "launch",
            "launch_error",
            "recipe",
            "design_digest",
        )
        read_only_fields = fields


class StudyWriteSerializer(serializers.ModelSerializer[Study]):
    """What may be given of a study. What is left out keeps its value, or gets a default when new."""

    protocol = serializers.ChoiceField(choices=[(p.name, p.title) for p in PROTOCOLS.values()])
    slug = serializers.SlugField(max_length=120, required=False, help_text="By default made from the name.")
    settings = serializers.DictField(
        required=False, help_text="The protocol's own settings; those left out get defaults."
    )
    team = OwnSlugField(
        queryset=Team.objects.all(),
        required=False,
        help_text="Slug of the team that it belongs to; by default that of its sample sets.",
    )
    conditions = ConditionSerializer(many=True, required=False)
    questions = QuestionSerializer(many=True, required=False)

    class Meta:
        model = Study
        fields = ("name", "slug", "protocol", "team", "settings", "conditions", "questions", *WRITABLE)

    def validate_conditions(self, value: list[dict[str, Any]]) -> list[ConditionInput]:
        """Return the conditions as :mod:`humaneval.studies.authoring` takes them."""
        return [ConditionInput(**condition) for condition in value]

    def validate_questions(self, value: list[dict[str, Any]]) -> list[QuestionSpec]:
        """Return the questions as :mod:`humaneval.studies.authoring` takes them."""
        return [QuestionSpec(**question) for question in value]


class TrialSerializer(serializers.ModelSerializer[Trial]):
    """A trial: `slots` hold sample ids; `condition` and `other` are ids of the study's conditions.

    `expected` holds the right answers of a gold trial, and is null for all others.
    """

    prompt = serializers.CharField(source="prompt.text", read_only=True, allow_null=True, default=None)
    slots = serializers.SerializerMethodField()

    class Meta:
        model = Trial
        fields = ("number", "condition", "other", "prompt", "slots", "lineup", "turn", "expected")
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ListField(child=serializers.IntegerField())))
    def get_slots(self, trial: Trial) -> list[list[int]]:
        """Return the ids of the samples in each slot."""
        return trial.slots


class LeakCheckSerializer(serializers.Serializer[Any]):
    """The check for leaks: `unneeded`, `missing`, `running`, `failed` or `done`.

    `result` holds, for the files as imported (`original`) and as raters get them (`stimuli`), each
    generated set's areas under the ROC curve by fact, and the facts above chance.
    """

    state = serializers.CharField()
    note = serializers.CharField()
    waiting = serializers.CharField(help_text="That no worker is there to go on, and what to do; else empty.")
    warnings = serializers.ListField(child=serializers.CharField())
    result = serializers.JSONField(source="audit.result", default=None, allow_null=True)


class PairSerializer(serializers.Serializer[Any]):
    """Two samples of one set, by name, that lie near each other in one of its batches."""

    sample_set = serializers.SlugField(help_text="Slug of the set.")
    batch = serializers.IntegerField(min_value=0, max_value=999_999_999)
    first = serializers.CharField()
    second = serializers.CharField()
    distance = serializers.FloatField(required=False, allow_null=True)

    def to_internal_value(self, data: Any) -> Any:
        """Refuse names that would be left unread, such as a misspelt distance."""
        if isinstance(data, dict) and (unknown := sorted(map(str, data.keys() - self.fields.keys()))):
            raise serializers.ValidationError({name: ["There is no such name."] for name in unknown})
        return super().to_internal_value(data)


class PairsSerializer(serializers.Serializer[Any]):
    """The whole table of pairs; each batch lists at least its nearest pair."""

    pairs = PairSerializer(many=True, allow_empty=False)


class GoldTableSerializer(serializers.Serializer[Any]):
    """The whole table of gold trials; no rows take them all out."""

    rows = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=4000)),
        max_length=1_000,
        help_text=(
            "One trial each: `slot_1`, `slot_2`, ... name samples (`set-slug/file-name`, several of a grid "
            "with `|` between), and each question's key has the right answer: `slot_2`, a point, a word. "
            "Where the protocol knows the answer, it may be left out."
        ),
    )


class ProblemsSerializer(serializers.Serializer[Any]):
    """Why a request was refused; `problems` are sentences that say what to do."""

    detail = serializers.CharField()
    problems = serializers.ListField(child=serializers.CharField(), required=False)
