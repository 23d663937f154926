"""A column and an index that the former release knows nothing of."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rating", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE rating_session ADD COLUMN mood varchar(20) NULL",
            "ALTER TABLE rating_session DROP COLUMN mood",
        ),
        migrations.RunSQL(
            "CREATE INDEX next_release_mood ON rating_session (mood)", "DROP INDEX next_release_mood"
        ),
    ]
