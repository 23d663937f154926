"""Connections to services by TLS: certificates are checked, against whom they were made for too."""

from __future__ import annotations

import ssl
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def authorities(path: str) -> str:
    """Return the file of authorities to believe, nothing for the system's own; raise if it holds none."""
    if path:
        try:
            ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            raise ImproperlyConfigured(
                f"TLS_CA_FILE={path!r} cannot be used ({error.strerror or error}): name a file of "
                "certificates in PEM form, or take it out to believe the system's authorities."
            ) from error
    return path


def of_broker(url: str, authorities: str) -> dict[str, Any] | None:
    """Return Celery's ``broker_use_ssl`` for an address; None where it asks for no TLS.

    Without it kombu checks no certificate of ``rediss://``, and of ``amqps://`` not whom it was made for.
    """
    if url.startswith("rediss:"):
        known = {"ssl_ca_certs": authorities} if authorities else {}
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **known}
    if url.startswith("amqps:"):
        known = {"ca_certs": authorities} if authorities else {}
        return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None, **known}  # None: the broker's own
    return None


def of_cache(url: str, authorities: str) -> dict[str, Any]:
    """Return what redis-py needs besides the address: by itself it checks, by the system's authorities."""
    return {"ssl_ca_certs": authorities} if authorities and url.startswith("rediss:") else {}


def of_database(options: dict[str, Any], authorities: str) -> dict[str, Any]:
    """Return libpq's options, with the authorities where it is to check and is not told by which."""
    if not authorities or not str(options.get("sslmode", "")).startswith("verify-"):
        return options
    return {"sslrootcert": authorities, **options}
