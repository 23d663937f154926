"""Gold trials: questions with a known answer, mixed in to tell raters who attend from raters who do not.

They are trials beside those that the study asks about, numbered after them, and no estimate or quota counts
them. A researcher authors them in a table, or has some drawn from the study's own samples where the protocol
knows the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from django.db.models import Min, Q
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.protocols.base import Design, Kind, TrialSpec
from humaneval.samples.models import Sample
from humaneval.studies.models import Study

MOST_GOLD = 1_000
OWN_STREAM = 1_000_003
"""Added to the study's seed, so that drawn gold trials are others than the study's own."""


@dataclass(frozen=True)
class GoldSpec:
    """A gold trial to be made, and the right canonical value of each question by its key."""

    trial: TrialSpec
    expected: Mapping[str, int]


def gold_problems(study: Study, design: Design) -> list[str]:
    """Return what keeps a study with gold trials from being launched; ``design`` has no problems itself."""
    authored, drawn = study.goldtrials.count(), study.gold_drawn
    protocol = registry.get(study.protocol)
    if study.gold_per_block and not authored + drawn:
        return [_("Raters are to meet gold trials, but there are none: import a table, or have some drawn.")]
    if drawn and not protocol.knows_answers:
        text = _("No gold trials can be drawn: “%(title)s” does not know the right answers. Import a table.")
        return [text % {"title": protocol.title}]
    if authored and (found := _problems_of_samples(study, design)):
        return found
    if authored + drawn > MOST_GOLD:
        return [_("A study has at most %d gold trials: import or draw fewer.") % MOST_GOLD]
    return []


def _problems_of_samples(study: Study, design: Design) -> list[str]:
    """Return what is wrong with the samples of authored gold trials: gone, or smaller than the study's."""
    known, slots = _kinds_by_sample(design), study.goldtrials.values_list("slots", flat=True)
    others = {sample for trial in slots for slot in trial for sample in slot} - known.keys()
    sets = study.goldsources.values("sample_set")
    there = Sample.objects.filter(pk__in=others, sample_set__in=sets)
    if there.count() < len(others):
        return [_("A gold trial shows a sample that is no longer there: import the table again.")]
    own = Sample.objects.filter(sample_set__conditions__study=study).aggregate(
        width=Min("width"), height=Min("height")
    )
    small = there.filter(Q(width__lt=own["width"] or 0) | Q(height__lt=own["height"] or 0)).first()
    if small is not None:
        text = _(
            "The gold trials' “%(name)s” is smaller than the images that the study compares, and would have "
            "to be enlarged, which gives it away: take images of %(width)d × %(height)d pixels or more."
        )
        return [text % {"name": small.name, **own}]
    return []


def gold_advice(study: Study) -> list[str]:
    """Return what to think of before launching a study with gold trials."""
    found = []
    if study.gold_per_block and study.gold_drawn:
        found.append(
            _(
                "The gold trials that are drawn are as hard as the study's own: raters who look well may be "
                "wrong. Leave nobody out for them, or import easy ones instead."
            )
        )
    if not study.gold_per_block and (study.gold_drawn or study.goldtrials.exists()):
        found.append(_("The study has gold trials that nobody meets: set how many come in a block."))
    return found


def gold_specs(study: Study, design: Design) -> list[GoldSpec]:
    """Return the gold trials of a study, numbered after its own: the authored ones, then those drawn."""
    specs = chain(_authored(study), _drawn(study, design))
    return [
        GoldSpec(replace(spec.trial, number=design.trial_count + place), spec.expected)
        for place, spec in enumerate(specs)
    ]


def _authored(study: Study) -> Iterator[GoldSpec]:
    for gold in study.goldtrials.all():
        slots = tuple(tuple(slot) for slot in gold.slots)
        trial = TrialSpec(
            number=0,
            condition=gold.condition_id,
            slots=slots,
            other=gold.other_id,
            prompt=gold.prompt_id,
            lineup=tuple(gold.lineup),
        )
        yield GoldSpec(trial, gold.expected)


def _drawn(study: Study, design: Design) -> Iterator[GoldSpec]:
    protocol = registry.get(study.protocol)
    if not (study.gold_drawn and protocol.knows_answers):
        return
    kind_of = _kinds_by_sample(design)
    own = replace(design, trial_count=study.gold_drawn, seed=design.seed + OWN_STREAM)
    for trial in protocol.trials(own):
        value = protocol.known_answer([kind_of[slot[0]] for slot in trial.slots])
        if value is not None:
            yield GoldSpec(trial, {question.key: value for question in design.questions})


def _kinds_by_sample(design: Design) -> dict[int, Kind]:
    return {int(sample): condition.kind for condition in design.conditions for sample in condition.samples}
