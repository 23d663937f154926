"""The demo's studies, made by the same code as the admin's form uses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import User

from humaneval.protocols.base import QuestionSpec
from humaneval.samples.models import SampleSet
from humaneval.studies.authoring import StudyFields, create_study
from humaneval.studies.lifecycle import launch
from humaneval.studies.models import Study

SEED = 2026
DISPLAY_WIDTH = 196
"""Digits of 28 pixels at seven times their size."""
GRID_DISPLAY_WIDTH = 84
FOR_PEOPLE = 3
"""Votes on each trial that simulated raters leave to whoever opens the link."""


@dataclass(frozen=True)
class Plan:
    """One study of the demo; its simulated raters give every trial ``simulated_votes`` votes."""

    slug: str
    name: str
    protocol: str
    trial_count: int
    simulated_votes: int
    assignments_per_session: int
    with_real: bool = True
    display_width: int = DISPLAY_WIDTH
    settings: Mapping[str, Any] = field(default_factory=dict)
    questions: tuple[QuestionSpec, ...] | None = None
    instructions: str | None = None

    def scaled(self, effort: float) -> Plan:
        """Return the plan with that share of its trials, at least one session's worth."""
        return replace(self, trial_count=max(self.assignments_per_session, round(self.trial_count * effort)))

    @property
    def raters(self) -> int:
        """How many simulated raters it takes."""
        return math.ceil(self.trial_count * self.simulated_votes / self.assignments_per_session)


PLANS = (
    Plan(
        slug="which-is-real",
        name="Which digit is real?",
        protocol="two_afc",
        trial_count=240,
        simulated_votes=5,
        assignments_per_session=40,
        instructions=(
            "Two handwritten digits are shown. One was written by a person, one was drawn by a computer "
            "program. Choose the one that a person wrote."
        ),
    ),
    Plan(
        slug="realism",
        name="Realism of one digit",
        protocol="likert",
        trial_count=210,
        simulated_votes=4,
        assignments_per_session=35,
        questions=(
            QuestionSpec(
                key="realism",
                text="How much does this look like a digit written by a person?",
                low_label="Not at all",
                middle_label="Somewhat",
                high_label="Completely",
            ),
        ),
    ),
    Plan(
        slug="diversity",
        name="Diversity of a grid of digits",
        protocol="likert",
        trial_count=105,
        simulated_votes=5,
        assignments_per_session=25,
        display_width=GRID_DISPLAY_WIDTH,
        settings={"grid_size": 16},
        questions=(
            QuestionSpec(
                key="diversity",
                text="How different from each other are these sixteen digits?",
                low_label="All the same",
                middle_label="Some repeat",
                high_label="All different",
            ),
        ),
        instructions=(
            "Sixteen handwritten digits are shown. Say how varied they are: do you see many different "
            "digits and many different hands, or the same ones again and again?"
        ),
    ),
    Plan(
        slug="which-is-better",
        name="Which digit is better?",
        protocol="pairwise",
        trial_count=240,
        simulated_votes=4,
        assignments_per_session=40,
        with_real=False,
        settings={"allow_tie": True},
        instructions=(
            "Above two images you read which digit was asked for. Choose the image that is the better "
            "picture of it, written as a person would write it. If neither is better, say so."
        ),
    ),
)


def make_study(plan: Plan, sets: Mapping[str, SampleSet], owner: User) -> Study:
    """Return the plan's study, made and launching unless it is there already."""
    found = Study.objects.filter(slug=plan.slug).first()
    if found is not None:
        return found
    fields: StudyFields = {
        "slug": plan.slug,
        "seed": SEED,
        "trial_count": plan.trial_count,
        "votes_per_trial": plan.simulated_votes + FOR_PEOPLE,
        "assignments_per_session": plan.assignments_per_session,
        "repeats_per_session": 2,
        "display_width": plan.display_width,
        "title": plan.name,
    }
    if plan.instructions is not None:
        fields["instructions"] = plan.instructions
    study = create_study(
        name=plan.name,
        protocol=plan.protocol,
        conditions=[each for slug, each in sets.items() if plan.with_real or slug != "real"],
        questions=plan.questions,
        settings=plan.settings,
        owner=owner,
        **fields,
    )
    return launch(study, owner)
