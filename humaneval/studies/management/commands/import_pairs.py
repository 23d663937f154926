"""manage.py import_pairs STUDY TABLE.csv: the pairs that a study of duplicates shows."""

from __future__ import annotations

from humaneval.studies.models import Study
from humaneval.studies.pair_tables import pairs_of_text
from humaneval.studies.pairs import import_pairs
from humaneval.studies.table_commands import TableCommand


class Command(TableCommand):
    """Read a table of sample_set, batch, first, second[, distance] into a draft, replacing its pairs."""

    help = __doc__

    def take(self, study: Study, text: str) -> str:
        """Import, and say how many pairs there are."""
        count = import_pairs(study=study, rows=pairs_of_text(text))
        return f"{count} pairs; the study has as many trials now."
