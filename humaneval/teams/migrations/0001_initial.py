import django.db.models.deletion
from django.conf import settings
from django.core.management.color import no_style
from django.db import migrations, models


def make_default_team(apps, schema_editor):
    """Make the team that everything belongs to; whoever is staff now owns it."""
    Team = apps.get_model("teams", "Team")
    Membership = apps.get_model("teams", "Membership")
    User = apps.get_model("auth", "User")
    alias = schema_editor.connection.alias
    team = Team.objects.using(alias).create(pk=1, name="Everyone", slug="everyone")
    for statement in schema_editor.connection.ops.sequence_reset_sql(no_style(), [Team]):
        schema_editor.execute(statement)
    staff = User.objects.using(alias).filter(is_staff=True)
    Membership.objects.using(alias).bulk_create(
        Membership(team=team, user=user, role="owner") for user in staff
    )


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('slug', models.SlugField(max_length=80, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'owner'), ('analyst', 'analyst'), ('manager', 'annotator-manager'), ('viewer', 'viewer')], default='viewer', max_length=12)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='teams.team')),
            ],
            options={
                'ordering': ['team', 'user'],
                'constraints': [models.UniqueConstraint(fields=('team', 'user'), name='membership_once_a_team')],
            },
        ),
        migrations.RunPython(make_default_team, migrations.RunPython.noop),
    ]
