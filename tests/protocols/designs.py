"""Designs to try protocols on."""

from __future__ import annotations

from typing import Any

import numpy as np

from humaneval.protocols.base import ConditionSpec, Design, Kind, PairSpec, Protocol


def condition(
    number: int, kind: Kind, samples: int, prompts: int = 0, first_prompt: int = 1
) -> ConditionSpec:
    """Return a condition whose sample ids start at ``number * 10000``; prompts come in turn."""
    order = np.arange(samples, dtype=np.int64)
    return ConditionSpec(
        id=number,
        kind=kind,
        samples=order + number * 10_000,
        prompts=order % prompts + first_prompt if prompts else np.zeros(samples, np.int64),
        label=f"set {number}",
    )


def design(
    protocol: Protocol,
    *,
    real: int = 1,
    generated: int | None = None,
    samples: int = 20,
    prompts: int = 0,
    trials: int = 120,
    seed: int = 5,
    **settings: Any,
) -> Design:
    """Return a design with this many sets of this many samples and the protocol's own questions.

    By default there are three generated sets, or as many as the protocol takes.
    """
    generated = min(3, protocol.generated_sets[1] or 3) if generated is None else generated
    reals = [condition(number, "real", samples, prompts) for number in range(1, real + 1)]
    models = [condition(number + 50, "generated", samples, prompts) for number in range(1, generated + 1)]
    return Design(
        conditions=tuple(reals + models),
        questions=protocol.default_questions,
        trial_count=trials,
        seed=seed,
        settings=settings,
        pairs=near_pairs((*reals, *models), trials) if protocol.uses_pairs else (),
    )


def near_pairs(conditions: tuple[ConditionSpec, ...], count: int) -> tuple[PairSpec, ...]:
    """Return so many different pairs, from each condition in turn, each in a batch of its own."""
    made = []
    for number in range(count):
        spec, nth = conditions[number % len(conditions)], number // len(conditions)
        size = len(spec.samples)
        first, step = nth % size, 1 + nth // size
        pair = (int(spec.samples[first]), int(spec.samples[(first + step) % size]))
        made.append(PairSpec(spec.id, nth, *pair))
    return tuple(made)
