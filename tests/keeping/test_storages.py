"""Where backups lie on S3, files are read as where media lie: a database's dump is not held in memory."""

from __future__ import annotations

from typing import Any

import pytest
from storages.backends.s3 import S3Storage

from humaneval.keeping.storages import storage_at


@pytest.mark.parametrize("media", ["", "media"])
def test_what_is_large_waits_on_disk_while_it_is_read(settings: Any, media: str) -> None:
    settings.S3_BUCKET = media
    options = {"bucket_name": media, "max_memory_size": settings.S3_IN_MEMORY_BYTES}
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "any", "OPTIONS": options}}
    storage = storage_at("s3://backups/nightly")
    assert isinstance(storage, S3Storage)
    assert (storage.bucket_name, storage.location) == ("backups", "nightly")
    assert 2**20 < storage.max_memory_size < 2**27
