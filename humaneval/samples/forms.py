"""Forms of the admin."""

from __future__ import annotations

from typing import IO, Any, ClassVar, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from humaneval.samples.archives import ArchiveSource
from humaneval.samples.models import ImportRun, SampleSet
from humaneval.samples.sources import SourceError
from humaneval.teams.models import Team
from humaneval.ui.admin import FileInput, Switch

ARCHIVE_HELP = _(
    "A zip of image files; subfolders are fine. A prompts.csv in it (columns name, prompt and, if wanted, "
    "category) gives the images their prompts."
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


class SampleSetForm(forms.ModelForm):
    """A sample set; its name is its team's alone."""

    home: ClassVar[Team | None] = None
    """The team of a new set where none is chosen."""

    class Meta:
        model = SampleSet
        fields: Any = "__all__"

    def clean(self) -> dict[str, Any]:
        """Check that the team has no other set of this name."""
        data = super().clean() or self.cleaned_data
        team = self.instance.team if self.instance.pk else data.get("team") or self.home
        data["team"] = team
        others = SampleSet.objects.filter(team=team, name=data.get("name", "").strip())
        if others.exclude(pk=self.instance.pk).exists():
            self.add_error("name", _("A sample set with this name already exists: choose another."))
        return data


class NewSampleSetForm(SampleSetForm):
    """A new sample set, filled from a zip at once if one is given."""

    archive = forms.FileField(
        label=_("Zip archive"), required=False, widget=FileInput, help_text=ARCHIVE_HELP
    )
    strict = forms.BooleanField(label=_("Strict"), required=False, widget=Switch, help_text=STRICT_HELP)

    class Meta:
        model = SampleSet
        fields: Any = ("team", "name", "kind", "description", "settings")

    def clean_archive(self) -> UploadedFile | None:
        """Return a zip that can be read, or None."""
        return check_archive(self.cleaned_data.get("archive"))


class ImportForm(forms.ModelForm):
    """A zip to import into a sample set that is there already."""

    archive = forms.FileField(label=_("Zip archive"), widget=FileInput, help_text=ARCHIVE_HELP)

    class Meta:
        model = ImportRun
        fields = ("sample_set", "archive", "strict")

    def clean_archive(self) -> UploadedFile | None:
        """Return a zip that can be read."""
        archive: Any = self.cleaned_data.get("archive")
        return check_archive(archive)
