"""The audit log moves here from recruitment; its table keeps its name and its lines."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def rename(before, after):
    def move(apps, schema_editor):
        """Keep the permissions on the log for those who have them."""
        ContentType = apps.get_model("contenttypes", "ContentType")
        rows = ContentType.objects.using(schema_editor.connection.alias).filter(model="auditentry")
        if not rows.filter(app_label=after).exists():
            rows.filter(app_label=before).update(app_label=after)

    return move


class Migration(migrations.Migration):

    dependencies = [
        ('teams', '0001_initial'),
        ('recruitment', '0002_archives_and_endings'),
        ('contenttypes', '0002_remove_content_type_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='AuditEntry',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('at', models.DateTimeField()),
                        ('action', models.CharField(max_length=60)),
                        ('subject', models.CharField(help_text='What it was done to, such as posting:7.', max_length=120)),
                        ('detail', models.JSONField(blank=True, default=dict)),
                        ('digest', models.CharField(max_length=64, unique=True)),
                        ('user', models.ForeignKey(blank=True, help_text='Empty for what the platform does by itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'verbose_name_plural': 'audit entries',
                        'db_table': 'recruitment_auditentry',
                        'ordering': ['id'],
                    },
                ),
            ],
        ),
        migrations.AddField(
            model_name='auditentry',
            name='team',
            field=models.ForeignKey(blank=True, help_text='Whose it is; empty for what concerns the whole installation.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.RunPython(rename("recruitment", "teams"), rename("teams", "recruitment")),
    ]
