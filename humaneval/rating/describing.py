"""What raters are told of a study and shown of its trials: never anything that tells real from generated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from humaneval.protocols import registry
from humaneval.rating.history import Handed
from humaneval.rating.screens import Screen, samples_at_places
from humaneval.samples import pictures as uploads
from humaneval.samples import stimuli
from humaneval.samples.stimuli import StimulusReference
from humaneval.studies.examples import find_samples
from humaneval.studies.flow import QUESTION_WORDS, shown_flow, words_in
from humaneval.studies.models import Question, Study, Trial


@dataclass(frozen=True)
class ShownQuestion:
    """A question as raters read it."""

    key: str
    text: str
    points: int
    low_label: str
    middle_label: str
    high_label: str


@dataclass(frozen=True)
class ShownPicture:
    """A picture in the instructions."""

    image: StimulusReference
    caption: str


@dataclass(frozen=True)
class ShownStudy:
    """A study as raters see it; ``page`` is what the protocol tells its part of the page."""

    slug: str
    state: str
    title: str
    instructions: str
    thanks: str
    protocol: str
    page: dict[str, Any]
    questions: list[ShownQuestion]
    display_width: int
    flow: dict[str, Any]
    pictures: list[ShownPicture]


@dataclass(frozen=True)
class ShownAssignment:
    """An assignment as raters see it: at each place one image, or the images of a grid in order.

    ``parameters`` are those of a timed trial, None while they wait for the votes before it.
    """

    id: UUID
    position: int
    prompt: str | None
    places: list[list[StimulusReference]]
    parameters: dict[str, Any] | None = field(default_factory=dict)


Images = Callable[[Iterable[int]], Mapping[int, StimulusReference]]
"""Where the images of samples are, by their ids."""


def describe_study(study: Study, language: str = "", images: Images | None = None) -> ShownStudy:
    """Return what raters are told of a study, in a language it has: one query, for its questions.

    Two more where its instructions have pictures; ``images`` says where these are, by default its stimuli.
    """
    protocol, words = registry.get(study.protocol), words_in(study.flow, language)
    flow = shown_flow(study.flow, language)
    return ShownStudy(
        slug=study.slug,
        state=study.state,
        title=words.get("title", study.title),
        instructions=words.get("instructions", study.instructions) or protocol.default_instructions,
        thanks=words.get("thanks", study.thanks_text),
        protocol=protocol.name,
        page=protocol.page(study.settings),
        questions=[
            _shown_question(question, words.get("questions", {}).get(question.key, {}))
            for question in study.questions.all()
        ],
        display_width=study.display_width,
        flow=flow,
        pictures=_pictures(study, flow.pop("pictures"), images),
    )


def _pictures(study: Study, pictures: list[dict[str, str]], images: Images | None) -> list[ShownPicture]:
    """Return the pictures that there are: two queries where the study has any, else none.

    One more where any of them was uploaded.
    """
    found = find_samples((picture["image"] for picture in pictures), study)
    shown = (
        dict((images or partial(stimuli.references, recipe=study.recipe))(found.values())) if found else {}
    )
    if any(map(uploads.is_picture, found)):
        shown |= uploads.references(found.values())
    return [
        ShownPicture(shown[found[picture["image"]]], picture["caption"])
        for picture in pictures
        if found.get(picture["image"]) in shown
    ]


def _shown_question(question: Question, words: Mapping[str, str]) -> ShownQuestion:
    texts = {name: words.get(name, getattr(question, name)) for name in QUESTION_WORDS}
    return ShownQuestion(key=question.key, points=question.points, **texts)


def describe_assignments(study: Study, handed: Iterable[Handed]) -> list[ShownAssignment]:
    """Return assignments as raters see them: two queries however many they are."""
    rows = list(handed)
    trials = {trial.pk: trial for trial in _trials({row.trial_id for row in rows})}
    placed = {
        row.id: samples_at_places(trials[row.trial_id].slots, Screen(row.order, row.cells)) for row in rows
    }
    wanted = {sample for places in placed.values() for place in places for sample in place}
    references = stimuli.references(sorted(wanted), study.recipe) if wanted else {}
    shows_prompt = registry.get(study.protocol).page(study.settings)["show_prompt"]
    return [
        ShownAssignment(
            id=row.id,
            position=row.position,
            prompt=_prompt(trials[row.trial_id]) if shows_prompt else None,
            places=[[references[sample] for sample in place] for place in placed[row.id]],
            parameters=row.parameters,
        )
        for row in rows
    ]


def _trials(ids: set[int]) -> Iterable[Trial]:
    return Trial.objects.filter(pk__in=ids).select_related("prompt") if ids else ()


def _prompt(trial: Trial) -> str | None:
    return trial.prompt.text if trial.prompt else None
