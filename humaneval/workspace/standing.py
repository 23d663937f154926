"""How a study stands, in numbers: what `humaneval status` and the API say."""

from __future__ import annotations

from typing import Any

from humaneval.rating.live import live_state
from humaneval.studies import links
from humaneval.studies.leakage import leak_check
from humaneval.studies.models import Study, StudyState


def standing_of(study: Study) -> dict[str, Any]:
    """Return a study's state, progress and votes by condition, as JSON."""
    job, live = study.launch_job, live_state(study)
    conditions = study.conditions.select_related("sample_set")
    return {
        "study": study.slug,
        "name": study.name,
        "protocol": study.protocol,
        "state": study.state,
        "launch": job.progress_text if job and study.state == StudyState.LAUNCHING else "",
        "launch_error": study.launch_error,
        "rater_url": links.rater_url(study),
        "votes_wanted": live.wanted,
        "votes": live.given.votes,
        "late": live.given.late,
        "repeats": live.given.repeats,
        "withdrawn": live.withdrawn,
        "raters_active": live.active,
        "raters_gone": live.abandoned,
        "raters_done": live.completed,
        "median_response_ms": live.median_response_ms,
        "votes_by_condition": {str(row): live.given.by_condition.get(row.pk, 0) for row in conditions},
        "warnings": leak_check(study).warnings,
    }
