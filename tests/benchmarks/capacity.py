"""What a vote, a block, a stimulus, a report and a feature cost a core; from those, what many raters need.

A real server takes raters' requests kind after kind, from one rater and from many at once
(``capacity_load``). Then raters who never pause do whole sittings, and the simulation of ``queueing`` says
from the costs what their rate and their waits should be. At last it says what 1,000, 100,000 and 10,000,000
raters a day need. docs/capacity.md explains.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks import rating_rows as rows
from tests.benchmarks.capacity_load import THREADS, Server, as_used, costs_of, load_of, seconds_of, serving
from tests.benchmarks.queueing import (
    PEAK,
    Cost,
    Costs,
    OneMachine,
    Seen,
    Sitting,
    cores_for,
    simulate,
    work_of_a_sitting,
)

CORES = os.cpu_count() or 1
TRIALS = Sitting.trials
CROWD = 8
"""Raters at once while costs under load are measured."""
RATERS = (1, 2, 4, 8)
SECONDS, SIMULATED = 10.0, 240.0
ASKED = 0.15
"""How far off the simulation's votes a second may be."""
CHECKED = {
    "whole sittings": Sitting(pause=0),
    "without page and pictures, as behind a content network": Sitting(pause=0, pictures=0, page=False),
}
IMAGES, SIDE = 24, 512
REPORT_VOTES = 20_000
REPORT_EVERY = 300
"""Seconds after which a report that is looked at all day is made anew (humaneval/reports/making.py)."""
CONNECTIONS = 44
"""Those of workers, scheduler, migrations and backups of a small cluster (docs/operate.md)."""
A_DAY = (1_000, 100_000, 10_000_000)


def study_of_files(folder: Path) -> tuple[Any, float]:
    """Return an open study of real files, and the core-milliseconds that a stimulus took to render."""
    from humaneval.samples.importing import create_sample_set, import_folder
    from humaneval.samples.models import Sample
    from humaneval.samples.stimuli import choose_recipe, render
    from humaneval.studies.design import design_of
    from humaneval.studies.launching import make_trials
    from humaneval.studies.models import StudyState
    from tests.factories import ConditionFactory, QuestionFactory, StudyFactory, set_state

    study = StudyFactory(
        protocol="two_afc", trial_count=200, votes_per_trial=100_000, assignments_per_session=TRIALS
    )
    for position, kind in enumerate(("real", "generated")):
        pictures(folder / kind, seed=position)
        sample_set = create_sample_set(name=kind, kind=kind)
        import_folder(sample_set=sample_set, folder=folder / kind)
        ConditionFactory(study=study, sample_set=sample_set, position=position)
    QuestionFactory(study=study, key="real", position=0)
    sets = [condition.sample_set_id for condition in study.conditions.all()]
    recipe, samples = choose_recipe(sets), list(Sample.objects.values_list("pk", flat=True))
    before = time.process_time()
    made = render(sample_ids=samples, recipe=recipe)
    each = 1_000 * (time.process_time() - before) / made
    make_trials(study, design_of(study), lambda done, total, note="": None)
    set_state(study, StudyState.OPEN, recipe=recipe)
    return study, each


def pictures(folder: Path, *, seed: int) -> None:
    """Fill a folder with smooth pictures under grain, as photographs are: PNG, SIDE pixels wide."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    noise = np.random.default_rng(seed)
    for number in range(IMAGES):
        coarse = Image.fromarray(noise.integers(0, 255, (12, 12, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=float)
        grainy = (smooth + noise.normal(0, 4, smooth.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(folder / f"{number:03d}.png", compress_level=1)


def print_costs(title: str, costs: Costs) -> None:
    """Print a line for each kind of request."""
    print(f"{title:<42}{'web':>8}{'database':>10}{'rater':>8}{'idle':>8}")
    for step, cost in costs.items():
        each = [1e3 * part for part in (cost.web, cost.database, cost.rater, cost.idle)]
        print(f"  {step:<40}{each[0]:8.2f}{each[1]:10.2f}{each[2]:8.2f}{each[3]:8.2f}")


def measure(server: Server, arrival: dict[str, Any], processes: int) -> Costs:
    """Print what requests cost and how the simulation does by that; return the costs under load."""
    costs_of(server, arrival, TRIALS, at_once=CROWD)  # a warm-up
    alone = costs_of(server, arrival, TRIALS, at_once=1)
    kinds = costs_of(server, arrival, TRIALS, at_once=CROWD)
    seen = load_of(server, arrival, Sitting(pause=0), raters=CROWD, seconds=SECONDS)
    loaded = as_used({step: replace(cost, idle=alone[step].idle) for step, cost in kinds.items()}, seen)
    print(f"\n{processes} web {'process' if processes == 1 else 'processes'}; core-milliseconds of")
    print_costs("one rater", alone)
    print_costs(f"{CROWD} raters at once, each kind by itself", kinds)
    print_costs(f"{CROWD} raters at once, all kinds mixed", loaded)
    for title, sitting in CHECKED.items():
        print(f"raters who never pause, {title}")
        errors = [compare(server, arrival, sitting, processes, alone, loaded, raters) for raters in RATERS]
        before, then = (max(each, key=abs) for each in zip(*errors, strict=True))
        verdict = "OK" if abs(then) <= ASKED else "NOT REACHED"
        print(
            f"  the simulation is off by {before:+.0%} at most by what requests cost before, and by"
            f" {then:+.0%} by what they cost then; {ASKED:.0%} may be: {verdict}"
        )
    return loaded


def compare(
    server: Server,
    arrival: dict[str, Any],
    sitting: Sitting,
    processes: int,
    alone: Costs,
    loaded: Costs,
    raters: int,
) -> tuple[float, float]:
    """Print votes a second and their waits, as they are and as the simulation has them; return its errors.

    It is given what requests cost before; and then as much more or less as they used while they were counted,
    which leaves the lines that they stand in to be right or wrong.
    """
    seen = load_of(server, arrival, sitting, raters=raters, seconds=SECONDS)
    where = OneMachine(CORES, processes, seen.others)
    used = f"web {seen.cores.web:.2f}, database {seen.cores.database:.2f}, raters {seen.cores.rater:.2f}"
    print(
        f"  {raters} raters: {seen.rate:.1f} votes/s, median {1e3 * seen.wait(0.5):.0f} ms,"
        f" p99 {1e3 * seen.wait(0.99):.0f} ms; cores: {used}, all others {seen.others:.2f}"
    )
    foretold = simulate(loaded, where, sitting, alone=alone, seconds=SIMULATED, raters=raters)
    then = simulate(as_used(loaded, seen), where, sitting, seconds=SIMULATED, raters=raters)
    print_simulated("by these costs", foretold, seen.rate)
    print_simulated("by the costs of the same minute", then, seen.rate)
    return foretold.rate / seen.rate - 1, then.rate / seen.rate - 1


def print_simulated(title: str, said: Seen, rate: float) -> None:
    """Print what the simulation says, beside the rate that was measured."""
    waits = f"median {1e3 * said.wait(0.5):.0f} ms, p99 {1e3 * said.wait(0.99):.0f} ms"
    print(f"    {title}: {said.rate:.1f} votes/s ({said.rate / rate - 1:+.0%}), {waits}", flush=True)


def report_cost() -> Cost:
    """Return the core-seconds of a report over REPORT_VOTES votes: those of its process and the database."""
    from humaneval.reports.report import report_of
    from tests.benchmarks.report_million import make

    study = make("two_afc", REPORT_VOTES)
    database = own_backend()
    before = time.process_time(), seconds_of(database)
    report_of(study)
    return Cost(time.process_time() - before[0], seconds_of(database) - before[1])


def sealing_cost() -> Cost:
    """Return the core-seconds that each of the load tests' votes takes to be sealed, by one worker."""
    from humaneval.rating.sealing import seal_votes

    database = own_backend()
    before, started = (time.process_time(), seconds_of(database)), time.perf_counter()
    votes = seal_votes()
    took = time.perf_counter() - started
    spent = Cost(time.process_time() - before[0], seconds_of(database) - before[1])
    print(f"one worker sealed {votes:,} votes, {votes / took:,.0f} a second")
    return spent.over(votes)


def own_backend() -> psutil.Process:
    """Return the database's process for this program's connection, which does all the work by itself."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # other processes' time would not be seen
        cursor.execute("SELECT pg_backend_pid()")
        return psutil.Process(cursor.fetchone()[0])


def stored() -> tuple[int, int]:
    """Return how many bytes the database takes, and how many votes are in it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()), (SELECT count(*) FROM rating_vote)")
        size, votes = cursor.fetchone()
    connection.close()
    return size, votes


def feature_seconds(folder: Path) -> float:
    """Return the core-seconds of an image's Inception features on one thread, decoding included."""
    import torch

    import metrics
    from tests.benchmarks.metrics_peers import random_inception_weights

    torch.set_num_threads(1)
    weights = random_inception_weights(folder / "weights.pth")
    extractor = metrics.load_extractor("inception", weights=weights, verify=False, device="cpu")
    before = time.process_time()
    metrics.extract(extractor, folder / "real", workers=0)
    return (time.process_time() - before) / IMAGES


def picture_bytes() -> float:
    """Return the mean size of the stimuli."""
    from humaneval.samples.models import Stimulus

    sizes = [stimulus.file.size for stimulus in Stimulus.objects.all()]
    return sum(sizes) / len(sizes)


def extrapolate(costs: Costs, report: Cost, sealing: Cost, picture: float, vote: float) -> None:
    """Print what so many raters a day need at their busiest hour."""
    for title, sitting in {"by the web tier": Sitting(), "elsewhere": Sitting(pictures=0)}.items():
        work = work_of_a_sitting(costs, sitting)
        print(
            f"\npictures {title}; a rater: {work.web:.3f} core-seconds of web, {work.database:.3f} database"
        )
        for raters in A_DAY:
            print_needs(raters, costs, sitting)
    print()
    for raters in A_DAY:
        votes, peak = raters * TRIALS, PEAK * raters * TRIALS / 86_400
        reports = (report.web + report.database) / REPORT_VOTES * votes / 2 / REPORT_EVERY
        print(
            f"  {raters:>10,} raters a day: {peak:,.1f} votes a second;"
            f" pictures {peak * Sitting.pictures * picture * 8 / 1e6:,.1f} Mbit/s;"
            f" {votes * vote / 1e9:,.2f} GB a day into the database;"
            f" sealing {peak * (sealing.web + sealing.database):.2f} cores;"
            f" all reports every {REPORT_EVERY} s: {reports:,.2f} cores"
        )


def print_needs(raters: int, costs: Costs, sitting: Sitting) -> None:
    """Print the cores and connections that so many raters a day need, and how long their votes then take."""
    size, peak = cores_for(raters, costs, sitting), PEAK * raters / 86_400
    connections = CONNECTIONS + size.web * THREADS
    line = f"  {raters:>10,} raters a day: web {size.web:,} cores, database {size.database:,} cores"
    line += f"; {connections:,} connections"
    if raters <= A_DAY[1]:
        length = max(600, math.ceil(400 / peak))
        seen = simulate(costs, size, sitting, seconds=length, arrivals=peak)
        median, p99 = (1e3 * seen.wait(share) for share in (0.5, 0.99))
        line += f"; simulated: web {seen.web:.0%} busy, database {seen.database:.0%},"
        line += f" a vote takes {median:.0f} ms, p99 {p99:.0f} ms"
    print(line)


def main() -> None:
    """Measure, compare, extrapolate."""
    from django.core.management import call_command
    from django.db import connection

    from humaneval.rating.consent import consent_hash

    load = os.getloadavg()[0]
    print(f"{CORES} cores; as many as {load:.2f} programs wanted one in the minute before")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        call_command("collectstatic", interactive=False, verbosity=0)
        study, stimulus = study_of_files(folder)
        print(f"a stimulus rendered ({SIDE} x {SIDE} pixels): {stimulus:.1f} core-milliseconds", flush=True)
        arrival = {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}
        database = connection.settings_dict["NAME"]
        before = stored()
        for processes in (1, 2):
            with serving(database, processes) as server:
                costs = measure(server, arrival, processes)
        sealing = sealing_cost()
        size, votes = (after - then for after, then in zip(stored(), before, strict=True))
        print(
            f"a vote takes {size / votes:,.0f} bytes of the database, sealed, with its assignment, opening,"
            " share of a session and indexes"
        )
        picture, report = picture_bytes(), report_cost()
        seal = f"{1e3 * sealing.web:.3f} core-milliseconds and {1e3 * sealing.database:.3f} of the database"
        print(f"a vote's seal: {seal}")
        print(f"a report of {REPORT_VOTES:,} votes: {report.web:.2f} core-seconds", end=" ")
        print(f"and {report.database:.2f} of the database")
        print(f"a picture: {picture / 1e3:.0f} kB")
        extrapolate(costs, report, sealing, picture, size / votes)
        print(f"a feature (Inception, {SIDE} x {SIDE} pixels): {feature_seconds(folder):.3f} core-seconds")


if __name__ == "__main__":
    unlimited = {"THROTTLE_SESSION": "10000000/min", "THROTTLE_ARRIVAL": "10000000/min"}
    with rows.own_database("postgresql", **unlimited, CONN_MAX_AGE="3600"):
        main()
