"""A small simulation of raters, web servers and a database: pure, seeded, without a clock of its own.

Raters do what the player does, step after step. Each step is a request: it occupies a core for the raters'
own program, then one for the web tier, then one for the database, each for the processor time that it costs
there, and then waits for what no core works on (the log's way to the disk). Who finds all cores busy waits in
line. A web process works for one request at a time, and a request is done by the process that its connection
leads to, be others free or not; a connection leads to any of them.

Web tier and database stand on machines of their own (:class:`Size`): raters arrive at random (Poisson), and a
proxy sends each request over whichever of its connections is free. Or they stand with the raters' program and
whatever else runs on one (:class:`OneMachine`), as where the simulation is compared with a load test: there
``raters`` send without a pause, each sitting over a connection of its own.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

PEAK = 3.0
"""How many times its mean over a day the rate of arrivals reaches in the busiest hour; assumed."""
FULL = 0.7
"""How busy the cores of a part may be at that hour: above it, waiting grows fast."""
BLOCK, MORE, LEFT = 10, 4, 6
"""Trials that are handed out at first; how many more, each time that so few are unanswered."""
SLICE = 0.003
"""Seconds for which others' programs have a core before the next in line, as Linux hands them out."""


@dataclass(frozen=True)
class Cost:
    """What one request takes: core-seconds of web tier, database and the raters' program; idle seconds."""

    web: float = 0.0
    database: float = 0.0
    rater: float = 0.0
    idle: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        """Return the sum of both."""
        return Cost(
            self.web + other.web,
            self.database + other.database,
            self.rater + other.rater,
            self.idle + other.idle,
        )

    def times(self, count: float) -> Cost:
        """Return what so many of it take."""
        return Cost(self.web * count, self.database * count, self.rater * count, self.idle * count)

    def over(self, count: float) -> Cost:
        """Return the share of one of so many."""
        return self.times(1 / count)


Costs = Mapping[str, Cost]
"""By step."""


@dataclass(frozen=True)
class Sitting:
    """What a rater does: trials with so many pictures each, and a pause (mean seconds) before each vote."""

    trials: int = 40
    pictures: int = 2
    pause: float = 3.0
    page: bool = True
    """Whether the page is opened first, with all its scripts."""

    def steps(self) -> Iterator[str]:
        """Yield what is asked for, in order, as the player asks for it (frontend/rater/supply.js)."""
        yield from ["page"] * self.page
        yield from ("arrival", "block")
        handed = BLOCK
        for voted in range(self.trials):
            if handed < self.trials and handed - voted <= LEFT:
                yield "more"
                handed += MORE
            yield from ["picture"] * self.pictures
            yield "vote"
        yield "end"


@dataclass(frozen=True)
class Size:
    """Cores of either part, on machines of their own; of the web tier with a process for each core."""

    web: int
    database: int


@dataclass(frozen=True)
class OneMachine:
    """Cores that web processes, database and the raters' program (one process) share with ``others``.

    Others are what else runs there: programs that use so many cores on average.
    """

    cores: int
    processes: int
    others: float = 0.0


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


@dataclass
class Machine:
    """Some cores, and who waits for one, in order."""

    cores: int
    busy: int = 0
    line: deque[Request] = field(default_factory=deque)

    def others_busy(self) -> float:
        """Return the share of a core's neighbours that are busy; the core itself is counted in ``busy``."""
        return (self.busy - 1) / (self.cores - 1) if self.cores > 1 else 0.0


@dataclass
class Part:
    """What works on a machine, at most so many requests at once."""

    machine: Machine
    at_once: int
    running: int = 0
    worked: float = 0.0


@dataclass
class Request:
    """A rater's step, on its way through the parts; which of them, its connection says."""

    step: str
    begun: float
    plan: Iterator[str]
    way: Sequence[Part]
    stage: int = 0

    @property
    def part(self) -> Part:
        """The part whose turn it is."""
        return self.way[self.stage]


def simulate(
    costs: Costs,
    where: Size | OneMachine,
    sitting: Sitting,
    *,
    seconds: float,
    alone: Costs | None = None,
    arrivals: float = 0.0,
    raters: int = 0,
    seed: int = 0,
) -> Seen:
    """Return what happens within so many seconds; ``arrivals`` are raters a second.

    Work is exponential around its cost, as of requests that differ. ``costs`` are those on a machine whose
    cores are all busy; what a request costs while the others are idle (``alone``) may be less.
    """
    run = _Run(costs, alone or costs, where, sitting, random.Random(seed), seconds)
    for _ in range(raters):
        run.ask(0.0, itertools.chain.from_iterable(sitting.steps() for _ in itertools.count()))
    for when in _moments(arrivals, seconds, run.chance):
        run.ask(when, sitting.steps())
    others = where.others if isinstance(where, OneMachine) else 0.0
    for when in _moments(others / SLICE, seconds, run.chance):
        run.ask(when, iter(["others"]))
    run.play()
    for part in run.parts.web:
        run.seen.web += part.worked / (part.machine.cores * seconds)
    run.seen.database = run.parts.database.worked / (run.parts.database.machine.cores * seconds)
    return run.seen


@dataclass
class Parts:
    """All that work is done by."""

    rater: Part
    web: list[Part]
    database: Part
    others: Part

    @classmethod
    def of(cls, where: Size | OneMachine) -> Parts:
        """Return them on one machine, or elsewhere as far as they can be."""
        if isinstance(where, OneMachine):
            here = Machine(where.cores)
            web = [Part(here, 1) for _ in range(where.processes)]
            return cls(Part(here, 1), web, Part(here, where.cores), Part(here, where.cores))
        many, machine, database = 1_000_000, Machine(where.web), Machine(where.database)
        elsewhere = Part(Machine(many), many)
        return cls(
            elsewhere, [Part(machine, 1) for _ in range(where.web)], Part(database, database.cores), elsewhere
        )

    def way(self, chance: random.Random) -> Sequence[Part]:
        """Return the parts that a new connection leads through, in order."""
        return self.rater, chance.choice(self.web), self.database, self.others


class _Run:
    """One simulation under way: its events in order of time, its parts, and what it has seen."""

    def __init__(
        self,
        costs: Costs,
        alone: Costs,
        where: Size | OneMachine,
        sitting: Sitting,
        chance: random.Random,
        seconds: float,
    ) -> None:
        self.parts, self.chance, self.seen = Parts.of(where), chance, Seen(seconds)
        self._busy, self._alone = _works(costs), _works(alone)
        self._pause, self._first = sitting.pause, next(sitting.steps())
        self._keeps_connection = isinstance(where, OneMachine)
        self._events: list[tuple[float, int, bool, Request]] = []
        self._number = itertools.count()

    def ask(self, now: float, plan: Iterator[str], last: Request | None = None) -> None:
        """Let a rater take the next step, after a look at the trial where it is a vote."""
        step = next(plan, None)
        if step is not None:
            pause = self._drawn(self._pause) if step == "vote" else 0.0
            keeps = last is not None and self._keeps_connection and step != self._first
            way = last.way if last and keeps else self.parts.way(self.chance)
            self._later(now + pause, Request(step, now + pause, plan, way), leaves=False)

    def play(self) -> None:
        """Go from event to event until the time is over."""
        while self._events:
            now, _, leaves, request = heapq.heappop(self._events)
            if now > self.seen.seconds:
                break
            if leaves:
                self._leave(now, request)
            self._go_on(now, request)

    def _leave(self, now: float, request: Request) -> None:
        """A part is done with a request; whoever waits for its core is next."""
        part = request.part
        part.running -= 1
        part.machine.busy -= 1
        request.stage += 1
        self._dispatch(now, part.machine)

    def _go_on(self, now: float, request: Request) -> None:
        """Put a request into the next line; skip parts that have nothing to do for it."""
        works = self._busy[request.step]
        while request.stage < len(request.way) and not works[request.stage]:
            request.stage += 1
        if request.stage < len(request.way):
            machine = request.part.machine
            machine.line.append(request)
            self._dispatch(now, machine)
        elif request.stage == len(request.way) and (idle := self._drawn(works[-1])):
            request.stage += 1
            self._later(now + idle, request, leaves=False)
        else:
            self._answered(now, request)

    def _answered(self, now: float, request: Request) -> None:
        if request.step == "vote":
            self.seen.votes += 1
            self.seen.waits.append(now - request.begun)
        self.ask(now, request.plan, request)

    def _dispatch(self, now: float, machine: Machine) -> None:
        """Give free cores to those who wait longest and whose part can take one more."""
        passed: list[Request] = []
        while machine.line and machine.busy < machine.cores:
            request = machine.line.popleft()
            part = request.part
            if part.running < part.at_once:
                self._start(now, part, request)
            else:
                passed.append(request)
        machine.line.extendleft(reversed(passed))

    def _start(self, now: float, part: Part, request: Request) -> None:
        part.running += 1
        part.machine.busy += 1
        low, high = self._alone[request.step][request.stage], self._busy[request.step][request.stage]
        work = self._drawn(low + (high - low) * part.machine.others_busy())
        part.worked += work
        self._later(now + work, request, leaves=True)

    def _later(self, when: float, request: Request, *, leaves: bool) -> None:
        heapq.heappush(self._events, (when, next(self._number), leaves, request))

    def _drawn(self, mean: float) -> float:
        return self.chance.expovariate(1 / mean) if mean else 0.0


def _works(costs: Costs) -> dict[str, tuple[float, ...]]:
    """Return each step's work in the order in which parts do it, and at last what no core works on."""
    ours = {step: (cost.rater, cost.web, cost.database, 0.0, cost.idle) for step, cost in costs.items()}
    return ours | {"others": (0.0, 0.0, 0.0, SLICE, 0.0)}


def _moments(rate: float, seconds: float, chance: random.Random) -> list[float]:
    moments, now = [], 0.0
    while rate and (now := now + chance.expovariate(rate)) < seconds:
        moments.append(now)
    return moments


def work_of_a_sitting(costs: Costs, sitting: Sitting) -> Cost:
    """Return what one rater costs."""
    return sum((costs[step] for step in sitting.steps()), Cost())


def cores_for(raters_a_day: float, costs: Costs, sitting: Sitting) -> Size:
    """Return the fewest cores that are at most ``FULL`` busy when ``PEAK`` times the mean arrives."""
    work, peak = work_of_a_sitting(costs, sitting), PEAK * raters_a_day / 86_400
    return Size(*(max(1, math.ceil(peak * each / FULL)) for each in (work.web, work.database)))
