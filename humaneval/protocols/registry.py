"""The protocols there are. To add one: a module here, its line below, and its part of the rater's page."""

from __future__ import annotations

from humaneval.protocols.base import Protocol
from humaneval.protocols.duplicates import Duplicates
from humaneval.protocols.likert import Likert
from humaneval.protocols.pairwise import Pairwise
from humaneval.protocols.ranking import Ranking
from humaneval.protocols.real_or_fake import RealOrFake
from humaneval.protocols.timed_real_or_fake import TimedRealOrFake
from humaneval.protocols.two_afc import TwoAFC

_ALL = (TwoAFC(), Likert(), Pairwise(), Ranking(), RealOrFake(), TimedRealOrFake(), Duplicates())

PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in _ALL}


def get(name: str) -> Protocol:
    """Return the protocol of a name; raises LookupError that lists the names there are."""
    if name not in PROTOCOLS:
        raise LookupError(f"There is no protocol “{name}”; there are {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]
