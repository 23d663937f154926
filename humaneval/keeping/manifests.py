"""What a backup says of itself: everything that is needed to tell whether it is whole, and where it fits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings

from humaneval.keeping.census import Census
from humaneval.keeping.files import Content

FORMAT = 1
SECRETS = ("SECRET_KEY", "RATER_KEY", "PANEL_ID_KEY")
"""What a backup does not hold, and a restored platform needs."""


class NoManifest(ValueError):
    """The text is no manifest that this version can read; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """A backup: its database, its list of media files, and what was counted when it was made."""

    made_at: str
    """When the backup began, ISO 8601, UTC."""
    code_version: str
    engine: str
    """``sqlite`` or ``postgresql``."""
    migrations: list[str]
    """``app.name`` of each that was applied, sorted."""
    database: Content
    media: Content
    """The list of media files, one JSON object a line: name, sha256, size."""
    media_files: int
    media_bytes: int
    census: Census
    secrets: dict[str, str]
    """Fingerprints of the secrets that were in use, which tell another one and give none away."""
    media_lost: int = 0
    """Media files that rows named and storage no longer had, or had damaged."""

    def to_text(self) -> str:
        """Return the manifest as JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def read_manifest(text: str) -> Manifest:
    """Return the manifest of a text; raises NoManifest."""
    try:
        values: dict[str, Any] = json.loads(text)
        if values.pop("format") != FORMAT:
            raise NoManifest("it was made by another version of this platform")
        values |= {name: Content(**values[name]) for name in ("database", "media")}
        return Manifest(**{**values, "census": Census(**values["census"])})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoManifest(str(error)) from error


def fingerprints() -> dict[str, str]:
    """Return a slow hash, 16 hexadecimal characters, of each secret in use."""
    return {name: _fingerprint(name, getattr(settings, name)) for name in SECRETS}


def _fingerprint(name: str, secret: str) -> str:
    salt = f"humaneval backup {name}".encode()
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=8).hex()
