"""The database's own refusal to change or delete votes and the audit log: triggers on SQLite and PostgreSQL.

Nothing changes a row of these tables. A vote and its answers may be deleted once the vote has its
:class:`~humaneval.rating.models.Tombstone`, which itself stays for ever: that is how a rater withdraws.
PostgreSQL refuses TRUNCATE as well; SQLite refuses INSERT OR REPLACE, which overwrites a row without
telling the triggers for deletes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

MESSAGE = "is append-only: rows are never changed, and deleted only with a tombstone"


@dataclass(frozen=True)
class Guarded:
    """A guarded table: the columns that identify a row, and the one that leads to a tombstone, if any may."""

    name: str
    keys: tuple[str, ...]
    buried_by: str = ""


VOTES = (
    Guarded("rating_vote", ("id", "assignment_id"), buried_by="id"),
    Guarded("rating_answer", ("id",), buried_by="vote_id"),
    Guarded("rating_tombstone", ("vote_id",)),
    Guarded("rating_seal", ("id",)),
    Guarded("rating_sealedvote", ("vote_id",)),
)
AUDIT_LOG = Guarded("recruitment_auditentry", ("id", "digest"))
TABLES = (*VOTES, AUDIT_LOG)


def protect(connection: BaseDatabaseWrapper) -> None:
    """Make the database refuse changes from now on; does nothing where it does so already.

    Migrations that protect come before some of the tables: those that are not there yet are left out.
    """
    there = set(connection.introspection.table_names())
    tables = [table for table in TABLES if table.name in there]
    _execute(connection, _making(connection.vendor, tables))


def unprotect(connection: BaseDatabaseWrapper) -> None:
    """Take the refusal away: for undoing the migration, and for ``manage.py flush``."""
    _execute(connection, _dropping(connection.vendor, TABLES))


def unprotect_audit_log(connection: BaseDatabaseWrapper) -> None:
    """Take the refusal away from the audit log alone: for undoing the migration."""
    _execute(connection, _dropping(connection.vendor, [AUDIT_LOG]))


def unprotected_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the guarded tables whose triggers are not all in place and active."""
    present = _active_triggers(connection)
    kinds = ("update", "delete", "replace") if connection.vendor == "sqlite" else ("change", "truncate")
    return [table.name for table in TABLES if any(f"{table.name}_no_{kind}" not in present for kind in kinds)]


def _active_triggers(connection: BaseDatabaseWrapper) -> set[str]:
    statement = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return {row[0] for row in cursor.fetchall()}


def _execute(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _making(vendor: str, tables: Sequence[Guarded]) -> list[str]:
    if vendor == "sqlite":
        return [statement for table in tables for statement in _sqlite_triggers(table)]
    if vendor == "postgresql":
        return [_POSTGRES_FUNCTION, *(line for table in tables for line in _postgres_triggers(table))]
    raise NotImplementedError(f"Votes cannot be protected on {vendor}: use SQLite or PostgreSQL.")


def _dropping(vendor: str, tables: Sequence[Guarded]) -> list[str]:
    if vendor == "sqlite":
        kinds = ("update", "delete", "replace")
        return [f"DROP TRIGGER IF EXISTS {table.name}_no_{kind}" for table in tables for kind in kinds]
    names = [(table.name, f"{table.name}_no_{kind}") for table in tables for kind in ("change", "truncate")]
    return [f"DROP TRIGGER IF EXISTS {trigger} ON {table}" for table, trigger in names]


def _sqlite_triggers(table: Guarded) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table.name} {MESSAGE}'); END"
    same = " OR ".join(f"{key} = NEW.{key}" for key in table.keys)
    buried = f"EXISTS (SELECT 1 FROM rating_tombstone WHERE vote_id = OLD.{table.buried_by})"  # noqa: S608 (our own names)
    unburied = f"WHEN NOT {buried} " if table.buried_by else ""
    present = f"EXISTS (SELECT 1 FROM {table.name} WHERE {same})"  # noqa: S608 (our own names)
    make = f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_"
    return [
        f"{make}update BEFORE UPDATE ON {table.name} {refuse}",
        f"{make}delete BEFORE DELETE ON {table.name} {unburied}{refuse}",
        f"{make}replace BEFORE INSERT ON {table.name} WHEN {present} {refuse}",
    ]


_POSTGRES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION rating_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_NARGS = 1 THEN
        IF EXISTS (SELECT 1 FROM rating_tombstone
                   WHERE vote_id = (to_jsonb(OLD) ->> TG_ARGV[0])::bigint) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% {MESSAGE}', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""  # noqa: S608 (our own words)


def _postgres_triggers(table: Guarded) -> list[str]:
    column = f"'{table.buried_by}'" if table.buried_by else ""
    return [
        f"CREATE OR REPLACE TRIGGER {table.name}_no_change BEFORE UPDATE OR DELETE ON {table.name} "
        f"FOR EACH ROW EXECUTE FUNCTION rating_refuse_change({column})",
        f"CREATE OR REPLACE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE ON {table.name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION rating_refuse_change()",
    ]
