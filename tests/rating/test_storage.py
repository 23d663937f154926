"""How the database keeps what draws depend on."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from humaneval.rating.lanes import Lane
from humaneval.rating.models import Opening
from humaneval.rating.openings import free_openings
from tests.factories import open_study

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's vacuum")
def test_openings_are_vacuumed_early():
    wanted = {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=2000"}
    assert wanted <= options_of("rating_opening")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's statistics")
@pytest.mark.parametrize("table", ["rating_opening", "rating_assignment", "rating_vote", "rating_answer"])
def test_tables_that_grow_are_looked_at_early(table: str):
    wanted = {"autovacuum_analyze_scale_factor=0.02", "autovacuum_analyze_threshold=500"}
    assert wanted <= options_of(table)


def options_of(table: str) -> set[str]:
    """Return a table's storage options."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
        (options,) = cursor.fetchone()
    return set(options)


def test_free_openings_are_found_by_their_index():
    study = open_study(trial_count=50)
    trial = study.trials.first()
    Opening.objects.bulk_create(
        Opening(study=study, trial=trial, turn=turn, free_from=None if turn % 50 else timezone.now())
        for turn in range(5_000)
    )
    lane = Lane("", 300)
    assert "opening_unfilled_in_lane" in free_openings(study, lane, timezone.now()).explain()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE rating_opening")
    assert "opening_unfilled_in_lane" in free_openings(study, lane, timezone.now()).explain()
