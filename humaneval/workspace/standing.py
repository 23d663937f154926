"""How a study stands, in numbers: what `humaneval status` and the API say."""

from __future__ import annotations

from typing import Any

from humaneval.jobs.attendance import nobody_for
from humaneval.rating.live import live_state
from humaneval.studies import links
from humaneval.studies.checklist import checklist_of
from humaneval.studies.leakage import leak_check
from humaneval.studies.models import Study, StudyState


def standing_of(study: Study) -> dict[str, Any]:
    """Return a study's state, progress and votes by condition, as JSON.

    ``votes_counting`` are those of ``votes`` that fill trials: no repeats, gold trials or missing answers.
    ``raters_unasked`` came when no trial was left for them; they are not among ``raters_done``. ``waiting``
    says that no worker is there to launch it, and what to do. ``warnings`` are of leaks, and of a draft also
    what its launch page advises.
    """
    job, live = study.launch_job, live_state(study)
    advice = checklist_of(study).advice if study.state == StudyState.DRAFT else []
    conditions = study.conditions.select_related("sample_set")
    return {
        "study": study.slug,
        "name": study.name,
        "protocol": study.protocol,
        "state": study.state,
        "waiting": nobody_for(job),
        "launch": job.progress_text if job and study.state == StudyState.LAUNCHING else "",
        "launch_error": study.launch_error,
        "rater_url": links.rater_url(study),
        "votes_wanted": live.wanted,
        "votes": live.given.votes,
        "votes_counting": live.given.counting,
        "late": live.given.late,
        "repeats": live.given.repeats,
        "withdrawn": live.withdrawn,
        "raters_active": live.active,
        "raters_gone": live.abandoned,
        "raters_done": live.completed,
        "raters_unasked": live.unasked,
        "median_response_ms": live.median_response_ms,
        "votes_by_condition": {str(row): live.given.by_condition.get(row.pk, 0) for row in conditions},
        "warnings": [*advice, *leak_check(study).warnings],
    }
