"""Forms of the admin."""

from __future__ import annotations

from typing import IO, Any, ClassVar, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from humaneval.samples.archives import ArchiveSource
from humaneval.samples.importing import check_folder_import, check_prompts_path
from humaneval.samples.models import ImportRun, SampleSet
from humaneval.samples.roots import roots_for
from humaneval.samples.sources import NAME_LENGTH, SourceError
from humaneval.teams.models import Team
from humaneval.ui.admin import FileInput, Switch, TextInput

ARCHIVE_HELP = _(
    "A zip of image files; subfolders are fine. A prompts.csv or metadata.jsonl in it (columns name, prompt "
    "and, if wanted, category) gives the images their prompts, and so does a prompt list (DrawBench.csv)."
)
FOLDER_HELP = _(
    "What lies on the server already: a folder, zip, manifest (CSV, JSON lines, Parquet) or array file "
    "(.npz, .pt), or s3://bucket/prefix."
)
PROMPTS_HELP = _(
    "If wanted, a table on the server: columns name, prompt and category, or a prompt list such as "
    "DrawBench or PartiPrompts; or the path of one among the files. Else the files' own tables are taken, "
    "such as prompts.csv or metadata.jsonl."
)
STRICT_HELP = _(
    "Import nothing at all if any file is bad. Otherwise bad files are listed and the rest come in."
)


def check_archive(archive: UploadedFile | None) -> UploadedFile | None:
    """Return the upload; raises ValidationError for what is no zip within the limits."""
    if archive is not None:
        try:
            ArchiveSource(cast(IO[bytes], archive)).count()
        except SourceError as error:
            raise forms.ValidationError(str(error)) from error
        archive.seek(0)
    return archive


def _open_places(team: int | None) -> str:
    """Return in words what the operator has opened for import, to a team."""
    roots = roots_for(team)
    if not roots:
        return gettext("Nothing on the server is opened for import; the setting IMPORT_ROOTS does that.")
    return gettext("Opened for import: %(roots)s.") % {"roots": ", ".join(roots)}


class FromServerForm(forms.ModelForm):
    """What the forms share that import a zip, or what lies on the server."""

    home: ClassVar[Team | None] = None
    """The team that imports, where the form does not ask."""

    folder = forms.CharField(
        label=_("On the server"), required=False, max_length=NAME_LENGTH, widget=TextInput
    )
    prompts = forms.CharField(
        label=_("Prompts on the server"),
        required=False,
        max_length=NAME_LENGTH,
        widget=TextInput,
        help_text=PROMPTS_HELP,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["folder"].help_text = format_lazy(
            "{} {}", FOLDER_HELP, _open_places(self.home.pk if self.home else None)
        )

    def clean_archive(self) -> UploadedFile | None:
        """Return a zip that can be read, or None."""
        return check_archive(self.cleaned_data.get("archive"))

    def clean(self) -> dict[str, Any]:
        """Check what lies on the server, and that there is one source."""
        data = super().clean() or self.cleaned_data
        folder, prompts = data.get("folder", ""), data.get("prompts", "")
        if folder and (data.get("archive") or "archive" in self.errors):
            self.add_error("folder", _("Give a zip or a place on the server, not both."))
        elif prompts and not folder:
            reason = _("This goes with a place on the server; a zip brings its own prompts.csv along.")
            self.add_error("prompts", reason)
        elif folder:
            self._check_server(folder, prompts, self._importing_team(data))
        return data

    def _importing_team(self, data: dict[str, Any]) -> int | None:
        """Return the id of the team whose places may be imported from."""
        if sample_set := data.get("sample_set"):
            return int(sample_set.team_id)
        team = data.get("team") or self.home
        return team.pk if team else None

    def _check_server(self, folder: str, prompts: str, team: int | None) -> None:
        """Say beside the right field why an import cannot be started."""
        field = "folder"
        try:
            check_folder_import(folder=folder, team=team)
            field = "prompts"
            if prompts:
                check_prompts_path(prompts, team)
        except SourceError as error:
            self.add_error(field, str(error))


class NewSampleSetForm(FromServerForm):
    """A new sample set, filled at once if a zip or a place on the server is given."""

    archive = forms.FileField(
        label=_("Zip archive"), required=False, widget=FileInput, help_text=ARCHIVE_HELP
    )
    strict = forms.BooleanField(label=_("Strict"), required=False, widget=Switch, help_text=STRICT_HELP)

    class Meta:
        model = SampleSet
        fields = ("team", "name", "kind", "description", "settings")

    def clean(self) -> dict[str, Any]:
        """Name the set's team."""
        data = super().clean()
        return {**data, "team": data.get("team") or self.home}


class ImportForm(FromServerForm):
    """What to import into a sample set that is there already."""

    archive = forms.FileField(
        label=_("Zip archive"), required=False, widget=FileInput, help_text=ARCHIVE_HELP
    )

    class Meta:
        model = ImportRun
        fields = ("sample_set", "archive", "prompts", "strict")

    def clean(self) -> dict[str, Any]:
        """Ask for a source where there is none."""
        data = super().clean()
        if not (data.get("archive") or data.get("folder") or self.errors):
            raise forms.ValidationError(_("Choose a zip, or name what lies on the server."))
        return data
