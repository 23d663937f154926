import django.core.validators
import django.db.models.deletion
import humaneval.studies.flow
import humaneval.studies.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('jobs', '0001_initial'),
        ('samples', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Study',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What you call it. Raters see only the link that is made from it.', max_length=160)),
                ('slug', models.SlugField(help_text="Last part of the raters' link. Raters see it: keep the names of models out of it.", max_length=120, unique=True)),
                ('protocol', models.CharField(help_text='Name in the protocol registry.', max_length=40)),
                ('settings', models.JSONField(blank=True, default=dict, help_text="The protocol's own settings, checked by it.")),
                ('state', models.CharField(choices=[('draft', 'draft'), ('launching', 'launching'), ('open', 'open'), ('paused', 'paused'), ('closed', 'closed')], default='draft', editable=False, max_length=12)),
                ('seed', models.PositiveIntegerField(default=humaneval.studies.models.study_seed, help_text='The same seed makes the same trials of the same samples.', validators=[django.core.validators.MaxValueValidator(2147483647)])),
                ('trial_count', models.PositiveIntegerField(default=200, help_text='Trials to make at launch, shared evenly by the sample sets or their pairs.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)])),
                ('votes_per_trial', models.PositiveIntegerField(default=3, help_text='Votes to collect for each trial.', validators=[django.core.validators.MinValueValidator(1)])),
                ('assignments_per_session', models.PositiveIntegerField(default=40, help_text='Trials that one rater answers at most.', validators=[django.core.validators.MinValueValidator(1)])),
                ('repeats_per_session', models.PositiveIntegerField(default=0, help_text='Trials shown a second time to check consistency; never counted.')),
                ('lease_minutes', models.PositiveIntegerField(default=60, help_text='How long a rater may take before a trial is offered to others.', validators=[django.core.validators.MinValueValidator(1)])),
                ('display_width', models.PositiveIntegerField(default=0, help_text='Width of one image on screen in CSS pixels; 0 shows it at its own size.')),
                ('title', models.CharField(blank=True, help_text='What raters see as the title.', max_length=160)),
                ('instructions', models.TextField(blank=True)),
                ('consent_text', models.TextField(blank=True)),
                ('thanks_text', models.TextField(blank=True)),
                ('completion_code', models.CharField(default=humaneval.studies.models.completion_code, max_length=40)),
                ('flow', models.JSONField(blank=True, default=humaneval.studies.flow.default_flow, help_text="What surrounds the trials: device gate, comprehension questions, breaks, closing questions, debrief, and the study's words in other languages. Names left out keep their defaults.", validators=[humaneval.studies.flow.check_flow])),
                ('launch_error', models.TextField(blank=True, editable=False, help_text='Why the last launch failed, a sentence a line.')),
                ('design_digest', models.CharField(blank=True, editable=False, help_text='SHA-256 of what the trials were made from: samples, seed, settings.', max_length=64)),
                ('recipe', models.CharField(blank=True, editable=False, help_text="The stimuli's recipe, fixed at launch.", max_length=120)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('opened_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('closed_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('launch_job', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='launched_study', to='jobs.job')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='studies', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'studies',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Condition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(blank=True, help_text='Name in reports; never shown to raters.', max_length=120)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('sample_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conditions', to='samples.sampleset')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='studies.study')),
            ],
            options={
                'ordering': ['position', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Trial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('slots', models.JSONField()),
                ('turn', models.PositiveSmallIntegerField(default=0)),
                ('lineup', models.JSONField(blank=True, default=list)),
                ('condition', models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='trials', to='studies.condition')),
                ('other', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='trials_as_other', to='studies.condition')),
                ('prompt', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='samples.prompt')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trials', to='studies.study')),
            ],
            options={
                'ordering': ['study', 'number'],
            },
        ),
        migrations.CreateModel(
            name='Question',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(help_text='Short name in exports, such as realism; never shown to raters.', max_length=40)),
                ('text', models.CharField(max_length=300)),
                ('points', models.PositiveSmallIntegerField(default=5, help_text='Points of the scale.', validators=[django.core.validators.MinValueValidator(2), django.core.validators.MaxValueValidator(11)])),
                ('low_label', models.CharField(blank=True, max_length=80)),
                ('middle_label', models.CharField(blank=True, max_length=80)),
                ('high_label', models.CharField(blank=True, max_length=80)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='studies.study')),
            ],
            options={
                'ordering': ['position', 'id'],
                'constraints': [models.UniqueConstraint(fields=('study', 'key'), name='question_key_once_a_study')],
            },
        ),
        migrations.CreateModel(
            name='DuplicatePair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('batch', models.PositiveIntegerField(help_text='Number of the batch that held both.')),
                ('distance', models.FloatField(blank=True, help_text='In the feature space that found the pair, if known.', null=True)),
                ('condition', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pairs', to='studies.condition')),
                ('first', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='samples.sample')),
                ('second', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='samples.sample')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='studies.study')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('study', 'first', 'second'), name='duplicate_pair_once_a_study')],
            },
        ),
        migrations.AddConstraint(
            model_name='condition',
            constraint=models.UniqueConstraint(fields=('study', 'sample_set'), name='condition_once_a_study'),
        ),
        migrations.AddConstraint(
            model_name='trial',
            constraint=models.UniqueConstraint(fields=('study', 'number'), name='trial_number_once_a_study'),
        ),
    ]
