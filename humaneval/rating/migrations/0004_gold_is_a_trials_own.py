"""What a trial's right answers are is kept with the trial itself."""

from django.db import migrations


def keep_with_trials(apps, schema_editor):
    trials = apps.get_model("studies", "Trial").objects
    for gold in apps.get_model("rating", "Gold").objects.all():
        trials.filter(pk=gold.trial_id).update(expected=gold.expected)


def keep_apart(apps, schema_editor):
    gold = apps.get_model("rating", "Gold")
    known = apps.get_model("studies", "Trial").objects.filter(expected__isnull=False)
    gold.objects.bulk_create(gold(trial_id=trial.pk, expected=trial.expected) for trial in known)


class Migration(migrations.Migration):
    dependencies = [("rating", "0003_votes_are_append_only"), ("studies", "0002_gold_trials")]
    operations = [migrations.RunPython(keep_with_trials, keep_apart), migrations.DeleteModel(name="Gold")]
