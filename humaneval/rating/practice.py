"""Practice: trials before the first that counts, each with its truth once it is answered, and no vote.

Its answers are kept with the session, so that a reload goes on where it stopped. Nothing of it is a vote:
no estimate can count it, by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.protocols.base import AnswerError, QuestionSpec
from humaneval.rating.adapting import preview_parameters
from humaneval.rating.describing import Images, ShownAssignment
from humaneval.rating.models import Session
from humaneval.rating.refusals import Refusal
from humaneval.rating.screens import Screen, lay_out, samples_at_places
from humaneval.rating.sessions import lock_session
from humaneval.samples import stimuli
from humaneval.studies.design import question_specs
from humaneval.studies.examples import PracticeTrial
from humaneval.studies.flow import why_of
from humaneval.studies.models import Study

LARGEST_VALUE = 100
"""The largest number that is an answer: a slider's end."""

WORDS = ("real", "fake", "same", "different", "tie", "both_good", "both_bad")
"""Answers in terms of the screen that are words, of any protocol."""


@dataclass(frozen=True)
class Truth:
    """What is right, by question in terms of the screen, and the study's explanation."""

    right: dict[str, list[Any]]
    why: str


@dataclass(frozen=True)
class PracticeVerdict:
    """Whether an answer was right, what would have been, and why."""

    correct: bool
    right: dict[str, list[Any]]
    why: str


def practice_left(session: Session) -> list[int]:
    """Return the numbers of the practice trials that the session has not answered, in order."""
    done = {row["trial"] for row in session.practice}
    return [number for number in range(len(session.study.practice)) if number not in done]


def show_practice(
    study: Study, trials: list[PracticeTrial], numbers: Iterable[int], images: Images | None = None
) -> list[ShownAssignment]:
    """Return practice trials as raters see them, in one query; their ids are their numbers."""
    wanted = {sample for trial in trials for slot in trial.slots for sample in slot}
    shown = stimuli.references(sorted(wanted), study.recipe) if images is None else images(wanted)
    shows_prompt = registry.get(study.protocol).page(study.settings)["show_prompt"]
    return [
        ShownAssignment(
            id=UUID(int=number),
            position=place,
            prompt=trials[number].prompt if shows_prompt else None,
            places=[
                [shown[sample] for sample in cell]
                for cell in samples_at_places(trials[number].slots, _screen(study, trials[number], number))
            ],
            parameters=preview_parameters(study),
        )
        for place, number in enumerate(numbers)
    ]


def practice_of(session: Session) -> list[ShownAssignment]:
    """Return the practice trials that the session has still to answer."""
    study = session.study
    return show_practice(study, [PracticeTrial.read(row) for row in study.practice], practice_left(session))


def answer_practice(*, session_id: int, number: int, answers: Mapping[str, Any]) -> PracticeVerdict:
    """Keep the session's first answer to a practice trial and say whether it was right.

    Raises :class:`Refusal` (``practice_unknown``, ``practice_unanswered``).
    """
    with transaction.atomic():
        session = lock_session(session_id)
        rows = session.study.practice
        if not 0 <= number < len(rows):
            raise Refusal("practice_unknown", _("There is no such practice trial."))
        verdict = judge_practice(
            session.study, PracticeTrial.read(rows[number]), number, answers, session.language
        )
        if number in practice_left(session):
            session.practice = [
                *session.practice,
                {"trial": number, "answers": dict(answers), "correct": verdict.correct},
            ]
            session.save(update_fields=["practice"])
    return verdict


def judge_practice(
    study: Study, trial: PracticeTrial, number: int, answers: Mapping[str, Any], language: str
) -> PracticeVerdict:
    """Return the verdict on answers in terms of the screen; none at all, as of who cannot tell, are wrong.

    Raises :class:`Refusal` (``practice_unanswered``) for what is no answer.
    """
    truth = truth_of(study, trial, number, language)
    protocol, order = registry.get(study.protocol), _screen(study, trial, number).order
    correct = bool(answers)
    for question in question_specs(study) if answers else ():
        try:
            value = protocol.decode(question, answers.get(question.key), order, study.settings)
        except AnswerError as error:
            raise Refusal("practice_unanswered", str(error)) from error
        correct = correct and value in trial.right[question.key]
    return PracticeVerdict(correct, truth.right, truth.why)


def truth_of(study: Study, trial: PracticeTrial, number: int, language: str) -> Truth:
    """Return what is right about a practice trial, in terms of the screen."""
    protocol, order = registry.get(study.protocol), _screen(study, trial, number).order
    right = {
        question.key: shown_right(protocol.decode, question, order, study.settings, trial.right[question.key])
        for question in question_specs(study)
    }
    return Truth(right, why_of(study.flow, trial.example, language))


def _screen(study: Study, trial: PracticeTrial, number: int) -> Screen:
    """Return the screen: written examples turn with their number, so that the right side changes."""
    turn = trial.turn if trial.example is None else trial.example
    return lay_out(trial.slots, turn=turn, seed=study.seed + number)


def shown_right(
    decode: Callable[..., int],
    question: QuestionSpec,
    order: list[int],
    settings: Mapping[str, Any],
    accepted: list[int],
) -> list[Any]:
    """Return the answers in terms of the screen that mean one of the accepted values."""
    places = range(len(order))
    orders = chain(permutations(places, 2), permutations(places) if len(order) > 2 else ())
    candidates = chain(range(LARGEST_VALUE + 1), WORDS, map(list, orders))

    def is_right(shown: Any) -> bool:
        try:
            return decode(question, shown, order, settings) in accepted
        except AnswerError:
            return False

    return [shown for shown in candidates if is_right(shown)]
