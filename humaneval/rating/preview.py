"""A study as its raters would see it, for those who make it. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from django.db.models import Q
from django.urls import reverse

from humaneval.protocols import registry
from humaneval.protocols.base import TrialSpec
from humaneval.rating.adapting import preview_parameters
from humaneval.rating.describing import ShownAssignment, ShownStudy, describe_study
from humaneval.rating.practice import Truth, show_practice, truth_of
from humaneval.rating.screens import lay_out, samples_at_places
from humaneval.samples import stimuli
from humaneval.samples.models import Prompt, Sample
from humaneval.samples.stimuli import Recipe, StimulusReference
from humaneval.studies import design
from humaneval.studies.examples import PracticeTrial, find_samples, plan_extras
from humaneval.studies.flow import complete_flow
from humaneval.studies.models import Study, StudyState

PREVIEWED = 10
"""Trials in a preview."""


@dataclass(frozen=True)
class PreviewedPractice:
    """Practice trials as raters see them, and the truth of each by its id."""

    trials: list[ShownAssignment]
    truths: dict[str, Truth]


def preview_practice(study: Study, language: str = "") -> PreviewedPractice:
    """Return a study's practice trials: of a draft as a launch might draw them.

    Raises what :func:`preview_assignments` raises.
    """
    rows = [PracticeTrial.read(row) for row in study.practice]
    if study.state == StudyState.DRAFT:
        plan = design.design_of(study)
        rows = plan_extras(study, plan, ()).practice
    shown = show_practice(study, rows, range(len(rows)), partial(_images, study))
    truths = {
        str(assignment.id): truth_of(study, rows[number], number, language)
        for number, assignment in enumerate(shown)
    }
    return PreviewedPractice(shown, truths)


def preview_study(study: Study, language: str = "") -> ShownStudy:
    """Return what raters are told of a study, its pictures rendered when looked at."""
    return describe_study(study, language, partial(_images, study))


def preview_assignments(study: Study, count: int = PREVIEWED, first: int = 0) -> list[ShownAssignment]:
    """Return some of the study's trials, from the ``first`` on, laid out as for a rater.

    Stimuli that are not rendered yet, as in a draft, are at addresses that render them when looked at.
    Raises :class:`~humaneval.studies.design.NotLaunchable` for a draft of which no trials can be made, and
    :class:`~humaneval.samples.stimuli.StimulusError` for one whose images have no common size.
    """
    trials = design.preview_trials(study, count, first)
    parameters = preview_parameters(study)
    images = _images(study, design.samples_used(trials))
    prompts = _prompts(study, trials)
    return [_lay_out(position, trial, images, prompts, parameters) for position, trial in enumerate(trials)]


def render_preview(study: Study, sample_id: int) -> bytes:
    """Return one of the study's samples as raters will see it, in WebP.

    Raises Sample.DoesNotExist for a sample that the study does not show.
    """
    shown = Q(sample_set__conditions__study=study)
    sample = Sample.objects.filter(shown | Q(pk__in=_beside(study))).distinct().get(pk=sample_id)
    return stimuli.render_bytes(sample, _recipe(study))


def _beside(study: Study) -> set[int]:
    """Return the ids of samples that the flow names, which may be of other sets."""
    flow = complete_flow(study.flow)
    named = [picture["image"] for picture in flow["pictures"]]
    for example in flow["practice"]["examples"]:
        named += [name for place in example["places"] for name in place]
    return set(find_samples(named, study).values())


def _recipe(study: Study) -> str:
    """Return the recipe fixed at launch, or for a draft the one that a launch would fix now."""
    return study.recipe or stimuli.choose_recipe(study.conditions.values_list("sample_set_id", flat=True))


def _images(study: Study, samples: Iterable[int]) -> dict[int, StimulusReference]:
    recipe, wanted = _recipe(study), set(samples)
    size = Recipe.parse(recipe)
    to_render = {
        sample: StimulusReference(
            reverse("preview-image", args=[study.slug, sample]), size.width, size.height
        )
        for sample in wanted
    }
    return {**to_render, **stimuli.references(wanted, recipe)}


def _prompts(study: Study, trials: Iterable[TrialSpec]) -> dict[int, str]:
    """Return the prompts' texts by id; none where the study does not show them."""
    if not registry.get(study.protocol).page(study.settings)["show_prompt"]:
        return {}
    shown = {trial.prompt for trial in trials if trial.prompt is not None}
    return dict(Prompt.objects.filter(pk__in=shown).values_list("pk", "text"))


def _lay_out(
    position: int,
    trial: TrialSpec,
    images: dict[int, StimulusReference],
    prompts: dict[int, str],
    parameters: dict[str, Any],
) -> ShownAssignment:
    screen = lay_out(trial.slots, turn=trial.turn, seed=trial.number)
    return ShownAssignment(
        id=uuid4(),
        position=position,
        prompt=prompts.get(trial.prompt) if trial.prompt is not None else None,
        places=[[images[sample] for sample in place] for place in samples_at_places(trial.slots, screen)],
        parameters=parameters,
    )
