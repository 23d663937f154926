"""``humaneval create STUDY.yaml``: a study file becomes a draft."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from humaneval.samples.models import SampleSet
from humaneval.studies import links
from humaneval.ui.commands import DataCommand
from humaneval.workspace.study_files.making import make_study
from humaneval.workspace.verbs import import_into, missing_beside, place_beside, refusals_said, text_of


class Command(DataCommand):
    """Make a draft, bringing in the sets that are not there and whose images the file points to."""

    help = "Make a draft from a study file. Sets that are not there are imported from where the file says."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file."""
        parser.add_argument("file", type=Path, help="the study file; docs/study-file.md describes it")
        parser.add_argument("--team", default="", help="slug of the team that new sets belong to")
        parser.add_argument("--slug", help="last part of the raters' link, in place of the file's")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the study; print its slug and what to do next."""
        file: Path = options["file"]

        def bring_in(name: str, kind: str, origin: str, prompts: str) -> SampleSet:
            place = place_beside(file, origin)
            table = place_beside(file, prompts) if prompts else ""
            try:
                made = import_into(name=name, kind=kind, origin=place, prompts=table, team=options["team"])
            except CommandError as refusal:  # the file's line is said with it
                raise ValidationError(str(refusal)) from refusal
            return made[0]

        with refusals_said(file):
            study = make_study(
                text_of(file), slug=options["slug"], bring_in=bring_in, look_up=partial(missing_beside, file)
            )
        self.stdout.write(study.slug)
        self.stderr.write(f"Look it over at {links.preview_url(study)}, then: humaneval launch {study.slug}")
