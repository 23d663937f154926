"""Reading settings from the environment, strictly: what cannot be understood stops the start."""

from __future__ import annotations

import os
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0", ""})
BESIDE = Path(__file__).resolve().parents[2] / ".env"
"""The file of settings beside manage.py, read where ``ENV_FILE`` names no other."""
LOG_FORMATS = ("plain", "json")
POSTGRES, SQLITE = "django.db.backends.postgresql", "django.db.backends.sqlite3"
ENGINES = (POSTGRES, SQLITE)


class StrictEnv(environ.FileAwareEnv):
    """Environment variables, or files named by ``<NAME>_FILE``, as values of the wanted kind.

    Every method raises :class:`ImproperlyConfigured` with one sentence for a person when the text cannot
    be read; django-environ by itself takes DEBUG=ture for false.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ENVIRON = FileAwareMapping(cache=False)
        self.names: set[str] = set()
        """Every name that was asked for so far."""

    def read_file(self, name: str, default: Path) -> None:
        """Read the file of settings that a variable names, or the default one where it is there."""
        path = Path(self.text(name, str(default)))
        if not path.exists() and path != default:
            raise ImproperlyConfigured(f"{name}={str(path)!r} is not there: correct it, or take it out.")
        try:
            self.read_env(str(path))
        except OSError as error:
            raise ImproperlyConfigured(f"The settings in {path} cannot be read: {error.strerror}.") from error

    def text(self, name: str, default: str = "") -> str:
        """Return a variable as text, without the line break that files end with."""
        self.names.add(name)
        # Not by django-environ's own str(), which takes a secret that begins with $ for another's name.
        if self.ENVIRON.env.get(f"{name}_FILE"):
            return self._from_file(name)
        return str(self.ENVIRON.get(name, default)).strip()

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        text = self.text(name, str(default)).lower()
        if text not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name}={text!r} is neither true nor false: write true or false.")
        return text in TRUE

    def whole(self, name: str, default: int, *, least: int = 0) -> int:
        """Return a whole number of at least ``least``."""
        return int(self._number(int, "a whole number", name, default, least))

    def number(self, name: str, default: float, *, least: float = 0.0) -> float:
        """Return a number of at least ``least``."""
        return float(self._number(float, "a number", name, default, least))

    def items(self, name: str, default: list[str]) -> list[str]:
        """Return the non-empty items of a comma-separated list."""
        text = self.text(name, ",".join(default))
        return [item for part in text.split(",") if (item := part.strip())]

    def exact(self, name: str, default: str) -> Decimal:
        """Return a decimal number of at least 0, such as a rate of money."""
        text = self.text(name, default)
        try:
            value = Decimal(text)
        except InvalidOperation as error:
            raise ImproperlyConfigured(f"{name}={text!r} is not a number: write it as {default}.") from error
        if not value.is_finite() or value < 0:
            raise ImproperlyConfigured(f"{name}={text} is out of range: at least 0 is needed.")
        return value

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """Return a URL of one of the schemes, or nothing where nothing is set."""
        text = self.text(name, default)
        scheme, mark, _rest = text.partition("://")  # the rest may hold a password: it is never shown
        if text and (not mark or scheme not in schemes):
            examples = " or ".join(f"{known}://…" for known in schemes)
            raise ImproperlyConfigured(
                f"{name} ({scheme if mark else 'without a scheme'}) is no address: write {examples}."
            )
        return text

    def site(self, name: str, default: str) -> str:
        """Return the address of a web site: http or https, a host, no path's last slash."""
        text = self.address(name, default, ("https", "http")).rstrip("/")
        try:
            complete = bool(urlsplit(text).hostname) and urlsplit(text).port != 0
        except ValueError:
            complete = False
        if text and not complete:
            raise ImproperlyConfigured(f"{name}={text!r} names no host: write https://study.example.org.")
        return text

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:
        """Return one of the options."""
        text = self.text(name, default)
        if text not in options:
            raise ImproperlyConfigured(f"{name}={text!r} is not one of {', '.join(options)}.")
        return text

    def rate(self, name: str, default: str) -> str:
        """Return a rate as throttles take it: a whole number for each second, minute, hour or day."""
        text = self.text(name, default)
        if not re.fullmatch(r"[1-9][0-9]*/(s|sec|second|m|min|minute|h|hour|d|day)", text):
            raise ImproperlyConfigured(f"{name}={text!r} is not a rate: write it as 60/min.")
        return text

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's description of the database at an address."""
        url = self.text(name, default)
        try:
            found: dict[str, Any] = self.db_url_config(url) if "://" in url else {}
        except ValueError:  # of a port, or of a password that was not written as addresses want it
            found = {}
        if found.get("ENGINE") not in ENGINES or not found.get("NAME"):
            scheme = url.partition("://")[0] if "://" in url else ""  # the rest may hold a password
            raise ImproperlyConfigured(
                f"{name} ({scheme or 'without a scheme'}) names no database: write "
                "postgres://user:password@host:5432/name or sqlite:////path/to/file. A password of more than "
                "letters and digits is best given by DATABASE_PASSWORD."
            )
        if found["ENGINE"] == SQLITE and found["NAME"] != ":memory:":
            _need_folder(name, Path(found["NAME"]))
        return found

    def file(self, name: str) -> str:
        """Return the path of a file to be written, whose folder is there; nothing where nothing is set."""
        text = self.text(name, "")
        if text:
            _need_folder(name, Path(text))
        return text

    def _from_file(self, name: str) -> str:
        """Return what the file says that ``<NAME>_FILE`` names; an empty or doubled setting is an error."""
        path = self.ENVIRON.env[f"{name}_FILE"]
        if self.ENVIRON.env.get(name):
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one of them.")
        try:
            text = str(self.ENVIRON[name]).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it holds no text"
            raise ImproperlyConfigured(f"{name}_FILE={path!r} cannot be read: {reason}.") from error
        if not text:
            raise ImproperlyConfigured(f"{name}_FILE={path!r} is empty: write the setting into it.")
        return text

    def _number(
        self, kind: type[int] | type[float], words: str, name: str, default: float, least: float
    ) -> float:
        text = self.text(name, str(default))
        try:
            value = kind(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}={text!r} is not {words}.") from error
        if not least <= value < float("inf"):
            raise ImproperlyConfigured(f"{name}={text} is out of range: at least {least} is needed.")
        return value


def _need_folder(name: str, file: Path) -> None:
    if not file.parent.is_dir():
        raise ImproperlyConfigured(
            f"{name} names {file}, and there is no folder {file.parent}: make it, or correct the path."
        )


def log_format() -> str:
    """Return what ``LOG_FORMAT`` says, for processes that log before the settings are read.

    Leaves no trace in the environment, so that what is read anew later is. What cannot be understood is
    for the settings to say.
    """
    before = set(os.environ)
    try:
        env = StrictEnv()
        env.read_file("ENV_FILE", BESIDE)
        return env.choice("LOG_FORMAT", "plain", LOG_FORMATS)
    except ImproperlyConfigured:
        return "plain"
    finally:
        for name in set(os.environ) - before:
            del os.environ[name]
