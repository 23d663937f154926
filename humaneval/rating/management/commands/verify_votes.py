"""``manage.py verify_votes``: are the sealed votes still what they were when they were sealed?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.rating.chain import Findings, Head, check_chain
from humaneval.rating.chain_files import NotAnExport, read_chain
from humaneval.rating.sealing import count_unsealed, seal_votes, verify_study
from humaneval.studies.models import Study
from humaneval.ui.commands import DataCommand

MOST_SHOWN = 20


class Command(DataCommand):
    """Check a study's votes, or an export of them, against their chain and a head kept earlier."""

    help = "Check that no sealed vote was changed or dropped, in the database or in an export."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what to check, and against what."""
        parser.add_argument("study", metavar="STUDY", nargs="?", help="the study's slug")
        parser.add_argument("--export", metavar="FILE", type=Path, help="check this file, not the database")
        parser.add_argument("--head", metavar="NUMBER:HEX", help="a head that was printed earlier")
        parser.add_argument("--seal", action="store_true", help="first seal what is not yet sealed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was found; fail if anything is not as it was sealed."""
        if (options["study"] is None) == (options["export"] is None):
            raise CommandError("Name either a study or --export FILE.")
        earlier = self._earlier(options["head"])
        if options["export"]:
            findings = self._check_file(options["export"], earlier)
        else:
            findings = self._check_study(options["study"], earlier, seal=options["seal"])
        self._tell(findings)

    def _earlier(self, text: str | None) -> Head | None:
        try:
            return Head.parse(text) if text else None
        except ValueError as error:
            raise CommandError(str(error)) from error

    def _check_file(self, path: Path, earlier: Head | None) -> Findings:
        try:
            return check_chain(read_chain(path), earlier=earlier)
        except (OSError, NotAnExport) as error:
            raise CommandError(str(error)) from error

    def _check_study(self, slug: str, earlier: Head | None, *, seal: bool) -> Findings:
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            raise CommandError(f"There is no study “{slug}”.")
        if seal:
            seal_votes(thorough=True)
        self.stdout.write(f"Not yet sealed: {count_unsealed(study)} votes")
        return verify_study(study, earlier=earlier)

    def _tell(self, findings: Findings) -> None:
        self.stdout.write(
            f"Sealed: {findings.votes} votes in {findings.seals} seals, {findings.withdrawn} withdrawn since"
        )
        self.stdout.write(f"Head: {findings.head}")
        if findings.problems:
            shown = findings.problems[:MOST_SHOWN]
            more = len(findings.problems) - len(shown)
            raise CommandError("\n".join([*shown, *([f"… and {more} more"] if more else [])]))
        self.stdout.write("All sealed votes are as they were.")
