"""The chain of seals: what a link is, and how a chain is checked, in a database or in an export.

Each seal's head is the SHA-256 over the head before it, its number, and the digests of its votes in order
of id. Whoever has kept a head can see later whether what was sealed up to it is still what it was: changing,
adding or dropping one sealed vote changes every head from there on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from humaneval.rating.digests import digest_of

GENESIS = "0" * 64
"""What stands before the first seal."""


@dataclass(frozen=True)
class Head:
    """The end of a chain once: after ``number`` seals it was ``value`` (64 hexadecimal characters)."""

    number: int
    value: str

    def __str__(self) -> str:
        return f"{self.number}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Return the head written as ``NUMBER:HEX``; raises ValueError for anything else."""
        number, _, value = text.strip().partition(":")
        if not number.isdecimal() or len(value) != 64 or set(value) - set("0123456789abcdef"):
            raise ValueError(f"A head looks like 12:3f8a… (a number, a colon, 64 hexadecimal digits): {text}")
        return cls(int(number), value)


@dataclass(frozen=True)
class Entry:
    """A sealed vote: the digest at its sealing, and what is there now.

    ``content`` is None where the vote is gone, rightly if it is ``withdrawn``.
    """

    vote_id: int
    digest: str
    content: dict[str, Any] | None
    withdrawn: bool = False


@dataclass(frozen=True)
class Link:
    """A seal as it is stored, with its votes in order of id."""

    number: int
    previous: str
    head: str
    entries: tuple[Entry, ...]


@dataclass
class Findings:
    """What a check of a chain found; ``problems`` are sentences, none if all is as it was sealed."""

    seals: int = 0
    votes: int = 0
    withdrawn: int = 0
    head: Head = field(default_factory=lambda: Head(0, GENESIS))
    problems: list[str] = field(default_factory=list)


def next_head(previous: str, number: int, digests: Iterable[str]) -> str:
    """Return the head after a seal of these votes' digests."""
    text = "\n".join([previous, str(number), *digests])
    return hashlib.sha256(text.encode()).hexdigest()


def check_chain(links: Iterable[Link], *, earlier: Head | None = None) -> Findings:
    """Check links in order, one at a time, against themselves and against a head that was kept earlier."""
    findings = Findings()
    for link in links:
        findings.problems += [*_broken_link(findings.head, link), *_changed_votes(link)]
        findings.seals += 1
        findings.votes += len(link.entries)
        findings.withdrawn += sum(entry.withdrawn for entry in link.entries)
        findings.head = Head(link.number, link.head)
        if earlier is not None and earlier.number == link.number and earlier.value != link.head:
            findings.problems.append(f"Seal {link.number} is not the one that the earlier head was of.")
    if earlier is not None and earlier.number > findings.head.number:
        findings.problems.append(
            f"The chain ends at seal {findings.head.number}; the earlier head was of seal {earlier.number}."
        )
    if earlier is not None and earlier.number == 0 and earlier.value != GENESIS:
        findings.problems.append("The earlier head is of no chain.")
    return findings


def _broken_link(before: Head, link: Link) -> list[str]:
    problems = []
    if link.number != before.number + 1:
        problems.append(f"After seal {before.number} comes seal {link.number}.")
    if link.previous != before.value:
        problems.append(f"Seal {link.number} does not continue the chain before it.")
    if link.head != next_head(link.previous, link.number, (entry.digest for entry in link.entries)):
        problems.append(f"The head of seal {link.number} is not that of its votes.")
    return problems


def _changed_votes(link: Link) -> Iterable[str]:
    for entry in link.entries:
        if entry.content is None and not entry.withdrawn:
            yield f"Vote {entry.vote_id} of seal {link.number} is missing."
        elif entry.content is not None and digest_of(entry.content) != entry.digest:
            yield f"Vote {entry.vote_id} of seal {link.number} was changed."
