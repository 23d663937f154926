"""The same samples and stimuli on S3, by settings alone: a server of moto's and a process of our own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3 import aws_server, client_of
from tests.samples.pictures import png, write, zipped

SCRIPT = """
import io, sys, django
django.setup()
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from humaneval.jobs import services
from humaneval.samples import importing, stimuli
from humaneval.samples.models import ImportRun, Sample, SampleSet

signed = set()
client = default_storage.connection.meta.client
note = lambda request, **_: signed.add(request.headers["Authorization"])
client.meta.events.register("before-send.s3", note)
call_command("import_samples", "Digits", sys.argv[1], "--kind", "real")
call_command("import_samples", "Digits", sys.argv[1], "--kind", "real")
digits = SampleSet.objects.get()
with open(sys.argv[2], "rb") as archive:
    run = importing.start_archive_import(sample_set=digits, archive=File(archive, "more.zip"))
services.run(run.job_id)
run.refresh_from_db()
print(run.state, run.added)
ids = list(Sample.objects.values_list("id", flat=True))
recipe = stimuli.choose_recipe([digits.pk])
print("rendered", stimuli.render(sample_ids=ids, recipe=recipe))
for reference in stimuli.references(ids, recipe).values():
    response = Client().get(reference.url, SERVER_NAME="localhost")
    print(response.status_code, response["Content-Type"], response.content[8:12].decode())
    print(response["Cache-Control"], {"ETag", "Last-Modified", "Location"} & set(response.headers))
for size in (2**20, 2**25):
    kept = default_storage.save("sized", ContentFile(bytes(size)))
    with default_storage.open(kept, "rb") as file:
        print(size, "on disk" if file.file._rolled else "in memory")
    default_storage.delete(kept)
print(type(default_storage._wrapped).__name__)
default_storage.exists("anything")
print({bytes(words).split()[0].decode() for words in signed})
print(default_storage.url("anything").partition("?")[2].partition("&")[0])
"""


@pytest.fixture
def bucket() -> Iterator[tuple[str, object]]:
    """An S3 server on this machine with one empty bucket: its address and a client."""
    with aws_server() as address:
        client = client_of(address)
        client.create_bucket(Bucket="samples")
        yield address, client


def test_folders_zips_and_stimuli_work_on_s3_with_nothing_but_settings(bucket, databases, tmp_path: Path):
    address, client = bucket
    folder = write(tmp_path / "pictures", {"1.png": png(1), "2.png": png(2)})
    archive = tmp_path / "more.zip"
    archive.write_bytes(zipped({"3.png": png(3)}).getvalue())
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "humaneval.config.settings",
        "DATA_DIR": str(tmp_path / "var"),
        "DATABASE_URL": databases.copy(),
        "S3_BUCKET": "samples",
        "S3_ENDPOINT_URL": address,
        "S3_REGION": "us-east-1",
        "S3_PREFIX": "lab",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "SSL_REDIRECT": "off",
    }
    command = [sys.executable, "-c", SCRIPT, str(folder), str(archive)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Digits: 2 added, 0 unchanged, 0 rejected.",
        "Digits: 0 added, 2 unchanged, 0 rejected.",
        "done 1",
        "rendered 3",
        *["200 image/webp WEBP", "public, max-age=31536000, immutable set()"] * 3,
        "1048576 in memory",
        "33554432 on disk",  # an archive of 10 GB must not fill a worker's memory
        "S3Storage",
        "{'AWS4-HMAC-SHA256'}",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",  # boto3's own choice for addresses is an older signature
    ]
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket="samples")["Contents"]]
    assert sorted(key.split("/")[1] for key in keys) == ["samples"] * 3 + ["stimuli"] * 3
    assert not (tmp_path / "var" / "media").exists()
