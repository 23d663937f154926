"""What the API takes and gives of sample sets."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from humaneval.samples.models import ImportRun, Sample, SampleSet
from humaneval.samples.sources import NAME_LENGTH
from humaneval.teams.models import Team
from humaneval.teams.rest import OwnSlugField


class SampleSetSerializer(serializers.ModelSerializer[SampleSet]):
    """A sample set with the number and sizes of its samples, in pixels; sizes are null while it is empty."""

    team = OwnSlugField(
        queryset=Team.objects.all(),
        required=False,
        help_text="Slug of the team that it belongs to; by default your own.",
    )
    sample_count = serializers.IntegerField(read_only=True)
    min_width = serializers.IntegerField(read_only=True, allow_null=True)
    max_width = serializers.IntegerField(read_only=True, allow_null=True)
    min_height = serializers.IntegerField(read_only=True, allow_null=True)
    max_height = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = SampleSet
        fields = (
            "id",
            "slug",
            "name",
            "kind",
            "description",
            "settings",
            "team",
            "sample_count",
            "min_width",
            "max_width",
            "min_height",
            "max_height",
            "created_at",
        )
        read_only_fields = ("slug", "created_at")


class SampleSerializer(serializers.ModelSerializer[Sample]):
    """One sample: its name in the set, its content's hash, its size in pixels and bytes, its prompt."""

    prompt = serializers.CharField(source="prompt.text", read_only=True, allow_null=True, default=None)
    category = serializers.CharField(source="prompt.category", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Sample
        fields = (
            "id",
            "name",
            "sha256",
            "format",
            "mode",
            "width",
            "height",
            "size",
            "prompt",
            "category",
            "details",
        )
        read_only_fields = fields


class EntrySerializer(serializers.Serializer[dict[str, str]]):
    """A file and what is to be said of it."""

    name = serializers.CharField()
    reason = serializers.CharField()


class ImportProgressSerializer(serializers.Serializer[dict[str, Any]]):
    """How far an import is, in files."""

    done = serializers.IntegerField()
    total = serializers.IntegerField()


class ImportRunSerializer(serializers.ModelSerializer[ImportRun]):
    """One import. ``state``: queued, running, interrupted, done, refused, failed or cancelled."""

    state = serializers.CharField(read_only=True)
    progress = serializers.SerializerMethodField()
    waiting = serializers.CharField(
        read_only=True, help_text="That no worker is there to carry it out, and what to do; else empty."
    )
    error = serializers.SerializerMethodField()
    problems = EntrySerializer(
        many=True, read_only=True, help_text="Files that did not come in; the first 1000."
    )
    remarks = EntrySerializer(many=True, read_only=True, help_text="On files that came in; the first 1000.")

    class Meta:
        model = ImportRun
        fields = (
            "id",
            "source",
            "strict",
            "state",
            "progress",
            "waiting",
            "added",
            "unchanged",
            "rejected",
            "problems",
            "remarks",
            "error",
            "created_at",
            "finished_at",
        )
        read_only_fields = fields

    @extend_schema_field(ImportProgressSerializer)
    def get_progress(self, run: ImportRun) -> dict[str, int]:
        """Return the job's progress, or the command's."""
        done, total = run.progress
        return {"done": done, "total": total}

    def get_error(self, run: ImportRun) -> str:
        """Return why nothing more came in, or an empty text."""
        return run.error or (run.job.error if run.job else "")


class FolderImportSerializer(serializers.Serializer[dict[str, Any]]):
    """A folder on the server, within IMPORT_ROOTS, to import from."""

    folder = serializers.CharField(max_length=NAME_LENGTH)
    prompts = serializers.CharField(max_length=NAME_LENGTH, required=False, allow_blank=True, default="")
    strict = serializers.BooleanField(required=False, default=False)


class ArchiveImportSerializer(serializers.Serializer[dict[str, Any]]):
    """A zip archive to import."""

    archive = serializers.FileField()
    strict = serializers.BooleanField(required=False, default=False)


class LikePairSerializer(serializers.Serializer[Any]):
    """Two samples of a set by name, and how far apart they look (0 to 255)."""

    first = serializers.CharField(source="first.name")
    second = serializers.CharField(source="second.name")
    distance = serializers.FloatField()
    is_same_file = serializers.BooleanField()


class DuplicateCheckSerializer(serializers.Serializer[Any]):
    """The check for near-duplicates: `missing`, `running`, `failed` or `done`."""

    state = serializers.CharField()
    note = serializers.CharField(help_text="How far it is, or why it failed.")
    images = serializers.IntegerField(help_text="Samples that were compared.")
    are = serializers.IntegerField(help_text="Samples that the set holds.")
    same = serializers.IntegerField(help_text="Pairs that are the same file.")
    near = serializers.IntegerField(help_text="Pairs that look nearly the same.")
    pairs = LikePairSerializer(many=True, help_text="The nearest pairs.")
