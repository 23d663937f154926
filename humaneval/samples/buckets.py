"""An S3 prefix as a source of samples: ``s3://bucket/prefix``, with the credentials of the machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import IO, Any, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from humaneval.samples.sources import (
    NAME_LENGTH,
    Entry,
    OwnTable,
    Problem,
    SourceError,
    check_limits,
    is_clutter,
    is_own_table,
    not_open,
    objection,
    sorted_tables,
    tidy_path,
)

SCHEME = "s3://"


class BucketSource:
    """The objects under a prefix, in the order of their keys; ``roots`` bounds where it may begin.

    Credentials, region and address come from the environment, as AWS's own tools have it (AWS_PROFILE,
    AWS_ENDPOINT_URL and the like).
    """

    def __init__(self, address: str, *, roots: Sequence[Any] | None = None) -> None:
        if roots is not None and not any(_is_within(address, str(root)) for root in roots):
            raise not_open(address, roots)
        self.bucket, _slash, prefix = address.removeprefix(SCHEME).partition("/")
        if not self.bucket:
            raise SourceError(f"{address} names no bucket: write s3://bucket/prefix.")
        self.prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        self.address = address

    def count(self) -> int:
        """Return the number of objects; raises SourceError where they exceed a limit."""
        if self._objects or not self.own_tables():
            check_limits(len(self._objects), sum(size for _key, size in self._objects), "prefix")
        return len(self._objects)

    def entries(self) -> Iterator[Entry | Problem]:
        """Yield each object."""
        for key, size in self._objects:
            name = self._name(key)
            if reason := objection(name, "the prefix"):
                yield Problem(name[:NAME_LENGTH], reason)
            else:
                yield Entry(name=name, size=size, open=lambda key=key: self._open(key))  # type: ignore[misc]

    def own_tables(self) -> list[OwnTable]:
        """Return the tables under the prefix."""
        return sorted_tables(
            OwnTable(self._name(key), partial(self._open, key))
            for key, _size in self._listing
            if self._is_visible(key) and is_own_table(key)
        )

    def _name(self, key: str) -> str:
        return tidy_path(key.removeprefix(self.prefix).lstrip("/"))

    @cached_property
    def _client(self) -> Any:
        return boto3.client("s3")

    @cached_property
    def _listing(self) -> list[tuple[str, int]]:
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix
            )
            found = [(row["Key"], int(row["Size"])) for page in pages for row in page.get("Contents", ())]
        except (BotoCoreError, ClientError) as error:
            raise SourceError(f"{self.address} cannot be listed: {error}") from error
        return sorted(found)

    @cached_property
    def _objects(self) -> list[tuple[str, int]]:
        return [(key, size) for key, size in self._listing if self._is_visible(key) and not is_own_table(key)]

    def _is_visible(self, key: str) -> bool:
        parts = key.removeprefix(self.prefix).split("/")
        return not key.endswith("/") and not any(is_clutter(part) for part in parts)

    def _open(self, key: str) -> IO[bytes]:
        try:
            body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
        except (BotoCoreError, ClientError) as error:
            raise OSError(str(error)) from error
        return cast(IO[bytes], body)


def _is_within(address: str, root: str) -> bool:
    """Return whether an address lies under a root that is an S3 prefix itself."""
    if not root.startswith(SCHEME) or ".." in address:
        return False
    return f"{address.rstrip('/')}/".startswith(f"{root.rstrip('/')}/")
