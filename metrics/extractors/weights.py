"""Where published weights lie, and how they are checked: a setting, the cache, then a download."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from metrics.errors import InvalidInput, MissingWeights

CHUNK = 1 << 20
TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0", ""})


@dataclass(frozen=True)
class PublishedFile:
    """A file of weights that the world agrees on: its names, size, SHA-256 and addresses."""

    title: str
    names: tuple[str, ...]
    size: int
    sha256: str
    urls: tuple[str, ...]
    setting: str


def cache_folder() -> Path:
    """Return where weights and features are kept: METRICS_CACHE, else the user's cache folder.

    Raises InvalidInput where METRICS_CACHE names a file.
    """
    configured = os.environ.get("METRICS_CACHE", "").strip()
    if configured:
        if Path(configured).is_file():
            raise InvalidInput(f"METRICS_CACHE={configured!r} is a file: name a folder.")
        return Path(configured)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "humaneval-metrics"


def is_offline() -> bool:
    """Return whether METRICS_OFFLINE forbids downloads; raises InvalidInput for no such word."""
    text = os.environ.get("METRICS_OFFLINE", "").strip().lower()
    if text not in TRUE | FALSE:
        raise InvalidInput(f"METRICS_OFFLINE={text!r} is neither true nor false: write true or false.")
    return text in TRUE


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_weights(file: PublishedFile, path: str | Path | None = None, *, verify: bool = True) -> Path:
    """Return a file of weights on this machine: ``path``, the setting's, or the cache's.

    A folder may be given instead of a file. Raises MissingWeights when there is none, or when ``verify``
    and its checksum is another.
    """
    for candidate in _candidates(file, path):
        if candidate.is_file():
            if verify:
                _check(file, candidate)
            return candidate
        if path is not None:
            raise MissingWeights(f"{candidate} does not exist. {where_to_put(file)}")
    raise MissingWeights(where_to_put(file))


def _candidates(file: PublishedFile, path: str | Path | None) -> list[Path]:
    configured = path or os.environ.get(file.setting)
    if configured:
        place = Path(configured)
        found = [place / name for name in file.names if (place / name).is_file()]
        return found or [place / file.names[0] if place.is_dir() else place]
    return [cache_folder() / "weights" / name for name in file.names]


def _check(file: PublishedFile, path: Path) -> None:
    found = file_sha256(path)
    if found != file.sha256:
        raise MissingWeights(
            f"{path} is not {file.title}: its SHA-256 is {found} ({path.stat().st_size:,} bytes) instead of "
            f"{file.sha256} ({file.size:,} bytes). It may be a broken download: delete it and fetch it again."
        )


def where_to_put(file: PublishedFile) -> str:
    """Return the sentence that says which file is missing, its checksum, and where it goes."""
    return (
        f"The weights of {file.title} are not on this machine. Get {' or '.join(file.names)} "
        f"({file.size:,} bytes, SHA-256 {file.sha256}) from {file.urls[0]} and put it into "
        f"{cache_folder() / 'weights'}, or set {file.setting} to where it lies."
    )


def fetch_weights(file: PublishedFile, path: str | Path | None = None, *, verify: bool = True) -> Path:
    """Return ``find_weights``, or download into the cache when nothing was configured.

    METRICS_OFFLINE=true forbids the download. The file appears in the cache only if its checksum is right.
    """
    offline = is_offline()
    try:
        return find_weights(file, path, verify=verify)
    except MissingWeights as error:
        if path or os.environ.get(file.setting) or offline:
            raise
        reasons = []
        for url in file.urls:
            try:
                return _download(file, url)
            except (OSError, urllib.error.URLError, MissingWeights) as failure:
                reasons.append(f"{url}: {failure}")
        raise MissingWeights(f"{error} The download failed: {'; '.join(reasons)}") from None


def _download(file: PublishedFile, url: str) -> Path:
    target = cache_folder() / "weights" / file.names[0]
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with urllib.request.urlopen(url, timeout=15) as answer, part.open("wb") as out:  # noqa: S310 pinned https
            while chunk := answer.read(CHUNK):
                out.write(chunk)
        _check(file, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target
