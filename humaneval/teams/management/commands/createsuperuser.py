"""`manage.py createsuperuser`: Django's, and the audit log says so."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User

from humaneval.teams.audit import record_action
from humaneval.ui.commands import DataCommand


class Command(DataCommand, createsuperuser.Command):
    """In place of Django's command of this name, which leaves no trace of who may do everything."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account, and note it."""
        superusers = User.objects.filter(is_superuser=True)
        before = list(superusers.values_list("pk", flat=True))
        super().handle(*args, **options)
        for person in superusers.exclude(pk__in=before):
            name = person.get_username()
            record_action(action="add person", subject=person, person=name, superuser=True, by="command line")
