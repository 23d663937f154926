"""What every management command that works on stored data is made of."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from humaneval.ui.database import NotSetUp, check_database


class DataCommand(BaseCommand):
    """A command that needs a database with all its tables, and says so in a sentence where it has none."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command; raise :class:`CommandError` first if the database is not set up."""
        try:
            check_database()
        except NotSetUp as error:
            raise CommandError(str(error)) from error
        return super().execute(*args, **options)
