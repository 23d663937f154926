"""What every protocol asks of a design: enough sets of the right kinds, and usable questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from humaneval.protocols.base import ConditionSpec, Design, Protocol, QuestionSpec

FEWEST_POINTS, MOST_POINTS = 2, 11


def of_sets(protocol: Protocol, design: Design) -> list[str]:
    """Return what is wrong with the design's sample sets and trial count, as sentences."""
    found = [] if design.trial_count > 0 else ["Ask for at least one trial."]
    found += _wrong_number(protocol.title, "real", len(design.real), protocol.real_sets)
    found += _wrong_number(protocol.title, "generated", len(design.generated), protocol.generated_sets)
    found += [
        f"“{c}” has no samples: import some, or leave it out."
        for c in design.conditions
        if not len(c.samples)
    ]
    return found


def _wrong_number(title: str, kind: str, count: int, allowed: tuple[int, int | None]) -> list[str]:
    least, most = allowed
    if count < least:
        return [
            f"{title} needs at least {_sets(least, kind)}; the study has {count}. Add {least - count} more."
        ]
    if most is not None and count > most:
        return [
            f"{title} works with at most {_sets(most, kind)}; the study has {count}. Take {count - most} out."
        ]
    return []


def _sets(count: int, kind: str) -> str:
    return f"{count} {kind} sample set{'' if count == 1 else 's'}"


def of_questions(protocol: Protocol, design: Design) -> list[str]:
    """Return what is wrong with the design's questions, as sentences."""
    if not design.questions:
        return ["The study has no question: add one for raters to answer."]
    found = []
    if len(design.questions) > 1 and not protocol.several_questions:
        found.append(f"{protocol.title} asks one question; the study has {len(design.questions)}.")
    found += _repeated_keys(design.questions)
    for question in design.questions:
        if not question.text.strip():
            found.append(f"Question “{question.key}” has no text: write what raters are asked.")
        if protocol.uses_scale and not FEWEST_POINTS <= question.points <= MOST_POINTS:
            found.append(
                f"Question “{question.key}” needs a scale of {FEWEST_POINTS} to {MOST_POINTS} points."
            )
    return found


def _repeated_keys(questions: Iterable[QuestionSpec]) -> list[str]:
    keys = [question.key for question in questions]
    return [
        f"Two questions have the key “{key}”: rename one."
        for key in dict.fromkeys(keys)
        if keys.count(key) > 1
    ]


def of_shared_prompts(left: ConditionSpec, right: ConditionSpec) -> list[str]:
    """Return what keeps two conditions that both have prompts from being shown prompt by prompt."""
    if not (has_prompts(left) and has_prompts(right)):
        return []
    if set(left.prompts[left.prompts > 0].tolist()) & set(right.prompts[right.prompts > 0].tolist()):
        return []
    return [
        f"“{left}” and “{right}” have no prompt in common: import samples of the same prompts, "
        "take one of the two out, or switch the matching of prompts off."
    ]


def of_hands(left: ConditionSpec, right: ConditionSpec, *, hands: tuple[int, int]) -> list[str]:
    """Return what to say of two conditions that have not the samples for one trial of so many of each."""
    if hands[0] == hands[1]:
        each = f"a grid of {hands[0]} of each"
    else:
        each = f"{hands[0]} of the first and {hands[1]} of the second"
    return [
        f"“{left}” and “{right}” have too few samples, or no prompt with enough of them, for {each}: "
        "import more, or show fewer images in a trial."
    ]


def advice_on_repeats(conditions: Sequence[ConditionSpec], trials: Sequence[int]) -> list[str]:
    """Return what to tell a researcher whose single images come in several trials.

    ``trials`` is the number of trials that show each condition. A rater may then get one image twice,
    while more votes a trial collect as much without that.
    """
    return [
        f"“{condition}” has {len(condition.samples):,} samples for {count:,} trials, so its images come in "
        "more than one trial: fewer trials with more votes each collect as much."
        for condition, count in zip(conditions, trials, strict=True)
        if count > len(condition.samples)
    ]


def has_prompts(condition: ConditionSpec) -> bool:
    """Return whether any sample of a condition has a prompt."""
    return bool((condition.prompts > 0).any())
