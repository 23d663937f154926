"""From a study's rows to what protocols work on: designs, questions, and trials to look at."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

import numpy as np
from django.core.exceptions import ValidationError

from humaneval.protocols import registry
from humaneval.protocols.base import (
    ConditionSpec,
    Design,
    Kind,
    PairSpec,
    Protocol,
    QuestionSpec,
    SettingsError,
    TrialSpec,
)
from humaneval.protocols.keys import problems_of_keys
from humaneval.samples.models import Sample
from humaneval.studies.examples import plan_extras
from humaneval.studies.flow import complete_flow
from humaneval.studies.gold import gold_problems, gold_specs
from humaneval.studies.models import Condition, Study, StudyState
from humaneval.studies.steering import steering_problems

_UNPLANNED = frozenset({StudyState.DRAFT, StudyState.LAUNCHING})


class NotLaunchable(ValidationError):
    """A study that cannot be launched as it is; ``messages`` are sentences that say what to do."""


def question_specs(study: Study) -> tuple[QuestionSpec, ...]:
    """Return the study's questions in order (one query, none if prefetched)."""
    return tuple(
        QuestionSpec(
            key=question.key,
            text=question.text,
            points=question.points,
            low_label=question.low_label,
            middle_label=question.middle_label,
            high_label=question.high_label,
        )
        for question in study.questions.all()
    )


def design_of(study: Study) -> Design:
    """Return all that the study's trials are made from, with three queries whatever its size.

    Samples stand in the order of their names, so that the same folders imported elsewhere make the
    same trials from the same seed.
    """
    conditions = list(study.conditions.select_related("sample_set"))
    return Design(
        conditions=_condition_specs(conditions),
        questions=question_specs(study),
        trial_count=study.trial_count,
        seed=study.seed,
        settings=study.settings,
        pairs=_pair_specs(study),
    )


def _pair_specs(study: Study) -> tuple[PairSpec, ...]:
    """Return the study's pairs, where its protocol shows any: in the order of their samples' names."""
    protocol = registry.PROTOCOLS.get(study.protocol)
    if protocol is None or not protocol.uses_pairs:
        return ()
    pairs = study.duplicatepairs.order_by("condition__position", "batch", "first__name", "second__name")
    rows = pairs.values_list("condition_id", "batch", "first_id", "second_id")
    return tuple(PairSpec(*row) for row in rows)


def _condition_specs(conditions: list[Condition]) -> tuple[ConditionSpec, ...]:
    rows: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    samples = Sample.objects.filter(sample_set__in=[c.sample_set_id for c in conditions]).order_by()
    for sample_set, name, sample, prompt in samples.values_list("sample_set_id", "name", "id", "prompt_id"):
        rows[sample_set].append((name, sample, prompt or 0))
    return tuple(
        _condition_spec(condition, sorted(rows[condition.sample_set_id])) for condition in conditions
    )


def _condition_spec(condition: Condition, rows: list[tuple[str, int, int]]) -> ConditionSpec:
    kind: Kind = "real" if condition.sample_set.kind == "real" else "generated"
    return ConditionSpec(
        id=condition.pk,
        kind=kind,
        samples=np.array([sample for _name, sample, _prompt in rows], dtype=np.int64),
        prompts=np.array([prompt for _name, _sample, prompt in rows], dtype=np.int64),
        label=str(condition),
    )


def problems_of(study: Study, design: Design) -> list[str]:
    """Return what keeps the study from being launched, as sentences; empty if nothing does."""
    return problems_of_trials(study, design) or [
        *gold_problems(study, design),
        *steering_problems(study),
        *plan_extras(study, design, ()).problems,
    ]


def problems_of_trials(study: Study, design: Design) -> list[str]:
    """Return what keeps the study's own trials from being made, as sentences; empty if nothing does."""
    try:
        protocol = registry.get(study.protocol)
    except LookupError as error:
        return [str(error)]
    return [*protocol.problems(design), *_problems_of_keys(study, protocol, design)]


def _problems_of_keys(study: Study, protocol: Protocol, design: Design) -> list[str]:
    """Return what is wrong with the keys that the study sets for its answers; settings must be in order."""
    if not (keys := complete_flow(study.flow)["keys"]):
        return []
    try:
        protocol.checked_settings(design.settings)
    except SettingsError:
        return []
    return problems_of_keys(keys, protocol.key_names(design.questions, design.settings))


def digest(study: Study, design: Design) -> str:
    """Return the SHA-256, in hexadecimal, of all that the trials are made from."""
    head = [study.protocol, design.trial_count, design.seed, dict(design.settings)]
    sha = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    for condition in design.conditions:
        sha.update(f"{condition.id} {condition.kind} {len(condition.samples)};".encode())
        sha.update(condition.samples.astype("<i8").tobytes())
        sha.update(condition.prompts.astype("<i8").tobytes())
    for pair in design.pairs:
        sha.update(f"{pair.condition} {pair.batch} {pair.first} {pair.second};".encode())
    for gold in gold_specs(study, design):
        sha.update(f"{gold.trial} {sorted(gold.expected.items())};".encode())
    return sha.hexdigest()


def preview_trials(study: Study, count: int, first: int = 0) -> list[TrialSpec]:
    """Return ``count`` of the study's trials from the ``first``: of a draft as a launch would make them now.

    Raises :class:`NotLaunchable` for a draft of which no trials can be made.
    """
    if study.state not in _UNPLANNED:
        return _stored_trials(study, count, first)
    design = design_of(study)
    if problems := problems_of(study, design):
        raise NotLaunchable(problems)
    return list(islice(registry.get(study.protocol).trials(design), first, first + count))


def _stored_trials(study: Study, count: int, first: int) -> list[TrialSpec]:
    rows = study.trials.filter(number__lt=study.trial_count).order_by("number")
    return [
        TrialSpec(
            number=trial.number,
            condition=trial.condition_id,
            slots=tuple(tuple(slot) for slot in trial.slots),
            other=trial.other_id,
            prompt=trial.prompt_id,
            turn=trial.turn,
            lineup=tuple(trial.lineup),
        )
        for trial in rows[first : first + count]
    ]


def samples_used(trials: Iterable[TrialSpec]) -> set[int]:
    """Return the ids of all samples that appear in some trial."""
    return {sample for trial in trials for slot in trial.slots for sample in slot}
