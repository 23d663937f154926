"""Migrations on PostgreSQL let votes go first."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from humaneval.jobs.management.commands.migrate import _LOCK, impatient
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
        assert migration.wait(150) == 0
        assert rater.execute("SELECT mood FROM rating_session").fetchall() == []


def test_of_two_hosts_that_start_together_one_migrates_and_the_other_waits(platform: Platform):
    if not platform.database_url.startswith("postgres"):
        pytest.skip("SQLite serves one host")
    with psycopg.connect(platform.database_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        assert platform.start("manage.py", "migrate", "--check").wait(150) == 0, "it only looks"
        waiting = platform.start("manage.py", "migrate")
        platform.wait_for(lambda: "Another command is migrating this database" in platform.output())
        assert waiting.poll() is None
        other.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        assert waiting.wait(150) == 0


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
