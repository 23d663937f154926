"""Each seal also holds the sums up to it; those of seals that are there are written once, here."""

from collections import Counter

from django.db import migrations, models

from humaneval.rating import append_only

COUNTS = ("votes", "late", "repeats")


def write_totals(apps, schema_editor):
    """Write the sums. On SQLite the table has just been made anew, so it is protected again in any case."""
    append_only.unprotect(schema_editor.connection)
    seals = apps.get_model("rating", "Seal").objects.using(schema_editor.connection.alias)
    study, totals, conditions = None, Counter(), Counter()
    for seal in seals.order_by("study_id", "number").iterator(chunk_size=500):
        if seal.study_id != study:
            study, totals, conditions = seal.study_id, Counter(), Counter()
        totals.update({name: seal.summary.get(name, 0) for name in COUNTS})
        conditions.update(seal.summary.get("by_condition", {}))
        sums = {name: totals[name] for name in COUNTS}
        seals.filter(pk=seal.pk).update(totals={**sums, "by_condition": dict(conditions)})
    append_only.protect(schema_editor.connection)


def protect_again(apps, schema_editor):
    append_only.protect(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("rating", "0008_know_growing_tables")]
    operations = [
        # Undone from below: the column goes first, then SQLite's table, made anew, is protected again.
        migrations.RunPython(migrations.RunPython.noop, protect_again),
        migrations.AlterField(
            model_name="seal",
            name="summary",
            field=models.JSONField(default=dict, help_text="The batch in numbers."),
        ),
        migrations.AddField(
            model_name="seal",
            name="totals",
            field=models.JSONField(
                default=dict,
                help_text="This batch and all before it in numbers, so that pages need not count a million votes.",
            ),
        ),
        migrations.RunPython(write_totals, migrations.RunPython.noop),
    ]
