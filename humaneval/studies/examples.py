"""Samples that a study shows beside its trials: pictures in the instructions, and practice trials.

They are named as in the flow, ``set-slug/name``, so that a flow means the same wherever the sets are imported
to. Practice trials are planned at launch and kept with the study: numbers of samples, and the right answers,
which no rater is told before answering.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from django.db.models import Q
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.protocols.base import ConditionSpec, Design, Kind, Protocol, TrialSpec
from humaneval.samples.models import Prompt, Sample
from humaneval.samples.pictures import SLUG, is_picture
from humaneval.studies.flow import complete_flow
from humaneval.studies.models import Study


@dataclass(frozen=True)
class PracticeTrial:
    """A trial to try the task on. ``right`` holds the accepted canonical values by question key."""

    slots: list[list[int]]
    right: dict[str, list[int]]
    turn: int = 0
    prompt: str = ""
    example: int | None = None
    """Its place among the flow's written examples; None where it was drawn."""

    def as_json(self) -> dict[str, Any]:
        """Return what :meth:`read` reads."""
        return dict(vars(self))

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> PracticeTrial:
        """Return a stored practice trial."""
        return cls(**row)


@dataclass(frozen=True)
class Extras:
    """What a study shows beside its trials; ``problems`` are sentences that say what is missing."""

    practice: list[PracticeTrial] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def find_samples(names: Iterable[str], study: Study) -> dict[str, int]:
    """Return the samples' ids by their names ``set-slug/name``, of those that a study may show: one query.

    These are its team's, and uploaded pictures.
    """
    wanted = set(names)
    parts = [name.split("/", 1) for name in wanted]
    if not parts:
        return {}
    may_show = Q(sample_set__team=study.team_id) | Q(sample_set__slug=SLUG)
    rows = Sample.objects.filter(
        may_show, sample_set__slug__in={part[0] for part in parts}, name__in={part[1] for part in parts}
    ).values_list("sample_set__slug", "name", "pk")
    found = {f"{slug}/{name}": pk for slug, name, pk in rows}
    return {name: found[name] for name in wanted if name in found}


def picture_ids(study: Study) -> list[int]:
    """Return the ids of the samples that the instructions show, in order, of those that there are.

    Uploaded pictures are not among them: they are shown as they are, not rendered for the study.
    """
    names = [picture["image"] for picture in complete_flow(study.flow)["pictures"]]
    names = [name for name in names if not is_picture(name)]
    found = find_samples(names, study)
    return [found[name] for name in names if name in found]


def plan_extras(study: Study, design: Design, used: Iterable[int]) -> Extras:
    """Return the practice trials of a study whose design has no problems.

    Trials are drawn from samples that no trial of the study shows (``used``), so that no rater learns the
    truth of one that counts; a preview may leave ``used`` empty. What stands in the way is in ``problems``.
    """
    flow = complete_flow(study.flow)
    names = _names(flow)
    found = find_samples(names, study)
    problems = [
        _("There is no sample “%s”: write it as set/name, as in the list of samples.") % name
        for name in sorted(set(names) - set(found))
    ]
    if problems:
        return Extras([], problems)
    protocol = registry.get(study.protocol)
    written = [_written(example, place, found) for place, example in enumerate(flow["practice"]["examples"])]
    problems = [_misfit(trial, study, design) for trial in written]
    if any(problems):
        return Extras([], [problem for problem in problems if problem])
    drawn = _draw(protocol, design, flow["practice"]["count"], set(used))
    return replace(drawn, practice=[*written, *drawn.practice])


def _names(flow: Mapping[str, Any]) -> list[str]:
    pictures = [picture["image"] for picture in flow["pictures"]]
    examples = flow["practice"]["examples"]
    return [*pictures, *(name for example in examples for place in example["places"] for name in place)]


def _written(example: Mapping[str, Any], place: int, found: Mapping[str, int]) -> PracticeTrial:
    return PracticeTrial(
        slots=[[found[name] for name in names] for names in example["places"]],
        right={key: list(values) for key, values in example["right"].items()},
        prompt=example.get("prompt", ""),
        example=place,
    )


def _misfit(trial: PracticeTrial, study: Study, design: Design) -> str:
    """Return what keeps a written example from being shown like a trial; empty if nothing does."""
    number = (trial.example or 0) + 1
    model = next(registry.get(study.protocol).trials(design))
    wanted, given = [len(slot) for slot in model.slots], [len(slot) for slot in trial.slots]
    if wanted != given:
        text = _("Practice example %(number)s has images %(given)s; a trial of this study has %(wanted)s.")
        return text % {"number": number, "given": given, "wanted": wanted}
    asked = {question.key for question in design.questions}
    if set(trial.right) != asked:
        text = _("Practice example %(number)s needs the right answer to each of: %(keys)s.")
        return text % {"number": number, "keys": ", ".join(sorted(asked))}
    return ""


def _draw(protocol: Protocol, design: Design, count: int, used: set[int]) -> Extras:
    if count == 0:
        return Extras()
    if not protocol.knows_answers:
        text = _("%s has no answer that is known to be right: write practice examples instead.")
        return Extras(problems=[text % protocol.title])
    unused = replace(
        design,
        conditions=tuple(_without(condition, used) for condition in design.conditions),
        trial_count=count,
        seed=(design.seed + 1) % 2**31,
    )
    if any(len(c.samples) == 0 for c in unused.conditions) or protocol.problems(unused):
        text = _(
            "%d practice trials need images that no trial shows, and there are too few: import more, draw "
            "fewer, or write practice examples."
        )
        return Extras(problems=[text % count])
    kinds = {int(sample): c.kind for c in design.conditions for sample in c.samples}
    specs = list(protocol.trials(unused))
    prompts = dict(Prompt.objects.filter(pk__in={s.prompt for s in specs}).values_list("pk", "text"))
    key = design.questions[0].key
    return Extras([_drawn(protocol, spec, kinds, key, prompts.get(spec.prompt or 0, "")) for spec in specs])


def _without(condition: ConditionSpec, used: set[int]) -> ConditionSpec:
    keep = ~np.isin(condition.samples, list(used)) if used else np.ones(len(condition.samples), dtype=bool)
    return replace(condition, samples=condition.samples[keep], prompts=condition.prompts[keep])


def _drawn(
    protocol: Protocol, spec: TrialSpec, kinds: Mapping[int, Kind], key: str, prompt: str
) -> PracticeTrial:
    right = protocol.known_answer([kinds[slot[0]] for slot in spec.slots])
    if right is None:
        raise ValueError(f"{protocol.title} says that it knows its answers, and does not know this one.")
    return PracticeTrial(
        slots=[list(slot) for slot in spec.slots], right={key: [right]}, turn=spec.turn, prompt=prompt
    )


def samples_beside(study: Study, practice: Iterable[PracticeTrial]) -> set[int]:
    """Return the ids of all samples that a study shows beside its trials."""
    shown = {sample for trial in practice for slot in trial.slots for sample in slot}
    return shown | set(picture_ids(study))
