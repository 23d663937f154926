"""Settings that are right by themselves and wrong together: said at the start, not found out by raters."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

LEAST_SECRET = 32
ORIGIN = re.compile(r"https?://[^\s/;,]+")
ANCESTOR = re.compile(
    r"\*|'self'|'none'|https?:|https?://[^\s/;,']+|(\*\.)?([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(:\d+)?"
)
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*|arn:\S+")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def served_at(file: Path) -> str:
    """Return the address at which the platform was served last, as `manage.py serve` notes it."""
    return file.read_text(encoding="utf-8").strip() if file.is_file() else "http://127.0.0.1:8000"


def writable_folder(folder: Path) -> Path:
    """Return a folder that is there and can be written to, made if need be; else raise, saying what to do."""
    advice = "name another folder by DATA_DIR, or make this one writable for the user who runs the platform"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR={str(folder)!r}: {error.strerror}; {advice}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"DATA_DIR={str(folder)!r} cannot be written to: {advice}.")
    return folder


def host_of(url: str) -> str:
    """Return an address's host as ``ALLOWED_HOSTS`` wants it: IPv6 in brackets."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def hosts_of(public_url: str) -> list[str]:
    """Return the hosts to answer to where nobody chose: this machine's own names and the public one."""
    return list(dict.fromkeys([*LOCAL_HOSTS, host_of(public_url)]))


def check(
    *,
    debug: bool,
    public_url: str,
    allowed_hosts: Sequence[str],
    origins: Sequence[str],
    ancestors: Sequence[str],
    secret_key: str,
    proxies: int | None,
    s3_bucket: str,
    s3: Mapping[str, str],
) -> None:
    """Raise :class:`ImproperlyConfigured` with one sentence for the first contradiction.

    ``proxies`` is how many there are, None when the server says it is behind none; ``s3`` are the
    settings that mean nothing without a bucket.
    """
    if debug and public_url.startswith("https://"):
        raise ImproperlyConfigured(
            "DEBUG is true and PUBLIC_URL is for others: error pages would show them settings and code. Take "
            "DEBUG out."
        )
    _check_hosts(public_url, allowed_hosts)
    _check_sites(origins, ancestors)
    if public_url.startswith("https://") and len(secret_key) < LEAST_SECRET:
        raise ImproperlyConfigured(
            f"SECRET_KEY has {len(secret_key)} characters, which can be guessed: make one with "
            "`openssl rand -hex 32`."
        )
    if proxies == 0:
        raise ImproperlyConfigured(
            "BEHIND_PROXY is true and NUM_PROXIES is 0: all raters would share one address and one rate "
            "limit. Set NUM_PROXIES to the number of proxies in front, usually 1."
        )
    _check_s3(s3_bucket, s3)


def _check_hosts(public_url: str, allowed_hosts: Sequence[str]) -> None:
    if not allowed_hosts:
        raise ImproperlyConfigured("ALLOWED_HOSTS is empty: set it to the host names this server answers to.")
    host = host_of(public_url)
    if not validate_host(host, allowed_hosts):
        raise ImproperlyConfigured(
            f"ALLOWED_HOSTS lacks {host}, the host of PUBLIC_URL: raters' links would be refused. Add it, or "
            "leave ALLOWED_HOSTS out."
        )


def _check_sites(origins: Sequence[str], ancestors: Sequence[str]) -> None:
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ImproperlyConfigured(
                f"CSRF_TRUSTED_ORIGINS has {origin!r}, which is no origin: write https://study.example.org."
            )
    for site in ancestors:
        if not ANCESTOR.fullmatch(site):
            raise ImproperlyConfigured(
                f"RATER_FRAME_ANCESTORS has {site!r}, which is no site: write https://app.prolific.com, "
                "*.example.org, or * for any, with commas between."
            )


def _check_s3(bucket: str, s3: Mapping[str, str]) -> None:
    given = [name for name, value in s3.items() if value]
    if given and not bucket:
        raise ImproperlyConfigured(
            f"{given[0]} is set and S3_BUCKET is not: name the bucket, or take out what begins with S3_."
        )
    if bucket and not BUCKET.fullmatch(bucket):
        raise ImproperlyConfigured(
            f"S3_BUCKET={bucket!r} is no bucket's name: write the name alone, the address of its server into "
            "S3_ENDPOINT_URL, and a folder inside it into S3_PREFIX."
        )
    if bool(s3["S3_ACCESS_KEY"]) != bool(s3["S3_SECRET_KEY"]):
        raise ImproperlyConfigured("S3_ACCESS_KEY and S3_SECRET_KEY go together: set both, or neither.")
