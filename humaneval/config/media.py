"""Whether the bucket that the settings name is there: a name that was misspelt is said before raters come."""

from __future__ import annotations

import logging
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
"""How long nobody asks again whom nobody answered."""
_not_before = [0.0]
"""When to ask next; never again once the bucket was there."""


def missing_bucket() -> str:
    """Return what to do if S3 says that there is no such bucket; "" if there is one, or nobody says."""
    if not settings.S3_BUCKET or time.monotonic() < _not_before[0]:
        return ""
    try:
        _client().list_objects_v2(Bucket=settings.S3_BUCKET, MaxKeys=1)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            return f"there is no bucket {settings.S3_BUCKET}: correct S3_BUCKET, or run manage.py make_bucket"
        _not_before[0] = float("inf")  # it is there, but who may use objects need not be allowed to ask this
    except BotoCoreError as error:
        log.warning("S3 does not answer (%s)", error)
        _not_before[0] = time.monotonic() + LOOK_SECONDS
    else:
        _not_before[0] = float("inf")
    return ""


def _client() -> Any:
    patience = Config(
        signature_version="s3v4", connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}
    )
    options: Any = settings.STORAGES["default"]["OPTIONS"]
    return boto3.client(
        "s3",
        endpoint_url=options["endpoint_url"],
        region_name=options["region_name"],
        aws_access_key_id=options["access_key"],
        aws_secret_access_key=options["secret_key"],
        config=patience,
    )
