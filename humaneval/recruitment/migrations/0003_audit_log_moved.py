"""The audit log belongs to teams now; the table stays."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('recruitment', '0002_archives_and_endings'),
        ('teams', '0002_audit_log'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name='AuditEntry')]),
    ]
