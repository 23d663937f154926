"""Migrations on PostgreSQL let votes go first."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from humaneval.jobs.management.commands.migrate import impatient
from tests.jobs.platform import Platform


def test_a_migration_that_finds_its_table_read_lets_votes_through_and_tries_again(platform: Platform):
    if not platform.database_url.startswith("postgres"):
        pytest.skip("SQLite lets one write at a time, whatever is read meanwhile")
    platform.settings = {"DJANGO_SETTINGS_MODULE": "tests.keeping.next_release_settings"}
    with psycopg.connect(platform.database_url) as backup, psycopg.connect(platform.database_url) as rater:
        backup.execute("SELECT count(*) FROM rating_session")  # its transaction goes on, as pg_dump's does
        migration = platform.start("manage.py", "migrate")
        platform.wait_for(lambda: "A table is in use: votes go first" in platform.output())
        assert rater.execute("SELECT count(*) FROM rating_session").fetchone() == (0,)
        rater.commit()
        backup.commit()
        assert migration.wait(60) == 0
        assert rater.execute("SELECT mood FROM rating_session").fetchall() == []


@pytest.mark.django_db
def test_what_is_built_beside_others_may_take_its_time():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such statements")
    note = "SELECT set_config('humaneval.seen', current_setting('lock_timeout'), false) -- {}"

    def seen(statement: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(note.format(statement))
            cursor.execute("SELECT current_setting('humaneval.seen')")
            return str(cursor.fetchone()[0])

    with impatient(connection):
        assert [seen(one) for one in ("ALTER TABLE", "CREATE INDEX CONCURRENTLY", "ALTER TABLE")] == [
            "2s",
            "0",
            "2s",
        ]
    assert seen("ALTER TABLE") == "0"
