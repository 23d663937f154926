"""What a protocol is: how trials are made, what an answer is, and what it means.

Pure: arrays and dataclasses in and out. A protocol is one module that defines a subclass of
:class:`Protocol`; the registry lists them. Nothing outside these modules branches on a protocol's name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray

from humaneval.protocols import requirements

Kind = Literal["real", "generated"]
Analysis = Literal["rate", "scale", "preference", "ranking", "duplicates"]

TIE, BOTH_GOOD, BOTH_BAD = -1, -2, -3
"""Canonical values of answers that prefer neither slot: all count as ties, and are told apart in exports."""

SIDES = ("left", "right")
"""Names of the answers that are one of two places."""


class SettingsError(ValueError):
    """Settings that a protocol cannot work with; ``errors`` maps a setting to what is wrong with it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in errors.items()))
        self.errors = dict(errors)


class AnswerError(ValueError):
    """An answer that the question does not allow; its message is fit for the client's developer."""


@dataclass(frozen=True)
class ConditionSpec:
    """One sample set of a study as a protocol sees it.

    ``samples`` and ``prompts`` are int64 arrays of one length: sample ids, and the id of each sample's
    prompt or 0 where it has none. ``label`` names the condition in sentences for the researcher.
    """

    id: int
    kind: Kind
    samples: NDArray[np.int64]
    prompts: NDArray[np.int64]
    label: str = ""

    def __str__(self) -> str:
        return self.label or f"condition {self.id}"


@dataclass(frozen=True)
class QuestionSpec:
    """One question: ``points`` and labels matter to scales only."""

    key: str
    text: str
    points: int = 5
    low_label: str = ""
    middle_label: str = ""
    high_label: str = ""


@dataclass(frozen=True)
class PairSpec:
    """Two samples of one condition that lie near each other in one of its batches."""

    condition: int
    batch: int
    first: int
    second: int


@dataclass(frozen=True)
class Design:
    """Everything that trials are made from. The same design gives the same trials.

    What counts is the seed, the settings, and the order of conditions and of their samples: database
    ids only name what was drawn.
    """

    conditions: tuple[ConditionSpec, ...]
    questions: tuple[QuestionSpec, ...]
    trial_count: int
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    pairs: tuple[PairSpec, ...] = ()

    @property
    def real(self) -> tuple[ConditionSpec, ...]:
        """The real conditions, in order."""
        return tuple(c for c in self.conditions if c.kind == "real")

    @property
    def generated(self) -> tuple[ConditionSpec, ...]:
        """The generated conditions, in order."""
        return tuple(c for c in self.conditions if c.kind == "generated")


@dataclass(frozen=True)
class TrialSpec:
    """One trial: ``slots[0]`` holds ``condition``'s samples, ``slots[1]`` (if any) ``other``'s.

    ``turn`` says how far the slots are turned round on screen: place ``p`` shows slot ``p + turn`` modulo
    their number, so that 1 swaps two sides. ``lineup`` names the condition in each slot where there may
    be more than two of them; it is empty otherwise.
    """

    number: int
    condition: int
    slots: tuple[tuple[int, ...], ...]
    other: int | None = None
    prompt: int | None = None
    turn: int = 0
    lineup: tuple[int, ...] = ()


@dataclass(frozen=True)
class PastVote:
    """A session's earlier vote, as the next trial's parameters may depend on it.

    ``correct`` is None where there was no answer; ``spoilt`` says that the stimulus was not shown as asked.
    """

    parameters: Mapping[str, Any]
    correct: bool | None
    spoilt: bool = False


@dataclass(frozen=True)
class Setting:
    """One setting of a protocol, enough to draw a form field and to check a value."""

    name: str
    label: str
    help: str
    default: Any
    kind: Literal["boolean", "integer", "choice"] = "boolean"
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[tuple[str, str], ...] = ()

    def problem(self, value: Any) -> str | None:
        """Return what is wrong with a value, or None."""
        if self.kind == "boolean":
            return None if isinstance(value, bool) else "must be true or false."
        if self.kind == "choice":
            names = [name for name, _ in self.choices]
            return None if value in names else f"must be one of {', '.join(names)}."
        if not is_integer(value):
            return "must be a whole number."
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum}."
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum}."
        return None


CANNOT_TELL = Setting(
    "cannot_tell",
    "Offer “I cannot tell”",
    "Let raters say that they cannot tell, or that an image did not load. Neither is an answer or a tie.",
    False,
)


def is_integer(value: Any) -> TypeGuard[int]:
    """Return whether a value is a whole number; JSON's true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


CHAPTER = 50_000
"""Trials that are drawn and balanced together at least."""

USES = 10
"""Times that a chapter shows each sample of a large study on average at least: evenly, to within one."""


def _chapters(design: Design, *, whole: bool) -> Iterator[tuple[int, Design]]:
    """Yield designs that are together as long as this one, each with the number of its first trial.

    The first one's seed is the design's own, so that a study of one chapter is drawn by that.
    """
    samples = sum(len(condition.samples) for condition in design.conditions)
    size = design.trial_count if whole else max(CHAPTER, USES * samples)
    for chapter, first in enumerate(range(0, design.trial_count, max(1, size))):
        count = min(size, design.trial_count - first)
        yield first, replace(design, trial_count=count, seed=design.seed + (chapter << 32))


class Protocol(ABC):
    """One way of asking."""

    name: str
    """Registry key, and the name of the player's page part in ``frontend/rater/protocols/``."""
    title: str
    summary: str
    """One sentence that helps a researcher choose."""
    analysis: Analysis
    """What its answers are: a rate (yes/no), a scale (1..n), a preference of two, an order, or pairs that are
    the same or not."""
    measure: str
    """What a condition's estimate says, in words for tables and axes."""
    settings: tuple[Setting, ...] = (CANNOT_TELL,)
    default_questions: tuple[QuestionSpec, ...]
    default_instructions: str
    real_sets: tuple[int, int | None]
    """Least and greatest number of real conditions; None: any number."""
    generated_sets: tuple[int, int | None]
    several_questions: bool = False
    uses_scale: bool = False
    """Whether questions have points and labels."""
    names_slots: bool = False
    """Whether an answer is one of the slots (or a tie), so that it has a place on screen."""
    uses_pairs: bool = False
    """Whether its trials are pairs of samples that come with the study as data."""
    knows_answers: bool = False
    """Whether a trial's right answer follows from which of its samples are real: see :meth:`known_answer`."""
    timed: bool = False
    """Whether a trial has parameters, such as an exposure, which its session's earlier votes may set."""

    @property
    def shows_prompts(self) -> bool:
        """Whether its trials may have a prompt, which raters may be shown."""
        return any(setting.name == "show_prompt" for setting in self.settings)

    @property
    def needs_real(self) -> bool:
        """Whether a study needs a real sample set."""
        return self.real_sets[0] > 0

    @property
    def minimum_generated(self) -> int:
        """The least number of generated sample sets."""
        return self.generated_sets[0]

    def checked_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings with defaults filled in; raises :class:`SettingsError`."""
        known = {setting.name: setting for setting in self.settings}
        errors = {
            name: f"{self.title} has no such setting; it has {', '.join(known) or 'none'}."
            for name in settings
            if name not in known
        }
        filled = {name: settings.get(name, setting.default) for name, setting in known.items()}
        for name, value in filled.items():
            if reason := known[name].problem(value):
                errors[name] = reason
        if errors:
            raise SettingsError(errors)
        return filled

    def value(self, settings: Mapping[str, Any], name: str) -> Any:
        """Return one setting's value, its default where it is not set."""
        return settings[name] if name in settings else self._defaults()[name]

    def _defaults(self) -> dict[str, Any]:
        return {setting.name: setting.default for setting in self.settings}

    def problems(self, design: Design) -> list[str]:
        """Return what keeps this design from being launched, each as a sentence that says what to do."""
        try:
            self.checked_settings(design.settings)
        except SettingsError as error:
            return [f"Setting {name}: {reason}" for name, reason in error.errors.items()]
        found = [*requirements.of_sets(self, design), *requirements.of_questions(self, design)]
        return found or self._problems(design)

    def _problems(self, design: Design) -> list[str]:
        """Return the problems only this protocol has; sets and questions are already in order."""
        return []

    def advice(self, design: Design) -> list[str]:
        """Return what a researcher should know of a design without problems before launching it."""
        return []

    def trials(self, design: Design) -> Iterator[TrialSpec]:
        """Yield ``design.trial_count`` trials, numbered from 0, the same ones for the same design.

        The design has no :meth:`problems`. Trials of a large study are drawn chapter by chapter, each
        balanced by itself, so that memory follows from the samples and not from the trials.
        """
        for first, chapter in _chapters(design, whole=self.uses_pairs):
            for trial in self.draw_trials(chapter):
                yield replace(trial, number=first + trial.number) if first else trial

    @abstractmethod
    def draw_trials(self, design: Design) -> Iterator[TrialSpec]:
        """Yield a chapter's trials, numbered from 0, the same ones for the same design."""

    @abstractmethod
    def decode(
        self, question: QuestionSpec, shown: Any, order: Sequence[int], settings: Mapping[str, Any]
    ) -> int:
        """Return the canonical value of an answer given in terms of the screen.

        ``order`` is the slot at each place on screen. Raises :class:`AnswerError` for an answer that
        the question does not allow.
        """

    def known_answer(self, kinds: Sequence[Kind]) -> int | None:
        """Return the right canonical value of a trial whose slots show these kinds, one of each slot.

        None where the kinds are none that this protocol sets together. Only for protocols that know
        (:attr:`knows_answers`).
        """
        return None

    def page(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the player's page part needs to know: never anything that tells real from generated.

        ``show_prompt`` is always there: without it a trial's prompt must not reach the browser. So is
        ``cannot_tell``: whether that is offered. All else is :meth:`page_part`'s.
        """
        offered = bool(self.value(settings, "cannot_tell"))
        return {"show_prompt": False, "cannot_tell": offered, **self.page_part(settings)}

    def page_part(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return what only this protocol's page part needs to know."""
        return {}

    def key_names(self, questions: Sequence[QuestionSpec], settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names of all that a study may set a key for: answers, going on, and not answering."""
        aside = ("cannot_tell", "not_shown") if self.value(settings, "cannot_tell") else ()
        return (*self.answer_names(questions, settings), "next", *aside)

    def answer_names(self, questions: Sequence[QuestionSpec], settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names of the answers that have a key of their own on the rater's page."""
        return ()

    def chance(self, settings: Mapping[str, Any]) -> float | None:
        """Return the rate of :meth:`successes` at which nobody can tell; None where there is none."""
        return None

    def parameters(
        self, *, past: Sequence[PastVote], ahead: int, seed: int, settings: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the parameters of a session's trial, ``ahead`` places after those already voted on.

        ``past`` holds the session's votes in order, repeats aside; ``seed`` is the session's own. The same
        arguments give the same parameters. Only for protocols that are :attr:`timed`.
        """
        return {}

    def look_ahead(self, settings: Mapping[str, Any]) -> int | None:
        """Return how many unanswered trials may have parameters at a time; None: any number."""
        return None

    def gives_feedback(self, settings: Mapping[str, Any]) -> bool:
        """Return whether a rater learns after each vote whether it was right."""
        return False

    def is_spoilt(self, timings: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
        """Return whether a vote's stimulus was not shown as its parameters asked.

        Raises :class:`~humaneval.protocols.exposures.ExposureError` where the timings do not say.
        """
        return False

    def replaces_spoilt(self, settings: Mapping[str, Any]) -> bool:
        """Return whether a spoilt vote's place in the study is given to another rater."""
        return False

    def ordered_slots(self, value: int, count: int, settings: Mapping[str, Any]) -> tuple[int, ...]:
        """Return slots from best to worst that a ranking's value stands for, of ``count``; for rankings."""
        raise TypeError(f"{self.title} has no order.")

    def value_range(self, points: int, settings: Mapping[str, Any]) -> tuple[int, int]:
        """Return the least and the greatest answer to a question of so many points, for scales."""
        raise TypeError(f"{self.title} has no scale.")

    def successes(self, values: NDArray[np.int64], is_real: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which answers count towards the rate that :attr:`measure` names.

        ``values`` are canonical, ``is_real`` says whether the condition judged is a real one. Raises
        TypeError where the answers are not rates.
        """
        raise TypeError(f"{self.title} does not ask yes or no: its answers have no successes.")

    def errors(self, values: NDArray[np.int64], is_real: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which answers were wrong about what is real, as HYPE counts them (Zhou et al. 2019)."""
        return self.successes(values, is_real)
