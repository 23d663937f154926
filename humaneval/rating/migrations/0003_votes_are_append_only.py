"""The database itself refuses to change votes. A later migration that makes one of these tables anew
(on SQLite, each that alters a field does) must protect them again: tests see to it."""

from django.db import migrations

from humaneval.rating import append_only


def protect(apps, schema_editor):
    append_only.protect(schema_editor.connection)


def unprotect(apps, schema_editor):
    append_only.unprotect(schema_editor.connection)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION rating_refuse_change()")


class Migration(migrations.Migration):
    dependencies = [("rating", "0002_vacuum_openings_early")]
    operations = [migrations.RunPython(protect, unprotect)]
