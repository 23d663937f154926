"""The ledger as rows; people under their pseudonyms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from humaneval.recruitment.ledger import ZERO, entries_of, owed_by_submission, wages_of
from humaneval.recruitment.models import LedgerEntry, LedgerKind, Posting, Submission

COLUMNS = ("at", "panel", "posting", "rater", "simulated", "kind", "amount", "fee", "currency", "asked_by")


def ledger_rows(postings: Iterable[Posting]) -> Iterator[tuple[str, ...]]:
    """Return the header and one row a payment, oldest first; amounts with two decimals."""
    yield COLUMNS
    for entry in entries_of(postings).iterator(chunk_size=500):
        yield _row(entry)


RATER_COLUMNS = (
    *("rater", "simulated", "panel", "posting", "submission", "state"),
    *("owed", "base", "bonus", "screen_out", "paid", "fees", "currency", "hours", "hourly"),
)


def rater_rows(postings: Iterable[Posting]) -> Iterator[tuple[str, ...]]:
    """Return the header and one row for each person's place in a posting: what is owed, and what was paid.

    ``hours`` and ``hourly`` are empty where nobody knows how long it took. A fixed few queries a posting.
    """
    yield RATER_COLUMNS
    for posting in postings:
        paid, owed = _paid_by_submission(posting), owed_by_submission(posting)
        wages = {wage.submission.pk: wage for wage in wages_of(posting)}
        for row in posting.submissions.select_related("session__rater").order_by("pk"):
            wage = wages.get(row.pk)
            money = (owed.get(row.pk, ZERO), *_sums(paid[row.pk]))
            yield (
                *(*_person(row), posting.panel, str(posting.pk), row.external_id, row.state),
                *(f"{amount:.2f}" for amount in money),
                *(posting.currency, f"{wage.hours:.4f}" if wage else "", str(wage.hourly) if wage else ""),
            )


Payment = tuple[str, Decimal, Decimal]
"""Kind, amount and fee."""


def _paid_by_submission(posting: Posting) -> dict[int, list[Payment]]:
    found: dict[int, list[Payment]] = defaultdict(list)
    for entry in LedgerEntry.objects.filter(posting=posting):
        found[entry.submission_id].append((entry.kind, entry.amount, entry.fee))
    return found


def _sums(payments: Iterable[Payment]) -> list[Decimal]:
    """Return what was paid by kind, in all, and the fees."""
    mine = list(payments)
    kinds = [sum((amount for kind, amount, _fee in mine if kind == one), ZERO) for one in LedgerKind]
    return [*kinds, sum(kinds, ZERO), sum((fee for _kind, _amount, fee in mine), ZERO)]


def _person(submission: Submission) -> tuple[str, str]:
    """Return the pseudonym, and whether the person is a program; both empty for who never came."""
    session = submission.session
    return (session.rater.pseudonym, str(session.rater.simulated).lower()) if session else ("", "")


def _row(entry: LedgerEntry) -> tuple[str, ...]:
    asked_by = entry.intent.requested_by if entry.intent else None
    return (
        entry.at.isoformat(timespec="seconds"),
        entry.posting.panel,
        str(entry.posting_id),
        *_person(entry.submission),
        entry.kind,
        f"{entry.amount:.2f}",
        f"{entry.fee:.2f}",
        entry.currency,
        asked_by.get_username() if asked_by else "",
    )
