"""What commands have in common that work on backups."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, OutputWrapper

from humaneval.keeping.places import Place
from humaneval.keeping.pruning import Pruned
from humaneval.keeping.storages import storage_at


class BackupCommand(BaseCommand):
    """A command that reads one backup of a place; the platform itself need not be set up."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which backup."""
        parser.add_argument("place", metavar="SRC", help="what was given to backup")
        parser.add_argument("--at", metavar="NAME", default="", help="which backup; the newest by default")

    def chosen(self, options: dict[str, Any]) -> tuple[Place, str]:
        """Return the place and the name of the backup that is meant; raises Refusal where it has none."""
        place = place_at(options["place"])
        return place, place.choose(options["at"])


def place_at(address: str) -> Place:
    """Return the place of an address as people write it; raises Refusal where it is none."""
    return Place(storage_at(address), address)


def at_least_one(text: str) -> int:
    """Return a number of backups to keep, as argparse wants to be told of another."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one backup is kept")
    return number


def tell_pruned(stream: OutputWrapper, pruned: Pruned, keep: int, *, pretended: bool = False) -> None:
    """Say what a pruning kept and took away, or would."""
    stream.write(f"Kept: {', '.join(pruned.kept) or 'no good one'}")
    for stamp, flaw in pruned.flaws.items():
        stream.write(f"Kept, but not good: {stamp} ({flaw})")
    if len(pruned.kept) < keep:
        stream.write(f"There are fewer than {keep} good backups: none is taken away.")
    gone = f"{', '.join(pruned.removed) or 'nothing'}, and {pruned.files:,} media files"
    stream.write(f"{'Would be taken' if pretended else 'Taken'} away: {gone}")
