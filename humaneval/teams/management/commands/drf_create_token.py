"""`manage.py drf_create_token USER`: a key to the API, printed once."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from humaneval.teams.audit import record_action
from humaneval.teams.models import ApiToken
from humaneval.ui.commands import DataCommand


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no day: write it as 2027-01-31") from None


class Command(DataCommand):
    """In place of the framework's command of this name, which would store the key itself."""

    help = "Make a key to the API for somebody, and print it: only its hash is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare whose it is."""
        parser.add_argument("username")
        parser.add_argument(
            "-r", "--reset", action="store_true", help="replace the key that the person has; it stops working"
        )

        parser.add_argument(
            "--expires", metavar="YYYY-MM-DD", type=_day, help="the last day (UTC) on which it opens anything"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it; fails where there is no such person, or they have one that is not to be replaced."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"Nobody is called {options['username']} here.")
        with transaction.atomic():
            former = ApiToken.objects.filter(user=user).first()
            if former is not None and not options["reset"]:
                raise CommandError(f"{user} has the key {former}. Give --reset to replace it.")
            if former is not None:
                record_action(action="revoke token", subject=user, token=former.beginning)
                former.delete()
            token = ApiToken.objects.create(user=user)
            token.let_expire(options["expires"])
            until = str(options["expires"] or "")
            record_action(action="make token", subject=user, token=token.beginning, expires_on=until)
        self.stdout.write(token.secret)
