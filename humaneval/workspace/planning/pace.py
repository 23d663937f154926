"""How long raters are taken to need for a study's trials, until its own votes tell."""

from __future__ import annotations

from django.utils.text import format_lazy

from humaneval.studies.expectations import Pace
from humaneval.studies.models import Study
from humaneval.workspace.planning.assumptions import ASSUMED, COMMON, FURTHER_QUESTIONS, TIME_SOURCE


def pace_of(study: Study) -> Pace | None:
    """Return what the planner assumes of a study's protocol; None for one that it does not know.

    The planner's seconds are those of a trial with one question; each further one is taken to need as long.
    """
    assumed = ASSUMED.get(study.protocol)
    if assumed is None:
        return None
    questions = max(study.questions.count(), 1)
    source = TIME_SOURCE if questions == 1 else format_lazy("{} {}", TIME_SOURCE, FURTHER_QUESTIONS)
    seconds = float(assumed.defaults["seconds"]) * questions
    return Pace(seconds, float(COMMON["besides"]), source, questions)
