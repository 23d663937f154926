"""Sealing: votes that are not yet sealed are bound into their studies' chains, batch by batch.

Intake knows nothing of it and waits for nothing: a vote is stored first and sealed when the job comes by.
Each batch is one short transaction. A job that is killed leaves whole batches only, and two at a time meet
in the unique constraints: the later one leaves its batch to the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from humaneval.rating.chain import GENESIS, Entry, Findings, Head, Link, check_chain, next_head
from humaneval.rating.digests import VoteContent, read_contents
from humaneval.rating.live import NOTHING, Tally, sealed_tally
from humaneval.rating.models import Seal, SealedVote, Tombstone, Vote
from humaneval.studies.models import Study

BATCH = 500
"""Votes sealed in one transaction: well under a tenth of a second, which raters on SQLite may wait for."""

LOOK_BACK = 100_000
"""How many ids behind the newest sealed vote are looked at again for votes that were committed late."""


def seal_votes(*, batch: int = BATCH, thorough: bool = False) -> int:
    """Seal all votes that are not yet sealed, in order of id; return how many that were.

    A look at all votes that there are (``thorough``) also finds one whose transaction took so long that
    :data:`LOOK_BACK` later votes were sealed before it.
    """
    total = 0
    while sealed := _seal_batch(batch, thorough):
        total += sealed
    return total


def head_of(study: Study) -> Head:
    """Return the present end of a study's chain."""
    last = Seal.objects.filter(study=study).order_by("-number").values_list("number", "head").first()
    return Head(*last) if last else Head(0, GENESIS)


def verify_study(study: Study, *, earlier: Head | None = None) -> Findings:
    """Check a study's sealed votes in the database against its chain, and that against an earlier head."""
    findings = check_chain(links_of(study), earlier=earlier)
    findings.problems += _wrong_sums(study)
    if not findings.problems:
        findings.problems += _wrong_recount(study)
    return findings


def _wrong_sums(study: Study) -> Iterator[str]:
    """Yield what is wrong with the numbers in a study's seals, held against one another."""
    total = NOTHING
    rows = Seal.objects.filter(study=study).order_by("number")
    for number, count, summary, totals in rows.values_list("number", "vote_count", "summary", "totals"):
        batch = Tally.from_summary(summary)
        total += batch
        if count != batch.votes:
            yield f"The summary of seal {number} does not have its number of votes."
        if total != Tally.from_summary(totals):
            yield f"The totals of seal {number} are not the sums up to it."
            total = Tally.from_summary(totals)


def _wrong_recount(study: Study) -> Iterator[str]:
    """Yield what a recount of all sealed votes finds; where some were withdrawn only how many they are."""
    sealed = Exists(SealedVote.objects.filter(vote_id=OuterRef("pk")))
    counted = Tally.of(Vote.objects.filter(sealed, assignment__session__study=study))
    withdrawn = SealedVote.objects.filter(
        seal__study=study, vote_id__in=Tombstone.objects.filter(study=study).values("vote_id")
    ).count()
    kept = sealed_tally(study)
    if counted.votes + withdrawn != kept.votes or (not withdrawn and counted != kept):
        yield f"A recount finds {counted}, {withdrawn} withdrawn; the seals say {kept}."


def links_of(study: Study) -> Iterator[Link]:
    """Yield a study's seals in order, each with its votes as they are now: three queries a seal."""
    seals = Seal.objects.filter(study=study).order_by("number")
    for seal in seals.iterator(chunk_size=100):
        sealed = list(seal.sealed_votes.order_by("vote_id").values_list("vote_id", "digest"))
        contents = {row.vote_id: row.content for row in read_contents([vote for vote, _ in sealed])}
        gone = [vote for vote, _ in sealed if vote not in contents]
        withdrawn = set(Tombstone.objects.filter(pk__in=gone).values_list("pk", flat=True)) if gone else set()
        entries = (Entry(vote, digest, contents.get(vote), vote in withdrawn) for vote, digest in sealed)
        yield Link(seal.number, seal.previous, seal.head, tuple(entries))


def count_unsealed(study: Study) -> int:
    """Return how many of a study's votes still wait for their seal."""
    return _unsealed().filter(assignment__session__study=study).count()


def _unsealed() -> QuerySet[Vote]:
    return Vote.objects.filter(~Exists(SealedVote.objects.filter(vote_id=OuterRef("pk"))))


def _seal_batch(batch: int, thorough: bool) -> int:
    newest = None if thorough else SealedVote.objects.aggregate(newest=Max("vote_id"))["newest"]
    waiting = _unsealed().filter(pk__gt=(newest or 0) - LOOK_BACK).order_by("pk")
    ids = list(waiting.values_list("pk", flat=True)[:batch])
    by_study: dict[int, list[VoteContent]] = defaultdict(list)
    for content in read_contents(ids):
        by_study[content.study_id].append(content)
    try:
        with transaction.atomic():
            for study_id in sorted(by_study):
                _append_seal(study_id, by_study[study_id])
    except IntegrityError:
        return 0
    return len(ids)


def _tally(contents: list[VoteContent]) -> Tally:
    return Tally.of_rows(
        (row.content["outcome"], row.content["late"], row.content["repeat"], row.condition_id)
        for row in contents
    )


def _append_seal(study_id: int, contents: list[VoteContent]) -> None:
    last = Seal.objects.filter(study=study_id).order_by("-number").first()
    previous, number = (last.head, last.number + 1) if last else (GENESIS, 1)
    digests = [content.digest for content in contents]
    tally = _tally(contents)
    before = Tally.from_summary(last.totals) if last else NOTHING
    seal = Seal.objects.create(
        study_id=study_id,
        number=number,
        previous=previous,
        head=next_head(previous, number, digests),
        vote_count=len(contents),
        summary=tally.as_summary(),
        totals=(before + tally).as_summary(),
    )
    SealedVote.objects.bulk_create(
        SealedVote(vote_id=content.vote_id, seal=seal, digest=digest)
        for content, digest in zip(contents, digests, strict=True)
    )
