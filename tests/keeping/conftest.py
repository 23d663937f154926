"""An S3 server on this machine, and databases of PostgreSQL for one drill."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.needs import missing
from tests.s3 import aws_server, client_of

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server with the empty buckets ``media`` and ``backups``."""
    with aws_server() as address:
        for bucket in ("media", "backups"):
            client_of(address).create_bucket(Bucket=bucket)
        yield address


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database and returns its address."""
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        missing(f"PostgreSQL does not answer: {error}")
    made: list[str] = []

    def make() -> str:
        made.append(f"drill_{uuid.uuid4().hex[:12]}")
        server.execute(f'CREATE DATABASE "{made[-1]}"')
        return urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{made[-1]}"))

    with server:
        yield make
        for name in made:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
