"""When a stopping rule was reached; and no consent where an archive tells of none.

Archived votes were stored with the hash of a text that nobody is known to have agreed to.
"""

from django.db import migrations, models

ARCHIVE = {"imported": "MTurk batch results"}


def forget_consent(apps, schema_editor):
    sessions = apps.get_model("rating", "Session").objects.using(schema_editor.connection.alias)
    sessions.filter(rater__panel="mturk", arrival=ARCHIVE).update(consent_hash="")


class Migration(migrations.Migration):
    dependencies = [("rating", "0010_audit_log_is_append_only")]
    operations = [
        migrations.AddField(
            model_name="course",
            name="enough_since",
            field=models.DateTimeField(
                blank=True, help_text="When the stopping rule was reached; empty until then.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="session",
            name="consent_hash",
            field=models.CharField(
                blank=True,
                help_text="SHA-256 of the consent text agreed to; empty where an archive tells of none.",
                max_length=64,
            ),
        ),
        migrations.RunPython(forget_consent, migrations.RunPython.noop),
    ]
