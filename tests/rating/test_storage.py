"""How the database keeps what draws depend on."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from humaneval.rating.models import Opening
from tests.factories import open_study

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's vacuum")
def test_openings_are_vacuumed_early():
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'rating_opening'")
        (options,) = cursor.fetchone()
    assert set(options) == {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=2000"}


def test_free_openings_are_found_by_their_index():
    study = open_study(trial_count=50)
    trial = study.trials.first()
    Opening.objects.bulk_create(
        Opening(study=study, trial=trial, turn=turn, free_from=None if turn % 50 else timezone.now())
        for turn in range(5_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE rating_opening")
    free = Opening.objects.filter(study=study, free_from__lte=timezone.now()).order_by("turn")
    assert "opening_unfilled" in free.explain()
