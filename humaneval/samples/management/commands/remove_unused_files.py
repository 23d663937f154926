"""`manage.py remove_unused_files`: free the space of samples and stimuli that no set holds any more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from humaneval.samples.removing import StillNeeded, remove_unused_files
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Delete stored files that no row names."""

    help = "Delete stored samples and stimuli that no sample set holds any more. Import nothing meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete them and say how many there were."""
        try:
            removed = remove_unused_files()
        except StillNeeded as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{removed:,} unused {'file' if removed == 1 else 'files'} removed.")
