"""Why something is not backed up, restored or moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from django.core.management.base import CommandError

MOST_SHOWN = 20


class Refusal(Exception):
    """It is not done; the message says why and what to do."""


def in_lines(title: str, problems: Sequence[str]) -> str:
    """Return a title and the first problems under it, one a line."""
    more = len(problems) - MOST_SHOWN
    return "\n".join([title, *problems[:MOST_SHOWN], *([f"… and {more} more"] if more > 0 else [])])


@contextmanager
def refusals_said() -> Iterator[None]:
    """Let a refusal, a full disk or a storage that does not answer end a command with its sentence."""
    try:
        yield
    except Refusal as error:
        raise CommandError(str(error)) from error
    except (OSError, BotoCoreError, ClientError) as error:
        raise CommandError(
            f"It could not be finished: {error}. Mend that, then run the command again."
        ) from error
