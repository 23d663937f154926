"""An S3 server on this machine, and databases of PostgreSQL for one drill."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server with the empty buckets ``media`` and ``backups``."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    for bucket in ("media", "backups"):
        client_of(address).create_bucket(Bucket=bucket)
    yield address
    server.stop()


def client_of(address: str):
    """Return a client of an S3 server."""
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="someone",
        aws_secret_access_key="secret",
    )


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database and returns its address."""
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must run the drill on PostgreSQL: {error}")
        pytest.skip("no PostgreSQL answers")
    made: list[str] = []

    def make() -> str:
        made.append(f"drill_{uuid.uuid4().hex[:12]}")
        server.execute(f'CREATE DATABASE "{made[-1]}"')
        return urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{made[-1]}"))

    with server:
        yield make
        for name in made:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
