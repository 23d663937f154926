"""What processes count as they work, as Prometheus counters and histograms.

Every process counts for itself; the web processes of one server share files (``humaneval.config.gunicorn``),
workers answer for themselves (:mod:`humaneval.monitoring.exporter`). What can be read from the database is
not counted here but asked for when Prometheus looks (:mod:`humaneval.monitoring.standings`), so that it
survives restarts.
"""

from __future__ import annotations

from prometheus_client import Counter, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter(
    "humaneval_http_requests",
    "Requests answered, by route, method and status.",
    ["route", "method", "status"],
)
REQUEST_SECONDS = Histogram(
    "humaneval_http_request_seconds",
    "Time to answer a request. The route rating-assignments is the hand-out, rating-votes the intake.",
    ["route"],
    buckets=SECONDS,
)
VOTES = Counter(
    "humaneval_votes",
    "Votes sent to this process, by what became of them: stored, duplicate, rejected.",
    ["status"],
)
LEASE_EXPIRIES = Counter(
    "humaneval_lease_expiries",
    "Assignments whose lease expired unanswered and whose place went to another rater.",
)
PANEL_CALLS = Counter(
    "humaneval_panel_calls",
    "Calls to panels, by what came of them: done, refused, undecided (asked about again), broke.",
    ["panel", "outcome"],
)
JOBS = Counter(
    "humaneval_jobs_ended", "Jobs that ended in this process, by kind and state.", ["kind", "state"]
)
JOB_SECONDS = Histogram(
    "humaneval_job_seconds",
    "Time from a job's start to its end, in this process.",
    ["kind"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400),
)
