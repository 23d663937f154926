"""`manage.py withdraw_rater`: erase how a rater can be recognised, and with --votes their votes too."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from humaneval.rating.models import Rater
from humaneval.recruitment.withdrawing import withdraw
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """A withdrawal, in the name of a user who will stand in the audit log."""

    help = "Erase a rater's panel id, and with --votes the votes, leaving an audited tombstone."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("rater", help="pseudonym, such as r17")
        parser.add_argument("--user", required=True, help="username of who does this")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--votes", action="store_true", help="erase the votes too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Withdraw, and print the tombstone's digest."""
        number = options["rater"].removeprefix("r")
        rater = Rater.objects.filter(pk=int(number)).first() if number.isdecimal() else None
        user = User.objects.filter(username=options["user"]).first()
        if rater is None or user is None:
            raise CommandError("There is no such rater." if rater is None else "There is no such user.")
        tombstone = withdraw(rater=rater, erase_votes=options["votes"], reason=options["reason"], user=user)
        self.stdout.write(f"Withdrawn; tombstone {tombstone.digest}")
