"""`manage.py make_bucket`: make the bucket that S3_BUCKET names, unless it is there."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError

THERE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class Command(BaseCommand):
    """Make the bucket for images and stimuli."""

    help = "Make the bucket that S3_BUCKET names, for a storage server of one's own, unless it is there."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it and say so."""
        if not settings.S3_BUCKET:
            raise CommandError("S3_BUCKET is not set: media are kept in DATA_DIR, and no bucket is needed.")
        try:
            made = make_bucket()
        except (BotoCoreError, ClientError) as error:
            raise CommandError(
                f"The bucket {settings.S3_BUCKET} can be neither reached nor made ({error}): check "
                "S3_ENDPOINT_URL, S3_ACCESS_KEY and S3_SECRET_KEY."
            ) from error
        self.stdout.write(f"The bucket {settings.S3_BUCKET} {'is made' if made else 'is there'}.")


def make_bucket() -> bool:
    """Make the default storage's bucket; return False if it was there. Raises botocore's errors."""
    bucket = default_storage.bucket  # type: ignore[attr-defined]
    region = bucket.meta.client.meta.region_name
    elsewhere = region not in {None, "us-east-1", "aws-global"}
    place = {"CreateBucketConfiguration": {"LocationConstraint": region}} if elsewhere else {}
    try:
        bucket.meta.client.head_bucket(Bucket=bucket.name)
        return False
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchBucket", "NotFound"}:
            raise
    try:
        bucket.create(**place)
    except ClientError as error:
        if error.response["Error"]["Code"] not in THERE:
            raise
        return False
    return True
