"""What a launch would do and cost, and what stands in its way: shown before it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from humaneval.protocols import registry
from humaneval.studies.advising import advice_from_above
from humaneval.studies.design import design_of, problems_of
from humaneval.studies.expectations import Expectation, expect
from humaneval.studies.gold import gold_advice
from humaneval.studies.models import Study
from humaneval.studies.strata import groups_of
from humaneval.studies.strata_rows import strata_in_words, told_apart


@dataclass(frozen=True)
class Checklist:
    """A study looked over before launch; counts are what it asks of raters when nobody drops out."""

    trials: int
    votes: int
    raters: int
    trials_each: int
    """Trials that a rater answers in one session, repeats and gold trials aside."""
    sample_sets: int
    expected: Expectation
    groups: list[str] = field(default_factory=list)
    """From which groups of raters the votes are to come, in sentences; none where anybody is taken."""
    problems: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def checklist_of(study: Study) -> Checklist:
    """Return what the launch of a draft would mean, what keeps it from it, and what to think of before.

    ``raters`` is the least number that can give all votes in one session each: see :func:`least_raters`.
    """
    design = design_of(study)
    problems = problems_of(study, design)
    votes = study.trial_count * study.votes_per_trial
    raters = least_raters(study, study.assignments_per_session)
    return Checklist(
        trials=study.trial_count,
        votes=votes,
        raters=raters,
        trials_each=min(study.assignments_per_session, study.trial_count),
        sample_sets=len(design.conditions),
        expected=expect(study, sessions=raters),
        groups=[told_apart(study.strata), *strata_in_words(study.strata)] if study.strata else [],
        problems=problems,
        advice=[]
        if problems
        else [
            *_telling_address(study),
            *_too_few_raters(study),
            *registry.get(study.protocol).advice(design),
            *gold_advice(study),
            *advice_from_above(study),
        ],
    )


def least_raters(study: Study, trials_each: int) -> int:
    """Return the least number of raters that give all votes, when each votes on so many trials.

    Each group of raters gives its own votes. It has never fewer raters than it gives votes to one trial,
    since nobody votes on a trial twice.
    """
    shares = [group.votes for group in groups_of(study.strata)] or [study.votes_per_trial]
    return sum(max(ceil(study.trial_count * votes / max(trials_each, 1)), votes) for votes in shares)


def _too_few_raters(study: Study) -> list[str]:
    """Return a warning where the raters whom the study takes cannot give all votes.

    It is no problem: the number may be raised while the study runs, as after a first few raters.
    """
    most = study.raters_at_most
    needed = least_raters(study, study.assignments_per_session * study.sessions_per_rater)
    if not most or most >= needed:
        return []
    if most < study.votes_per_trial:
        text = ngettext(
            "The study takes %(most)d rater, and nobody votes on a trial twice: no trial can get its "
            "%(votes)d votes. It needs %(needed)d raters at least: raise “raters at most”, now or while it "
            "runs.",
            "The study takes %(most)d raters, and nobody votes on a trial twice: no trial can get its "
            "%(votes)d votes. It needs %(needed)d raters at least: raise “raters at most”, now or while it "
            "runs.",
            most,
        )
    else:
        text = ngettext(
            "The study takes %(most)d rater and can never be filled: it needs %(needed)d at least. Raise "
            "“raters at most”, now or while it runs.",
            "The study takes %(most)d raters and can never be filled: it needs %(needed)d at least. Raise "
            "“raters at most”, now or while it runs.",
            most,
        )
    return [text % {"most": most, "votes": study.votes_per_trial, "needed": needed}]


def _telling_address(study: Study) -> list[str]:
    """Return a warning where the raters' link names a set that the study compares."""
    names = study.conditions.values_list("sample_set__name", flat=True)
    told = [name for name in names if slugify(name) and f"-{slugify(name)}-" in f"-{study.slug}-"]
    if not told:
        return []
    text = _("Raters read %(sets)s in their link (%(slug)s): change the slug before you launch.")
    return [text % {"sets": ", ".join(f"“{name}”" for name in told), "slug": study.slug}]
