import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('studies', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Gold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('expected', models.JSONField(help_text='The right canonical value of each question, by its key.')),
                ('trial', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='gold', to='studies.trial')),
            ],
        ),
        migrations.CreateModel(
            name='Opening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('turn', models.PositiveBigIntegerField()),
                ('free_from', models.DateTimeField(blank=True, null=True)),
                ('study', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='openings', to='studies.study')),
                ('trial', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='openings', to='studies.trial')),
            ],
        ),
        migrations.CreateModel(
            name='Rater',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('panel', models.CharField(max_length=40)),
                ('key_hash', models.CharField(help_text="HMAC of the panel's id for this person.", max_length=64)),
                ('simulated', models.BooleanField(default=False, help_text='A program, not a person.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('panel', 'key_hash'), name='rater_once_a_panel')],
            },
        ),
        migrations.CreateModel(
            name='RuleSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(editable=False)),
                ('name', models.CharField(max_length=120)),
                ('rules', models.JSONField(help_text="Each rule's settings by its name.")),
                ('declared_at', models.DateTimeField(auto_now_add=True)),
                ('before_launch', models.BooleanField(editable=False, help_text='Declared while the study was a draft, before anybody had voted.')),
                ('declared_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('study', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rule_sets', to='studies.study')),
            ],
            options={
                'ordering': ['study', 'version'],
            },
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text="Place in the study's chain, from 1.")),
                ('previous', models.CharField(help_text='Head of the chain before this batch.', max_length=64)),
                ('head', models.CharField(help_text='Head of the chain with this batch.', max_length=64)),
                ('vote_count', models.PositiveIntegerField()),
                ('summary', models.JSONField(default=dict, help_text='The batch in numbers, so that pages need not count a million votes.')),
                ('sealed_at', models.DateTimeField(auto_now_add=True)),
                ('study', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='seals', to='studies.study')),
            ],
            options={
                'ordering': ['study', 'number'],
            },
        ),
        migrations.CreateModel(
            name='SealedVote',
            fields=[
                ('vote_id', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64)),
                ('seal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sealed_votes', to='rating.seal')),
            ],
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('token_number', models.PositiveIntegerField(default=0, help_text='How often its token expired and was replaced.')),
                ('token_issued_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('state', models.CharField(choices=[('active', 'active'), ('completed', 'completed'), ('screened_out', 'screened out')], default='active', max_length=12)),
                ('consent_hash', models.CharField(help_text='SHA-256 of the consent text agreed to.', max_length=64)),
                ('allotment', models.PositiveIntegerField(blank=True, help_text='Assignments in all, known once fewer were left than the study gives to a session.', null=True)),
                ('language', models.CharField(blank=True, help_text="Of the words shown; empty for the study's own.", max_length=40)),
                ('comprehension_tries', models.PositiveSmallIntegerField(default=0, help_text='How often the comprehension questions were answered.')),
                ('understood', models.BooleanField(default=False, help_text='All comprehension questions were answered rightly.')),
                ('closing', models.JSONField(blank=True, help_text='Answers to the closing questions, once sent.', null=True)),
                ('arrival', models.JSONField(blank=True, default=dict, help_text='What the panel sent with the rater.')),
                ('device', models.JSONField(blank=True, default=dict, help_text='Viewport, pixel ratio, user agent.')),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('rater', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='rating.rater')),
                ('study', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='studies.study')),
            ],
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField(help_text='Order within the session, from 0.')),
                ('order', models.JSONField(help_text='Slot shown at each place on screen, e.g. [1, 0].')),
                ('cells', models.JSONField(blank=True, default=list, help_text="For each place, the order of a grid's samples; empty where a place is one image.")),
                ('parameters', models.JSONField(blank=True, default=dict, help_text='Of a timed trial: its exposure; empty until the votes before it have set it.', null=True)),
                ('is_repeat', models.BooleanField(default=False, help_text='A quality check, left out of quotas and estimates.')),
                ('lease_until', models.DateTimeField()),
                ('lapsed', models.BooleanField(default=False, help_text='Its lease expired and its opening went to somebody else.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('trial', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='studies.trial')),
                ('opening', models.ForeignKey(blank=True, help_text='The vote it is to give; empty for a repeat, which counts for none.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='rating.opening')),
                ('session', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='rating.session')),
            ],
            options={
                'ordering': ['session', 'position'],
            },
        ),
        migrations.CreateModel(
            name='Tombstone',
            fields=[
                ('vote_id', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64)),
                ('reason', models.TextField()),
                ('withdrawn_at', models.DateTimeField(auto_now_add=True)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tombstones', to='studies.study')),
            ],
        ),
        migrations.CreateModel(
            name='Vote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(help_text="The client's idempotency key, unique within the session.")),
                ('outcome', models.CharField(choices=[('answered', 'answered'), ('cannot_tell', 'cannot tell'), ('not_shown', 'image did not load')], default='answered', max_length=12)),
                ('late', models.BooleanField(default=False, help_text='Came after its lease had expired.')),
                ('spoilt', models.BooleanField(default=False, help_text='Timed, and not shown as asked: frames were lost or the page was hidden.')),
                ('response_ms', models.FloatField(help_text='From images shown to answer.')),
                ('timings', models.JSONField(blank=True, default=dict, help_text='Shown at, viewport, visibility, frames, input device.')),
                ('received_at', models.DateTimeField(auto_now_add=True)),
                ('assignment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='vote', to='rating.assignment')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.SmallIntegerField()),
                ('question', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='studies.question')),
                ('vote', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='rating.vote')),
            ],
        ),
        migrations.AddIndex(
            model_name='opening',
            index=models.Index(condition=models.Q(('free_from__isnull', False)), fields=['study', 'free_from'], name='opening_unfilled'),
        ),
        migrations.AddConstraint(
            model_name='opening',
            constraint=models.UniqueConstraint(fields=('study', 'turn'), name='opening_turn_once_a_study'),
        ),
        migrations.AddConstraint(
            model_name='ruleset',
            constraint=models.UniqueConstraint(fields=('study', 'version'), name='rules_version_once_a_study'),
        ),
        migrations.AddConstraint(
            model_name='seal',
            constraint=models.UniqueConstraint(fields=('study', 'number'), name='seal_number_once_a_study'),
        ),
        migrations.AddConstraint(
            model_name='session',
            constraint=models.UniqueConstraint(fields=('study', 'rater'), name='session_once_a_rater'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(fields=('session', 'position'), name='assignment_place_once'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(fields=('session', 'trial', 'is_repeat'), name='assignment_trial_once_a_session'),
        ),
        migrations.AddConstraint(
            model_name='answer',
            constraint=models.UniqueConstraint(fields=('vote', 'question'), name='answer_once_a_question'),
        ),
    ]
