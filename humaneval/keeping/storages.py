"""Places where files lie: the media folder, the bucket of S3_BUCKET, a backup's folder or prefix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from storages.backends.s3 import S3Storage

from humaneval.keeping.refusals import Refusal

SCHEME = "s3://"


def local_media() -> Storage:
    """Return the media folder of this machine, whether or not it is in use."""
    return FileSystemStorage(location=settings.MEDIA_ROOT)


def s3_media() -> Storage:
    """Return the bucket that the settings name; raises Refusal where they name none."""
    if not settings.S3_BUCKET:
        raise Refusal("S3_BUCKET is not set: name the bucket, and what else it needs, for this command.")
    return S3Storage(**_s3_options())


def storage_at(address: str) -> Storage:
    """Return the folder or the ``s3://bucket/prefix`` where backups lie.

    Endpoint and credentials are those of the settings where media are on S3, else boto3's own
    (AWS_ENDPOINT_URL and the like).
    """
    if not address.startswith(SCHEME):
        return FileSystemStorage(location=Path(address).expanduser().resolve())
    bucket, _slash, prefix = address.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise Refusal(f"{address} names no bucket: write s3://bucket/prefix.")
    return S3Storage(**{**_s3_options(), "bucket_name": bucket, "location": prefix.strip("/")})


def _s3_options() -> dict[str, Any]:
    if settings.S3_BUCKET:
        options: Any = settings.STORAGES["default"]["OPTIONS"]
        return dict(options)
    return {
        "signature_version": "s3v4",
        "file_overwrite": True,
        "default_acl": None,
        "max_memory_size": settings.S3_IN_MEMORY_BYTES,
    }
