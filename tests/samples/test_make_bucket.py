"""The bucket of a storage server of one's own is made by a command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from tests.s3 import aws_server

ROOT = Path(__file__).resolve().parents[2]


def test_without_s3_there_is_nothing_to_make() -> None:
    with pytest.raises(CommandError, match="S3_BUCKET is not set"):
        call_command("make_bucket")


def test_it_is_made_once_in_the_region_chosen(tmp_path: Path) -> None:
    name = f"made-{uuid4().hex[:12]}"  # all of moto's servers in one process share their buckets
    given = {
        "S3_BUCKET": name,
        "S3_REGION": "eu-central-1",
        "S3_ACCESS_KEY": "someone",
        "S3_SECRET_KEY": "hush",
    }
    with aws_server() as address:
        said = [make_bucket(tmp_path, S3_ENDPOINT_URL=address, **given) for _ in range(2)]
    assert said == [f"The bucket {name} is made.", f"The bucket {name} is there."]


def test_it_says_what_to_check_when_nobody_answers(tmp_path: Path) -> None:
    given = {"S3_BUCKET": "pictures", "S3_ACCESS_KEY": "someone", "S3_SECRET_KEY": "hush"}
    said = make_bucket(tmp_path, S3_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1", **given)
    assert "can be neither reached nor made" in said
    assert said.endswith("check S3_ENDPOINT_URL, S3_ACCESS_KEY and S3_SECRET_KEY.")


def make_bucket(folder: Path, **settings: str) -> str:
    """Run the command in a process of its own; return its last line."""
    environment = {**os.environ, "DATA_DIR": str(folder), **settings}
    environment["DJANGO_SETTINGS_MODULE"] = "humaneval.config.settings"
    command = [sys.executable, "manage.py", "make_bucket"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines()[-1]
