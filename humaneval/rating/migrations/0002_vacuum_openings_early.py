"""PostgreSQL: clean up after openings early.

Every opening is updated twice, and each update leaves a dead entry where draws look for free ones. By
default a large table is vacuumed only once a fifth of it has changed; a draw would get slower until then.
"""

from django.db import migrations

EARLY = "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000"


def vacuum_early(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE rating_opening SET ({EARLY})")


def vacuum_as_usual(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        names = ", ".join(part.split(" = ")[0] for part in EARLY.split(", "))
        schema_editor.execute(f"ALTER TABLE rating_opening RESET ({names})")


class Migration(migrations.Migration):
    dependencies = [("rating", "0001_initial")]
    operations = [migrations.RunPython(vacuum_early, vacuum_as_usual)]
