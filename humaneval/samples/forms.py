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


class NewSampleSetForm(forms.ModelForm):
    """A new sample set, filled from a zip at once if one is given."""

    home: ClassVar[Team | None] = None
    """The team of the set where none is chosen."""

    archive = forms.FileField(
        label=_("Zip archive"), required=False, widget=FileInput, help_text=ARCHIVE_HELP
    )
    strict = forms.BooleanField(label=_("Strict"), required=False, widget=Switch, help_text=STRICT_HELP)

    class Meta:
        model = SampleSet
        fields = ("team", "name", "kind", "description", "settings")

    def clean(self) -> dict[str, Any]:
        """Name the set's team."""
        data = super().clean() or self.cleaned_data
        return {**data, "team": data.get("team") or self.home}

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
