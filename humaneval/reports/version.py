"""Which code made a report."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

_DISTRIBUTION = "humaneval-platform"
_ROOT = Path(__file__).resolve().parents[2]


@cache
def code_version() -> str:
    """Return the release, and in a clone or an image the commit too, e.g. ``0.1.0+g1a2b3c4d5e6f``."""
    commit = _commit()
    return f"{_release()}+g{commit[:12]}" if commit else _release()


def _release() -> str:
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        pyproject = tomllib.loads((_ROOT / "pyproject.toml").read_text())
        return str(pyproject["project"]["version"])


def _commit() -> str:
    """Return the commit of an image or a clone, and nothing elsewhere. Git need not be installed."""
    built = _ROOT / "COMMIT"  # written by deploy/Containerfile, which has no .git
    if built.is_file():
        return built.read_text().strip()
    folder = _ROOT / ".git"
    head = folder / "HEAD"
    if not head.is_file():
        return ""
    name = head.read_text().strip()
    if not name.startswith("ref: "):
        return name
    reference = folder / name.removeprefix("ref: ")
    return reference.read_text().strip() if reference.is_file() else _packed(folder, name)


def _packed(folder: Path, name: str) -> str:
    packed = folder / "packed-refs"
    lines = packed.read_text().splitlines() if packed.is_file() else []
    found = [line.split()[0] for line in lines if line.endswith(" " + name.removeprefix("ref: "))]
    return found[0] if found else ""
