"""What a launch would do and cost, and what stands in its way: shown before it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from django.utils.text import slugify
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.studies.design import design_of, problems_of
from humaneval.studies.gold import gold_advice
from humaneval.studies.models import Study


@dataclass(frozen=True)
class Checklist:
    """A study looked over before launch; counts are what it asks of raters when nobody drops out."""

    trials: int
    votes: int
    raters: int
    sample_sets: int
    problems: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def checklist_of(study: Study) -> Checklist:
    """Return what the launch of a draft would mean, what keeps it from it, and what to think of before.

    ``raters`` is the least number that can give all votes: enough sessions, and never fewer than the
    votes of one trial, since nobody votes on a trial twice.
    """
    design = design_of(study)
    problems = problems_of(study, design)
    votes = study.trial_count * study.votes_per_trial
    return Checklist(
        trials=study.trial_count,
        votes=votes,
        raters=max(ceil(votes / max(study.assignments_per_session, 1)), study.votes_per_trial),
        sample_sets=len(design.conditions),
        problems=problems,
        advice=[]
        if problems
        else [
            *_telling_address(study),
            *registry.get(study.protocol).advice(design),
            *gold_advice(study),
        ],
    )


def _telling_address(study: Study) -> list[str]:
    """Return a warning where the raters' link names a set that the study compares."""
    names = study.conditions.values_list("sample_set__name", flat=True)
    told = [name for name in names if slugify(name) and f"-{slugify(name)}-" in f"-{study.slug}-"]
    if not told:
        return []
    text = _("Raters read %(sets)s in their link (%(slug)s): change the slug before you launch.")
    return [text % {"sets": ", ".join(f"“{name}”" for name in told), "slug": study.slug}]
