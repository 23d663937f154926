"""The ledger as rows; people under their pseudonyms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from humaneval.recruitment.ledger import entries_of
from humaneval.recruitment.models import LedgerEntry, Posting

COLUMNS = ("at", "panel", "posting", "rater", "simulated", "kind", "amount", "fee", "currency", "asked_by")


def ledger_rows(postings: Iterable[Posting]) -> Iterator[tuple[str, ...]]:
    """Return the header and one row a payment, oldest first; amounts with two decimals."""
    yield COLUMNS
    for entry in entries_of(postings).iterator(chunk_size=500):
        yield _row(entry)


def _row(entry: LedgerEntry) -> tuple[str, ...]:
    session = entry.submission.session
    asked_by = entry.intent.requested_by if entry.intent else None
    return (
        entry.at.isoformat(timespec="seconds"),
        entry.posting.panel,
        str(entry.posting_id),
        session.rater.pseudonym if session else "",
        str(session.rater.simulated).lower() if session else "",
        entry.kind,
        f"{entry.amount:.2f}",
        f"{entry.fee:.2f}",
        entry.currency,
        asked_by.get_username() if asked_by else "",
    )
