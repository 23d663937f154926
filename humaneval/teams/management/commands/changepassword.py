"""`manage.py changepassword`: Django's, and the audit log says so."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User

from humaneval.teams.audit import record_action
from humaneval.ui.commands import DataCommand


class Command(DataCommand, changepassword.Command):
    """In place of Django's command of this name, which leaves no trace."""

    def handle(self, *args: Any, **options: Any) -> str:
        """Change the password, and note whose."""
        said = str(super().handle(*args, **options))
        person = User.objects.get(username=options["username"] or getpass.getuser())
        record_action(action="set password", subject=person, by="command line")
        return said
