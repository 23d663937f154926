"""What the workspace's commands share: finding studies, reading files, bringing in sets, saying sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from humaneval.samples.batches import Progress
from humaneval.samples.importing import ImportHeld, ImportRefused, create_sample_set, import_origin
from humaneval.samples.models import ImportRun, SampleSet
from humaneval.studies.models import Study
from humaneval.teams.models import Team
from humaneval.workspace.study_files.located import StudyFileError

FILE_ENDINGS = {".yaml", ".yml"}


def study_named(slug: str) -> Study:
    """Return a study by its slug; raises CommandError with the slugs there are."""
    study = Study.objects.select_related("launch_job").filter(slug=slug).first()
    if study is None:
        known = ", ".join(Study.objects.values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(f"There is no study “{slug}”. Studies: {known}.")
    return study


def team_named(slug: str) -> Team:
    """Return a team by its slug; raises CommandError with the slugs there are."""
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        known = ", ".join(Team.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no team “{slug}”. Teams: {known}.")
    return team


def text_of(path: Path) -> str:
    """Return a study file's text; raises CommandError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


@contextmanager
def refusals_said(file: Path | None = None) -> Iterator[None]:
    """Turn what services refuse into sentences on the command line."""
    try:
        yield
    except StudyFileError as error:
        raise CommandError("\n".join(f"{file}: {problem}" for problem in error.problems)) from error
    except ValidationError as error:
        raise CommandError("\n".join(error.messages)) from error


def import_into(
    *,
    name: str,
    kind: str,
    origin: str,
    prompts: str = "",
    strict: bool = False,
    team: str = "",
    progress: Progress | None = None,
) -> tuple[SampleSet, ImportRun]:
    """Import what lies at a path or address into the set of that slug, made (for a team) if it is not there.

    ``prompts`` is a table or prompt list, in place of the source's own table. Raises CommandError; a set that
    was made for an import that was refused is taken away again.
    """
    found = SampleSet.objects.filter(slug=name).first()
    if found is not None and found.kind != kind:
        raise CommandError(f"The set “{name}” is there already and is {found.kind}, not {kind}.")
    owner = team_named(team) if team else None
    with refusals_said():
        sample_set = found or create_sample_set(name=name, kind=kind, team=owner)
    try:
        run = import_origin(
            sample_set=sample_set, origin=origin, prompts=prompts or None, strict=strict, progress=progress
        )
        return sample_set, run
    except ImportHeld as error:
        raise CommandError(str(error)) from error
    except ImportRefused as refusal:
        if found is None:
            sample_set.delete()
        bad = "".join(f"\n{entry['name']}: {entry['reason']}" for entry in refusal.run.problems[:20])
        raise CommandError(f"{refusal}{bad}") from refusal


def place_beside(file: Path, origin: str) -> str:
    """Return where a study file's ``import`` points: relative paths begin at the file's folder."""
    return origin if "://" in origin else str(file.parent / origin)


def missing_beside(file: Path, origin: str) -> str:
    """Return that nothing lies where a study file's ``import`` or ``prompts`` points; empty where it may."""
    place = place_beside(file, origin)
    return "" if "://" in place or Path(place).exists() else f"there is no {place} on this machine."
