import django.core.validators
import django.db.models.deletion
import humaneval.recruitment.models.intents
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('rating', '0002_vacuum_openings_early'),
        ('studies', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='LinkSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person_parameter', models.CharField(default='rater', help_text="Query parameter of the link in which the panel sends the rater's id.", max_length=60)),
                ('kept_parameters', models.CharField(blank=True, help_text='Other query parameters to keep with the session, with commas between: projectId,batch. Empty: all of them.', max_length=300)),
                ('invited_only', models.BooleanField(default=False, help_text='Only those who hold an invitation may begin.')),
                ('return_url', models.URLField(blank=True, help_text='Where raters go at the end; {code} becomes the completion code. Empty: nowhere.', max_length=500)),
                ('quota_full_code', models.CharField(blank=True, help_text='Code for those who find that nothing is left to rate. Empty: the completion code.', max_length=40)),
                ('screened_out_code', models.CharField(blank=True, help_text='Code for those to whom no image could be shown. Empty: the completion code.', max_length=40)),
                ('study', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='link_settings', to='studies.study')),
            ],
            options={
                'verbose_name': 'link settings',
                'verbose_name_plural': 'link settings',
            },
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('panel', models.CharField(max_length=40)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('publishing', 'being published'), ('live', 'live'), ('paused', 'paused'), ('closed', 'closed')], default='draft', editable=False, max_length=12)),
                ('title', models.CharField(help_text='What people on the panel see in their list.', max_length=120)),
                ('description', models.TextField(help_text='What is to be done, for people on the panel.')),
                ('places', models.PositiveIntegerField(help_text='How many people may take part.', validators=[django.core.validators.MinValueValidator(1)])),
                ('reward', models.DecimalField(decimal_places=2, help_text="For one person's whole session.", max_digits=8, validators=[django.core.validators.MinValueValidator(Decimal('0.01'))])),
                ('currency', models.CharField(default='USD', max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$', 'Three capital letters.')])),
                ('minutes', models.PositiveIntegerField(default=10, help_text='How long a session is expected to take.', validators=[django.core.validators.MinValueValidator(1)])),
                ('target_wage', models.DecimalField(decimal_places=2, default=Decimal('12.00'), help_text='What an hour should pay.', max_digits=8)),
                ('budget', models.DecimalField(blank=True, decimal_places=2, help_text='The most that this study may cost over all its postings in this currency, fees and all.', max_digits=10, null=True)),
                ('approves_itself', models.BooleanField(default=False, help_text='Approve, and so pay, whoever finished the session, without asking a person each time.')),
                ('options', models.JSONField(blank=True, default=dict, help_text='What only this panel knows.')),
                ('external_id', models.CharField(blank=True, editable=False, max_length=64)),
                ('problem', models.TextField(blank=True, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('polled_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='studies.study')),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('publish_posting', 'Can publish studies to panels'), ('pay_posting', 'Can approve, reject and pay raters')],
            },
        ),
        migrations.CreateModel(
            name='Intent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('create', 'create'), ('publish', 'publish'), ('pause', 'pause'), ('resume', 'resume'), ('stop', 'stop'), ('extend', 'add places'), ('approve', 'approve'), ('reject', 'reject'), ('overturn', 'approve after rejection'), ('bonus', 'pay bonuses'), ('block', 'keep out of later studies'), ('remove', 'delete at the panel')], max_length=12)),
                ('key', models.CharField(help_text='The same wish is recorded once.', max_length=160, unique=True)),
                ('annotation', models.CharField(default=humaneval.recruitment.models.intents.annotation, max_length=40, unique=True)),
                ('args', models.JSONField(blank=True, default=dict)),
                ('state', models.CharField(choices=[('recorded', 'recorded'), ('sending', 'being sent'), ('done', 'done'), ('refused', 'refused by the panel'), ('unclear', 'unclear: look at the panel')], default='recorded', max_length=12)),
                ('evidence', models.JSONField(blank=True, default=dict, help_text='How things stood at the panel before the call.')),
                ('outcome', models.JSONField(blank=True, default=dict)),
                ('problem', models.TextField(blank=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('requested_by', models.ForeignKey(blank=True, help_text='Empty where a rule asked for it that a person switched on.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('posting', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intents', to='recruitment.posting')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=64)),
                ('person_hash', models.CharField(blank=True, help_text="Keyed hash of the panel's id; empty once erased.", max_length=64)),
                ('sealed_person', models.TextField(blank=True, help_text="The panel's id as ciphertext, for payment; empty once erased.")),
                ('state', models.CharField(choices=[('active', 'at work'), ('submitted', 'submitted, to be decided'), ('approved', 'approved'), ('rejected', 'rejected'), ('returned', 'returned'), ('timed_out', 'timed out'), ('screened_out', 'screened out')], default='active', max_length=12)),
                ('entered_code', models.CharField(blank=True, max_length=60)),
                ('details', models.JSONField(blank=True, default=dict)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('paid_bonuses', models.DecimalField(decimal_places=2, default=0, help_text='Bonuses that the panel lists as paid.', max_digits=10)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('posting', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='recruitment.posting')),
                ('session', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='submissions', to='rating.session')),
            ],
            options={
                'ordering': ['posting', 'id'],
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('base', 'reward'), ('bonus', 'bonus'), ('screen_out', 'screened out')], max_length=12)),
                ('amount', models.DecimalField(decimal_places=2, help_text='To the rater.', max_digits=10)),
                ('fee', models.DecimalField(decimal_places=2, default=Decimal('0.00'), help_text='To the panel.', max_digits=10)),
                ('currency', models.CharField(max_length=3)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('intent', models.ForeignKey(blank=True, help_text='Empty where the panel paid by itself, as after its time for a decision.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='recruitment.intent')),
                ('posting', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='recruitment.posting')),
                ('submission', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='recruitment.submission')),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('panel', models.CharField(max_length=40)),
                ('event_id', models.CharField(max_length=120)),
                ('kind', models.CharField(max_length=80)),
                ('received_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('panel', 'event_id'), name='webhook_event_once')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='From 1 within its study.')),
                ('sealed_name', models.TextField(help_text='Who is invited, as ciphertext.')),
                ('name_hash', models.CharField(help_text='Keyed hash: the same name is invited once.', max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('session', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='invitation', to='rating.session')),
                ('study', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='studies.study')),
            ],
            options={
                'ordering': ['study', 'number'],
                'constraints': [models.UniqueConstraint(fields=('study', 'number'), name='invitation_number_once_a_study'), models.UniqueConstraint(fields=('study', 'name_hash'), name='invitation_name_once_a_study')],
            },
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('panel', 'external_id'), name='posting_once_a_panel_id'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['person_hash'], name='submission_person'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(fields=('posting', 'external_id'), name='submission_once_a_posting'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'bonus'), _negated=True), fields=('submission', 'kind'), name='payment_once_a_submission'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('submission', 'intent'), name='payment_once_an_intent'),
        ),
    ]
