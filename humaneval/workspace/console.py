"""The command ``humaneval``: the workspace's verbs, and all else that ``manage.py`` knows."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

USAGE = """\
humaneval VERB ...: human evaluation of image generators, from the shell.

{verbs}
`humaneval VERB --help` says what each takes. Everything that manage.py does works here too:
`humaneval serve`, `humaneval demo`. docs/study-file.md describes study files.
"""


def verbs() -> list[str]:
    """Return the workspace's verbs in the order of the alphabet."""
    folder = resources.files("humaneval.workspace.management.commands")
    names = (entry.name.removesuffix(".py") for entry in folder.iterdir() if entry.name.endswith(".py"))
    return sorted(name for name in names if not name.startswith("_"))


def settings_for(given: list[str]) -> str:
    """Return the settings that a command runs under: analysing files needs no database."""
    return "humaneval.config.analysis" if given[:1] == ["analyze"] else "humaneval.config.settings"


def main(arguments: list[str] | None = None) -> None:
    """Run one command; without any, print the verbs."""
    with _readers_may_stop():
        _run(sys.argv[1:] if arguments is None else arguments)


def _run(given: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_for(given))
    from django.core.management import execute_from_command_line, load_command_class

    if not given or given[0] in {"-h", "--help", "help"}:
        import django

        django.setup()
        width = max(map(len, verbs())) + 2
        lines = [
            f"  {verb:<{width}}{load_command_class('humaneval.workspace', verb).help}\n" for verb in verbs()
        ]
        sys.stdout.write(USAGE.format(verbs="".join(lines)))
        return
    execute_from_command_line(["humaneval", *given])


@contextmanager
def _readers_may_stop() -> Iterator[None]:
    """End quietly where the output goes into a pipe whose reader has seen enough, as ``head`` has.

    The exit status is 1, and what is left goes nowhere: else Python would complain of it while it ends.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
