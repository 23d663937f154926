"""The form's values before anybody has typed: what is assumed, over it what the study says."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from humaneval.protocols.registry import PROTOCOLS
from humaneval.samples.models import Sample
from humaneval.studies.models import Study
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.forms import starting_values
from humaneval.workspace.planning.pace import pace_of

PUBLISHED_BLOCKS = 3
"""A rater's staircases in HYPE-time (Zhou et al. 2019)."""


def values_of(study: Study) -> dict[str, Any]:
    """Return every field's starting value for a study."""
    sets = [
        one.sample_set_id
        for one in study.conditions.select_related("sample_set")
        if study.protocol != "two_afc" or one.sample_set.kind == "generated"
    ]
    pace = pace_of(study)
    found: dict[str, Any] = {"images": _images(study, sets), "seconds": pace.seconds if pace else 0}
    if "conditions" in ASSUMED[study.protocol].defaults:
        found["conditions"] = len(sets)
    known = {name: value for name, value in found.items() if value}
    return starting_values(study.protocol, session=_session(study, found["images"]), **known)


def _images(study: Study, sets: list[int]) -> int:
    """Return how many different trials a condition has to give; 0 where that is not known yet."""
    if PROTOCOLS[study.protocol].uses_pairs:
        counts = study.conditions.annotate(count=Count("pairs")).values_list("count", flat=True)
        return min(counts, default=0)
    by_set = dict.fromkeys(sets, 0) | dict(
        Sample.objects.filter(sample_set__in=sets).values_list("sample_set").annotate(Count("pk"))
    )
    images = min(by_set.values(), default=0)
    return _shared_prompts(study, sets) or images if study.protocol == "ranking" else images


def _shared_prompts(study: Study, sets: list[int]) -> int:
    """Return of how many prompts all sets have images; 0 where prompts do not matter."""
    if not PROTOCOLS[study.protocol].value(study.settings, "match_prompts"):
        return 0
    prompted = Sample.objects.filter(sample_set__in=sets, prompt__isnull=False).values("prompt")
    shared = prompted.annotate(sets=Count("sample_set", distinct=True)).filter(sets=len(set(sets)))
    return shared.count()


def _session(study: Study, images: int) -> int:
    """Return a rater's trials: the study's, but for staircases that these do not let come to rest.

    They take as many as are published, or as there are images for.
    """
    protocol = PROTOCOLS[study.protocol]
    given = study.assignments_per_session
    if study.protocol != "timed_real_or_fake" or protocol.look_ahead(study.settings) is None:
        return given
    length = int(protocol.value(study.settings, "block_length"))
    if given >= length:
        return given
    return min(PUBLISHED_BLOCKS * length, 2 * images) if images else PUBLISHED_BLOCKS * length
