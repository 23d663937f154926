"""The database refuses to change or delete lines of the audit log, as it refuses for votes."""

from django.db import migrations

from humaneval.rating import append_only


def protect(apps, schema_editor):
    append_only.protect(schema_editor.connection)


def unprotect(apps, schema_editor):
    append_only.unprotect_audit_log(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("rating", "0009_totals_in_seals"),
        ("teams", "0003_secrets_are_kept_hashed"),
        ("recruitment", "0003_audit_log_moved"),
    ]
    operations = [migrations.RunPython(protect, unprotect)]
