"""Whether a report still says what the votes and scores say: a fingerprint of all it is made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from django.db.models import Count, Max, Q

from humaneval.rating.models import Session, SessionState, Vote
from humaneval.reports.loading import load_records
from humaneval.reports.results import FORMAT
from humaneval.reports.scores import failed_runs, scores_of
from humaneval.reports.version import code_version
from humaneval.studies.models import Study


@dataclass(frozen=True)
class Basis:
    """What a report rests on at one moment; ``fingerprint`` changes when any of it does."""

    vote_count: int
    last_vote: int
    last_score: int
    fingerprint: str


def current_basis(study: Study) -> Basis:
    """Return what a report built now would rest on. Costs a handful of queries, and no vote is read."""
    votes = Vote.objects.filter(assignment__session__study=study).aggregate(n=Count("id"), last=Max("id"))
    scores = scores_of(study).aggregate(last=Max("id"))
    failures = failed_runs(study).prefetch_related(None).values_list("id", "job__finished_at")
    parts = [
        FORMAT,
        code_version(),
        votes,
        scores,
        [(run, str(finished)) for run, finished in failures],
        _raters(study),
        load_records(study),
    ]
    digest = hashlib.sha256(json.dumps(parts, default=asdict).encode()).hexdigest()
    return Basis(votes["n"], votes["last"] or 0, scores["last"] or 0, digest)


def _raters(study: Study) -> dict[str, int]:
    """Return how many sittings may lose their votes to a rule, or be marked, for what became of the rater."""
    return Session.objects.filter(study=study).aggregate(
        screened_out=Count("pk", filter=Q(state=SessionState.SCREENED_OUT)),
        simulated=Count("pk", filter=Q(rater__simulated=True)),
    )
