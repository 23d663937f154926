"""Keys to the API and recovery codes are stored hashed from here on; those that there are still work.

Nothing leads back from a hash to its key: undoing this takes hashed keys and codes away, so that no hash is
taken for a key, and people make new ones.
"""

import base64
import hashlib
import hmac

from django.conf import settings
from django.db import migrations


def _form_of_key(key):
    digest = base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()).decode()
    return f"{key[:6]}~{digest[:33]}"


def _form_of_code(code, user_id):
    key = hashlib.sha256(f"recovery code{settings.SECRET_KEY}".encode()).digest()
    digest = hmac.new(key, f"{user_id}:{code}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:16]


def _rows(apps, schema_editor, app, model):
    return apps.get_model(app, model).objects.using(schema_editor.connection.alias)


def hash_all(apps, schema_editor):
    tokens = _rows(apps, schema_editor, "authtoken", "Token")
    for key in tokens.exclude(key__contains="~").values_list("key", flat=True):
        tokens.filter(key=key).update(key=_form_of_key(key))
    codes = _rows(apps, schema_editor, "otp_static", "StaticToken")
    for pk, code, user_id in codes.values_list("pk", "token", "device__user_id"):
        if len(code) < 16:
            codes.filter(pk=pk).update(token=_form_of_code(code, user_id))
    # The admin's history kept each key as the name of what was made, changed or deleted.
    history = _rows(apps, schema_editor, "admin", "LogEntry")
    for pk, name in history.filter(content_type__app_label="authtoken").values_list("pk", "object_repr"):
        history.filter(pk=pk).update(object_repr=f"{name[:6]}…")


def take_hashed_away(apps, schema_editor):
    _rows(apps, schema_editor, "authtoken", "Token").filter(key__contains="~").delete()
    _rows(apps, schema_editor, "otp_static", "StaticToken").filter(token__regex="^.{16}$").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('admin', '0003_logentry_add_action_flag_choices'),
        ('authtoken', '0004_alter_tokenproxy_options'),
        ('otp_static', '0003_add_timestamps'),
        ('teams', '0002_audit_log'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiToken',
            fields=[],
            options={
                'verbose_name': 'API token',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('authtoken.tokenproxy',),
        ),
        migrations.RunPython(hash_all, take_hashed_away),
    ]
