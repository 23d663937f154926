"""A report over 1,000,000 votes, on PostgreSQL (TEST_POSTGRES_URL) and SQLite; 30 s and 2 GB are the limits.

Votes of 5,000 raters on 100,000 trials, under three versions of exclusion rules, with a score of each set and
of each sample. Reading, building and drawing the page happen in a process of their own, whose seconds, all
three together, and peak memory are what is told. With less:
`python -m tests.benchmarks.report_million sqlite pairwise 100000`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from tests.benchmarks import rating_rows as rows
from tests.benchmarks.rating_growth import peak_mb

VOTES, EACH, VOTES_PER_TRIAL = 1_000_000, 200, 10
PROTOCOLS = ("two_afc", "pairwise", "likert", "ranking", "timed_real_or_fake")
CORES = {0, 1}
_DRAWN = "((v.id * 48271 + {salt}) %% 2147483647) %% 1000"
"""A number from 0 to 999 that looks drawn by lot, for each vote."""
_SETS = {"pairwise": 4, "ranking": 5, "timed_real_or_fake": 1}
"""Generated sets; of other protocols as many as studies of benchmarks usually have."""
_ANSWERS = {
    "two_afc": "CASE WHEN {drawn} < 350 + 100 * (t.condition_id %% 3) THEN 0 ELSE 1 END",
    "pairwise": "CASE WHEN {drawn} < 450 THEN 0 WHEN {drawn} < 800 THEN 1 ELSE -1 END",
    "likert": "1 + ({drawn} + 200 * (t.condition_id %% 3)) / 300",
    "ranking": "({drawn} + 5 * (t.condition_id %% 3)) %% 24",
    "timed_real_or_fake": "CASE WHEN {drawn} < 350 + 100 * (t.condition_id %% 3) THEN 0 ELSE 1 END",
}


def make(protocol: str, votes: int) -> Any:
    """Return a study with so many votes, and rules declared for them."""
    from humaneval.rating import exclusions
    from humaneval.rating.models import RuleSet

    sets = {"generated": _SETS[protocol]} if protocol in _SETS else {}
    study = rows.launch(votes // VOTES_PER_TRIAL, protocol=protocol, assignments_per_session=EACH, **sets)
    fill(study, votes)
    whole = exclusions.default_rules()
    some = {name: whole[name] for name in ("late", "too_fast")}
    for version, (name, rules) in enumerate(
        [("Declared", some), ("Strict", whole), ("Late", {"late": {}})], 1
    ):
        RuleSet.objects.create(
            study=study, version=version, name=name, rules=rules, before_launch=version == 1
        )
    score(study)
    return study


def score(study: Any) -> None:
    """Give each generated set a score, with a value for each of its samples."""
    import numpy as np
    from safetensors.numpy import save

    from humaneval.scoring import stored
    from humaneval.scoring.models import SampleScores
    from tests.reports.studies import add_scores

    conditions = study.conditions.filter(sample_set__kind="generated").order_by("pk")
    for place, condition in enumerate(conditions):  # labels may be empty, and are how scores find their sets
        condition.label = condition.label or f"model {place}"
        study.conditions.filter(pk=condition.pk).update(label=condition.label)
    run = add_scores(study, "rarity", {one.label: float(place) for place, one in enumerate(conditions)})
    for one in run.scores.select_related("sample_set"):
        ids = np.array(one.sample_set.samples.order_by("pk").values_list("pk", flat=True))
        values = np.random.default_rng(one.pk).normal(size=len(ids))
        file = stored.store_bytes(f"scores/{one.pk}.safetensors", save({"sample_ids": ids, "values": values}))
        SampleScores.objects.create(score=one, name="rarity", file=file)


def fill(study: Any, votes: int) -> None:
    """Give a study votes and answers, session after session; the database writes them itself."""
    from django.db import connection, transaction
    from django.utils import timezone

    raters = rows.open_sessions(study, votes // EACH)
    first_trial = study.trials.order_by("number").values_list("pk", flat=True)[0]
    numbers, uuid = rows.NUMBERS[connection.vendor], rows.UUID[connection.vendor]
    moment = connection.ops.adapt_datetimefield_value(timezone.now())
    drawn = _DRAWN.format(salt=0)
    json = "jsonb" if connection.vendor == "postgresql" else "text"
    order = _ORDER if study.protocol == "ranking" else "CASE WHEN n %% 3 = 0 THEN '[1, 0]' ELSE '[0, 1]' END"
    timed = study.protocol == "timed_real_or_fake"
    timings = SHOWN if timed else TIMINGS
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rating_assignment (id, session_id, trial_id, opening_id, position,"
            ' "order", cells, parameters, is_repeat, lease_until, lapsed, created_at)'
            f" SELECT {uuid}, %s + n / %s, %s + n %% %s, NULL, n %% %s, CAST({order} AS {json}), '[]',"
            f" CAST(%s AS {json}), %s, %s, %s, %s FROM ({numbers}) AS numbers",
            [raters[0].pk, EACH, first_trial, study.trial_count, EACH, EXPOSURE if timed else "{}",
             False, moment, False, moment, votes - 1],
        )  # fmt: skip
        cursor.execute(
            "INSERT INTO rating_vote (assignment_id, key, outcome, late, spoilt, response_ms, timings,"
            f" received_at) SELECT id, {uuid}, 'answered', position %% 50 = 7, %s,"
            f" 400 + (position * 7919 + session_id * 104729) %% 2000, CAST({timings} AS {json}), %s"
            " FROM rating_assignment WHERE session_id BETWEEN %s AND %s",
            [False, moment, raters[0].pk, raters[-1].pk],
        )
        for salt, question in enumerate(study.questions.values_list("pk", flat=True)):
            value = _ANSWERS[study.protocol].format(drawn=drawn.replace("+ 0", f"+ {salt}"))
            cursor.execute(
                f"INSERT INTO rating_answer (vote_id, question_id, value) SELECT v.id, %s, {value}"
                " FROM rating_vote v JOIN rating_assignment a ON a.id = v.assignment_id"
                " JOIN studies_trial t ON t.id = a.trial_id WHERE t.study_id = %s",
                [question, study.pk],
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


_ORDER = "CASE WHEN n %% 3 = 0 THEN '[3, 1, 0, 2]' ELSE '[0, 1, 2, 3]' END"
EXPOSURE = '{"exposure_ms": 300, "block": 0}'
SHOWN = (
    """'{"frames": ' || (6 + 6 * (position %% 5)) || ', "frame_ms": 16.667, "dropped": 0, "hidden_ms": 0}'"""
)
TIMINGS = """'{"shown_at": 1, "viewport": [1280, 720], "hidden_ms": 0, "input": "keyboard"}'"""


def build(study_id: int) -> None:
    """Build a study's report on two cores and print what that took."""
    from humaneval.reports.loading import load_material
    from humaneval.reports.pages import render_standalone
    from humaneval.reports.report import build_report
    from humaneval.studies.models import Study

    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > len(CORES):
        os.sched_setaffinity(0, CORES)
    before, started = peak_mb(), time.perf_counter()
    material = load_material(Study.objects.get(pk=study_id))
    read = time.perf_counter()
    report = build_report(material, built_at="2026-01-01T00:00:00+00:00")
    built = time.perf_counter()
    page = render_standalone(report)
    drawn = time.perf_counter()
    protocol = report.study.protocol_title
    print(
        f"    {protocol}: {report.votes.total:,} votes of {report.raters.total:,} raters in"
        f" {drawn - started:.1f} s (read {read - started:.1f}, built {built - read:.1f}, page of"
        f" {len(page) / 1e6:.1f} MB drawn {drawn - built:.1f}; {time.process_time():.1f} s of a core),"
        f" peak {peak_mb():.0f} MB (before {before:.0f}), {len(report.samples)} scores by sample",
        flush=True,
    )


def measure(vendor: str, protocols: tuple[str, ...], votes: int) -> None:
    """Print the cost of reports in a database of that kind."""
    print(f"  {rows.VENDORS[vendor]}:", flush=True)
    for protocol in protocols:
        study = make(protocol, votes)
        command = [sys.executable, "-m", "tests.benchmarks.report_million", "build", str(study.pk)]
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run(command, check=True, env=kept)


if __name__ == "__main__":
    if sys.argv[1:2] == ["build"]:
        import django

        django.setup()
        build(int(sys.argv[2]))
    elif len(sys.argv) > 1:
        wanted = tuple(sys.argv[2].split(",")) if len(sys.argv) > 2 else PROTOCOLS
        with rows.own_database(sys.argv[1]):
            measure(sys.argv[1], wanted, int(sys.argv[3]) if len(sys.argv) > 3 else VOTES)
    else:
        rows.for_each_vendor("tests.benchmarks.report_million")
