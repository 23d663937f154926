#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "humaneval.config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, connection

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The settings cannot be used: {error}")
    except OperationalError as error:
        if connection.connection is not None:  # it answers: this is something else
            raise
        reason = str(error).partition("\n")[0]
        sys.exit(f"The database does not answer ({reason}): is it up, and does DATABASE_URL name it?")


if __name__ == "__main__":
    main()
