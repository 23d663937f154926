"""A small simulation of raters, web servers and a database: pure, seeded, without a clock of its own.

Raters arrive at random (Poisson), ask for a block of trials, look at each, and vote. Each request occupies
a core of the web tier for its processor time, then a core of the database for its own; who finds all cores
busy waits in line (first come, first served). With ``raters`` instead of ``arrivals`` a fixed number of them
sends without a pause, as a load test does: that is what measurements are compared with.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

PEAK = 3.0
"""How many times its mean over a day the rate of arrivals reaches in the busiest hour; assumed."""
FULL = 0.7
"""How busy the cores of a part may be at that hour: above it, waiting grows fast."""


@dataclass(frozen=True)
class Cost:
    """Core-seconds of one thing on the web tier and in the database."""

    web: float
    database: float


@dataclass(frozen=True)
class Costs:
    """What a rater's requests cost; ``picture`` is one stimulus served by the web tier."""

    arrival: Cost
    block: Cost
    vote: Cost
    picture: Cost


@dataclass(frozen=True)
class Sitting:
    """What a rater does: blocks of votes with a pause (seconds, on average) before each vote."""

    blocks: int = 2
    votes: int = 20
    pictures: int = 2
    pause: float = 3.0


@dataclass(frozen=True)
class Size:
    """Cores of either part."""

    web: int
    database: int


@dataclass
class Seen:
    """What a simulation saw: votes a second, busy shares, and each vote's seconds from request to answer."""

    seconds: float
    votes: int = 0
    web: float = 0.0
    database: float = 0.0
    waits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Votes a second."""
        return self.votes / self.seconds

    def wait(self, share: float) -> float:
        """Return the seconds within which that share of votes was answered."""
        return sorted(self.waits)[min(len(self.waits) - 1, int(share * len(self.waits)))]


class Part:
    """Cores that serve first come, first served, in the order in which work is handed in."""

    def __init__(self, cores: int) -> None:
        self._free = [0.0] * cores
        self.busy = 0.0

    def serve(self, now: float, work: float) -> float:
        """Return when work that comes now is done."""
        begins = max(now, heapq.heappop(self._free))
        heapq.heappush(self._free, begins + work)
        self.busy += work
        return begins + work


def steps_of(sitting: Sitting, costs: Costs) -> Iterator[tuple[Cost, bool]]:
    """Yield what a sitting asks for, in order, and whether it is a vote."""
    yield costs.arrival, False
    for _ in range(sitting.blocks):
        yield costs.block, False
        for _ in range(sitting.votes):
            yield from itertools.repeat((costs.picture, False), sitting.pictures)
            yield costs.vote, True


def simulate(
    costs: Costs,
    size: Size,
    sitting: Sitting,
    *,
    seconds: float,
    arrivals: float = 0.0,
    raters: int = 0,
    seed: int = 0,
) -> Seen:
    """Return what happens within so many seconds; ``arrivals`` are raters a second.

    Work is exponential around its cost, as of requests that differ. A part's line is kept by the order of
    events, so that the database serves in the order in which the web tier is done.
    """
    chance, seen = random.Random(seed), Seen(seconds)
    parts = (Part(size.web), Part(size.database))
    events: list[tuple[float, int, int, float, Cost, bool, Iterator[tuple[Cost, bool]]]] = []
    number = itertools.count()

    def ask(now: float, plan: Iterator[tuple[Cost, bool]]) -> None:
        step = next(plan, None)
        if step is None and raters:
            plan = steps_of(sitting, costs)
            step = next(plan)
        if step is not None:
            pause = chance.expovariate(1 / sitting.pause) if step[1] and sitting.pause else 0.0
            heapq.heappush(events, (now + pause, next(number), 0, now + pause, *step, plan))

    for when in [0.0] * raters or _moments(arrivals, seconds, chance):
        ask(when, steps_of(sitting, costs))
    while events:
        now, _, stage, begun, cost, is_vote, plan = heapq.heappop(events)
        if now > seconds:
            break
        if stage == 2:
            seen.votes += is_vote
            seen.waits += [now - begun] * is_vote
            ask(now, plan)
            continue
        mean = (cost.web, cost.database)[stage]
        done = parts[stage].serve(now, chance.expovariate(1 / mean)) if mean else now
        heapq.heappush(events, (done, next(number), stage + 1, begun, cost, is_vote, plan))
    seen.web = parts[0].busy / (size.web * seconds)
    seen.database = parts[1].busy / (size.database * seconds)
    return seen


def _moments(rate: float, seconds: float, chance: random.Random) -> list[float]:
    moments, now = [], 0.0
    while rate and (now := now + chance.expovariate(rate)) < seconds:
        moments.append(now)
    return moments


def work_of_a_sitting(costs: Costs, sitting: Sitting) -> Cost:
    """Return the core-seconds that one rater costs."""
    steps = [cost for cost, _is_vote in steps_of(sitting, costs)]
    return Cost(sum(cost.web for cost in steps), sum(cost.database for cost in steps))


def cores_for(raters_a_day: float, costs: Costs, sitting: Sitting) -> Size:
    """Return the fewest cores that are at most ``FULL`` busy when ``PEAK`` times the mean arrives."""
    work, peak = work_of_a_sitting(costs, sitting), PEAK * raters_a_day / 86_400
    return Size(*(max(1, math.ceil(peak * each / FULL)) for each in (work.web, work.database)))
