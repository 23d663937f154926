"""Servers on this machine that speak as AWS's do: moto's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

SOMEONE = {
    "AWS_ACCESS_KEY_ID": "someone",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""Whose keys all are: the server takes any."""


@contextmanager
def aws_server(host: str = "127.0.0.1") -> Iterator[str]:
    """Give the address of a server for S3 and SQS; all of one process share their buckets and queues."""
    from moto.server import ThreadedMotoServer  # slow to import, and few tests need it

    server = ThreadedMotoServer(ip_address=host, port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client_of(address: str, service: str = "s3") -> Any:
    """Return a client of a server's service."""
    return boto3.client(
        service,
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="someone",
        aws_secret_access_key="secret",
    )


def name_in_environment(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever finds its server and keys in the environment find these."""
    for name, value in {**SOMEONE, "AWS_ENDPOINT_URL": address}.items():
        monkeypatch.setenv(name, value)
