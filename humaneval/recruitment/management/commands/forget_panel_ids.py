"""`manage.py forget_panel_ids`: erase panel ids that have been kept for as long as the setting says."""

from __future__ import annotations

from typing import Any

from humaneval.recruitment.withdrawing import forget_old_ids
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Run it once a day."""

    help = "Erase the panel ids of postings closed for PANEL_ID_RETENTION_DAYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase them, and say how many."""
        self.stdout.write(f"{forget_old_ids()} panel ids erased.")
