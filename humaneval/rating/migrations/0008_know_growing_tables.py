"""PostgreSQL: look at growing tables early.

Plans rest on what the last ANALYZE saw. By default a table is looked at again once a tenth of it has changed;
a study that has just begun grows tenfold in minutes, and would be read by plans made for an empty table.
"""

from django.db import migrations

TABLES = ("rating_opening", "rating_assignment", "rating_vote", "rating_answer")
EARLY = "autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 500"


def analyze_early(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} SET ({EARLY})")


def analyze_as_usual(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        names = ", ".join(part.split(" = ")[0] for part in EARLY.split(", "))
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} RESET ({names})")


class Migration(migrations.Migration):
    dependencies = [("rating", "0007_practice_answers")]
    operations = [migrations.RunPython(analyze_early, analyze_as_usual)]
