"""``manage.py move_database --to ADDRESS``: from SQLite to PostgreSQL, or back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.keeping.census import Census
from humaneval.keeping.databases import at_address
from humaneval.keeping.moving_database import move_database
from humaneval.keeping.progress import telling
from humaneval.keeping.refusals import refusals_said
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Copy every row into an empty database, and check that it is all there."""

    help = (
        "Copy the whole database into an empty one, PostgreSQL or SQLite. Stop web server and workers first, "
        "and afterwards set DATABASE_URL to the new one before they start."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where to."""
        parser.add_argument("--to", metavar="ADDRESS", required=True, help="as DATABASE_URL has it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy it, and say what was checked."""
        try:
            target = at_address(options["to"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        with refusals_said():
            census = move_database(target, progress=telling(self.stderr))
        rows = sum(census.tables.values())
        self.stdout.write(
            f"{rows:,} rows of {len(census.tables)} tables were copied. Their counts, {len(census.heads)} "
            f"chains of votes, the audit log{self._report(census)} and their protection are as they were."
        )
        self.stdout.write("Set DATABASE_URL to the new database before anything starts again.")

    def _report(self, census: Census) -> str:
        return f", the report of {census.report['study']}" if census.report else ""
