"""Which of a study's settings mean something for it, by its protocol and by what its sample sets have."""

from __future__ import annotations

from humaneval.protocols.registry import PROTOCOLS
from humaneval.samples.models import Sample
from humaneval.studies.models import Study
from humaneval.studies.steering import WITH_GOAL, rules_for


def fitting(fields: tuple[str, ...], study: Study) -> tuple[str, ...]:
    """Return the fields that mean something for a study, and others that are set, so as to be unset."""
    idle = _idle(study)
    return tuple(name for name in fields if name not in idle or getattr(study, name))


def _idle(study: Study) -> set[str]:
    protocol = PROTOCOLS.get(study.protocol)
    rules = rules_for(study)
    idle = set()
    if protocol is None or not protocol.knows_answers:
        idle.add("gold_drawn")
    if protocol is None or protocol.analysis != "preference":
        idle.add("adaptive")
    if len(rules) == 1:
        idle.add("stop_rule")
    if not WITH_GOAL & set(rules):
        idle.add("stop_goal")
    if protocol is None or not protocol.shows_prompts or not _has_prompts(study):
        idle.add("unique_prompts")
    return idle


def _has_prompts(study: Study) -> bool:
    sets = study.conditions.values("sample_set")
    return Sample.objects.filter(sample_set__in=sets, prompt__isnull=False).exists()
