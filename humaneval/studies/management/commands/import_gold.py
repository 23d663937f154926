"""manage.py import_gold STUDY TABLE.csv: trials with known answers, mixed in to check raters' attention."""

from __future__ import annotations

from humaneval.studies.gold_tables import gold_of_text, import_gold
from humaneval.studies.models import Study
from humaneval.studies.table_commands import TableCommand


class Command(TableCommand):
    """Read a table of slot_1[, slot_2 ...] and right answers into a draft, replacing its gold trials."""

    help = __doc__

    def take(self, study: Study, text: str) -> str:
        """Import, and say how many gold trials there are."""
        return f"{import_gold(study=study, rows=gold_of_text(text))} gold trials."
