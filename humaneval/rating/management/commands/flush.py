"""``manage.py flush``: Django's own, in a database that refuses to let votes go.

Whoever empties the whole database on purpose, and says so when asked, may: the protection is lifted and
put back in the one transaction that empties it.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction

from humaneval.rating.append_only import protect, unprotect


class Command(flush.Command):
    """Empty the database, votes and audit log included."""

    def handle(self, **options: Any) -> None:
        """Flush as Django does, with the protection of votes and audit log lifted meanwhile."""
        connection = connections[options["database"]]
        with transaction.atomic(using=options["database"]):
            unprotect(connection)
            super().handle(**options)
            protect(connection)
