"""A storm: people vote through a bad network while web processes are killed and the database crashes."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from django.db import connection

from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Assignment, Opening, Session, SessionState, Vote
from humaneval.rating.sealing import count_unsealed, seal_votes, verify_study
from humaneval.studies.models import Study
from tests.factories import open_study
from tests.faults.clients import Log, UnrulyClient
from tests.faults.proxy import CuttingProxy
from tests.jobs.platform import Platform, kill_group

PATIENCE = 400.0


@dataclass(frozen=True)
class Size:
    """How much is voted and how often something breaks; ``strikes`` are spread evenly over the votes."""

    trials: int
    votes_per_trial: int
    strikes: int
    clients: int = 6

    @property
    def votes(self) -> int:
        """Votes that the study wants."""
        return self.trials * self.votes_per_trial


@dataclass
class Numbers:
    """What happened. ``lost`` counts acknowledged votes that are not stored."""

    tried: int
    acknowledged: int
    stored: int
    lost: int
    doubled: int
    not_acknowledged: int
    rejected: int
    repeated_requests: int
    cut_requests: int
    cut_answers: int
    web_kills: int
    server_kills: int
    database_crashes: int
    late: int
    over_quota: int
    unfinished_trials: int
    met_twice: int
    open_sessions: int
    chain_problems: int

    def __str__(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in vars(self).items())


class Storm:
    """One storm over one platform; ``crash_database`` is None where the database cannot be restarted."""

    def __init__(
        self, platform: Platform, size: Size, crash_database: Callable[[], None] | None, *, seed: int = 0
    ) -> None:
        self._platform, self._size, self._crash = platform, size, crash_database
        self._random, self._log = random.Random(seed), Log()
        self._strikes: Counter[str] = Counter()

    def rage(self, port: int) -> Numbers:
        """Let people vote until the study has all its votes, break things meanwhile; return the numbers."""
        study = open_study(
            trial_count=self._size.trials,
            votes_per_trial=self._size.votes_per_trial,
            assignments_per_session=min(20, self._size.trials),
        )
        self._server = self._serve(port)
        proxy = CuttingProxy(port, share=0.15, seed=1)
        arrival = {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}
        clients = [UnrulyClient(proxy.port, arrival, self._log, seed) for seed in range(self._size.clients)]
        for client in clients:
            client.start()
        self._strike_until_done(port)
        for client in clients:
            client.join(PATIENCE)
        assert not any(client.is_alive() for client in clients), self._platform.output()[-3000:]
        assert not self._log.failures, self._log.failures
        proxy.close()
        connection.close()  # it may have met a crash too
        return self._count(study, proxy)

    def _strike_until_done(self, port: int) -> None:
        kinds = ["process", "process", "server", *(["database"] if self._crash else [])]
        for number in range(1, self._size.strikes + 1):
            self._wait_for_votes(number * self._size.votes // (self._size.strikes + 2))
            kind = kinds[number % len(kinds)]
            if kind == "process":
                self._kill_a_process()
            elif kind == "server":
                kill_group(self._server)
                self._server = self._serve(port)
            elif self._crash is not None:
                self._crash()
            self._strikes[kind] += 1

    def _serve(self, port: int) -> subprocess.Popen[bytes]:
        """Start two web processes of four threads, loaded once so that each starts at once."""
        return self._platform.start(
            *("-m", "gunicorn", "humaneval.config.wsgi:application", f"--bind=127.0.0.1:{port}"),
            *("--workers=2", "--threads=4", "--worker-class=gthread", "--preload", "--no-control-socket"),
            "--timeout=300",
        )

    def _kill_a_process(self) -> None:
        """SIGKILL one of the web processes, once one is up; the server replaces it."""
        server = psutil.Process(self._server.pid)

        def strike() -> bool:
            children = server.children()
            try:
                return bool(children) and self._random.choice(children).kill() is None
            except psutil.NoSuchProcess:  # it was just ending by itself
                return False

        self._platform.wait_for(strike, PATIENCE)

    def _wait_for_votes(self, count: int) -> None:
        give_up = time.monotonic() + PATIENCE
        while len(self._log.acknowledged) < count and not self._log.failures:
            assert time.monotonic() < give_up, self._platform.output()[-3000:]
            time.sleep(0.02)

    def _count(self, study: Study, proxy: CuttingProxy) -> Numbers:
        rows = list(Vote.objects.values_list("key", "assignment", "assignment__trial", "late"))
        stored = {str(key): str(assignment) for key, assignment, _, _ in rows}
        acknowledged = self._log.acknowledged
        punctual = Counter(trial for _, _, trial, late in rows if not late)
        full = Counter(trial for _, _, trial, _ in rows)
        wanted = self._size.votes_per_trial
        met = Counter(Assignment.objects.values_list("session", "trial"))
        seal_votes(batch=50)
        return Numbers(
            tried=len(self._log.tried),
            acknowledged=len(acknowledged),
            stored=len(rows),
            lost=sum(stored.get(key) != assignment for key, assignment in acknowledged.items()),
            doubled=len(rows) - min(len(stored), len(set(stored.values()))),
            not_acknowledged=len(stored.keys() - acknowledged.keys()),
            rejected=len(self._log.rejected),
            repeated_requests=self._log.retries + self._log.duplicates,
            cut_requests=proxy.cuts["request"],
            cut_answers=proxy.cuts["answer"],
            web_kills=self._strikes["process"],
            server_kills=self._strikes["server"],
            database_crashes=self._strikes["database"],
            late=sum(late for _, _, _, late in rows),
            over_quota=sum(max(0, count - wanted) for count in punctual.values()),
            unfinished_trials=self._size.trials - sum(count >= wanted for count in full.values()),
            met_twice=sum(count > 1 for count in met.values()),
            open_sessions=Session.objects.exclude(state=SessionState.COMPLETED).count(),
            chain_problems=len(verify_study(study).problems) + count_unsealed(study),
        )


def check(numbers: Numbers) -> None:
    """Nothing acknowledged is lost, nothing is stored twice, no quota overrun, and the study is complete."""
    assert numbers.lost == 0, numbers
    assert numbers.doubled == 0, numbers
    assert numbers.not_acknowledged == 0, numbers
    assert numbers.tried == numbers.acknowledged == numbers.stored, numbers
    assert numbers.rejected == 0, numbers
    assert numbers.over_quota == 0, numbers
    assert numbers.unfinished_trials == 0, numbers
    assert numbers.met_twice == 0, numbers
    assert numbers.open_sessions == 0, numbers
    assert numbers.chain_problems == 0, numbers
    assert numbers.cut_requests > 0, numbers
    assert numbers.cut_answers > 0, numbers
    assert not Opening.objects.filter(free_from__isnull=False).exists()
