"""Whether a report still says what the votes and scores say: a fingerprint of all it is made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from django.db.models import Count, Max

from humaneval.rating.models import Vote
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
        [study.name, study.state, study.protocol, str(study.created_at)],
        list(study.conditions.values_list("id", "label", "sample_set__name")),
        list(study.questions.values_list("key", "text")),
        list(study.rule_sets.values_list("version", "name", "rules", "before_launch")),
    ]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return Basis(votes["n"], votes["last"] or 0, scores["last"] or 0, digest)
