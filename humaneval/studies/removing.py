"""What deleting a study would take with it, and what forbids it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import PROTECT

from humaneval.studies.models import Study, Trial


def uses_of(study: Study) -> dict[str, int]:
    """Return how many rows need a study, by their name in words: raters' sessions, postings, votes."""
    protecting = [relation for relation in Study._meta.related_objects if relation.on_delete is PROTECT]
    counts = {
        str(relation.related_model._meta.verbose_name_plural): relation.related_model._base_manager.filter(
            **{relation.field.name: study}
        ).count()
        for relation in protecting
    }
    return {name: count for name, count in counts.items() if count}


def trials_of(studies: Sequence[Study]) -> int:
    """Return how many trials some studies have, gold ones too."""
    return Trial.objects.filter(study__in=studies).count()
