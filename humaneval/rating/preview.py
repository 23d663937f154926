"""A study as its raters would see it, for those who make it. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.urls import reverse

from humaneval.protocols import registry
from humaneval.protocols.base import TrialSpec
from humaneval.rating.adapting import preview_parameters
from humaneval.rating.describing import ShownAssignment
from humaneval.rating.screens import lay_out, samples_at_places
from humaneval.samples import stimuli
from humaneval.samples.models import Prompt, Sample
from humaneval.samples.stimuli import Recipe, StimulusReference
from humaneval.studies import design
from humaneval.studies.models import Study

PREVIEWED = 10
"""Trials in a preview."""


def preview_assignments(study: Study, count: int = PREVIEWED) -> list[ShownAssignment]:
    """Return the study's first trials laid out as for a rater.

    Stimuli that are not rendered yet, as in a draft, are at addresses that render them when looked at.
    Raises :class:`~humaneval.studies.design.NotLaunchable` for a draft of which no trials can be made, and
    :class:`~humaneval.samples.stimuli.StimulusError` for one whose images have no common size.
    """
    trials = design.preview_trials(study, count)
    parameters = preview_parameters(study)
    images = _images(study, design.samples_used(trials))
    prompts = _prompts(study, trials)
    return [_lay_out(position, trial, images, prompts, parameters) for position, trial in enumerate(trials)]


def render_preview(study: Study, sample_id: int) -> bytes:
    """Return one of the study's samples as raters will see it, in WebP.

    Raises Sample.DoesNotExist for a sample that is in none of the study's sets.
    """
    sample = Sample.objects.get(pk=sample_id, sample_set__conditions__study=study)
    return stimuli.render_bytes(sample, _recipe(study))


def _recipe(study: Study) -> str:
    """Return the recipe fixed at launch, or for a draft the one that a launch would fix now."""
    return study.recipe or stimuli.choose_recipe(study.conditions.values_list("sample_set_id", flat=True))


def _images(study: Study, samples: set[int]) -> dict[int, StimulusReference]:
    recipe = _recipe(study)
    size = Recipe.parse(recipe)
    to_render = {
        sample: StimulusReference(
            reverse("preview-image", args=[study.slug, sample]), size.width, size.height
        )
        for sample in samples
    }
    return {**to_render, **stimuli.references(samples, recipe)}


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
