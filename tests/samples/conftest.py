"""What the tests of sample sets share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from humaneval.samples.importing import create_sample_set, import_folder, import_origin
from humaneval.samples.models import ImportRun, Sample, SampleSet
from tests.s3 import aws_server, client_of, name_in_environment
from tests.samples.pictures import write


@pytest.fixture
def digits(db: None) -> SampleSet:
    """An empty set of real samples."""
    return create_sample_set(name="Digits", kind="real")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder on the server."""
    path = tmp_path / "pictures"
    path.mkdir()
    return path


@pytest.fixture
def bring(digits: SampleSet, folder: Path) -> Callable[..., ImportRun]:
    """Write files into the folder and import it into the set."""

    def bring_in(files: Mapping[str, bytes], **options: object) -> ImportRun:
        return import_folder(sample_set=digits, folder=write(folder, files), **options)

    return bring_in


@pytest.fixture
def take(digits: SampleSet) -> Callable[..., ImportRun]:
    """Import what lies somewhere into the set."""

    def take_in(origin: Path | str, **options: object) -> ImportRun:
        return import_origin(sample_set=digits, origin=origin, **options)

    return take_in


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """The address of an S3 server on this machine."""
    with aws_server() as address:
        yield address


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, s3_address: str) -> object:
    """A client of an S3 server that has a bucket called pictures; what other tests put there stays."""
    name_in_environment(s3_address, monkeypatch)
    client = client_of(s3_address)
    client.create_bucket(Bucket="pictures")
    return client


def facts() -> dict[str, tuple]:
    """Return each sample's prompt, category and details by its name."""
    rows = Sample.objects.values_list("name", "prompt__text", "prompt__category", "details")
    return {name: rest for name, *rest in rows}


def reasons(run: ImportRun) -> dict[str, str]:
    """Return a run's rejected files with their reasons."""
    return {entry["name"]: entry["reason"] for entry in run.problems}


def stored(sample: Sample) -> bytes:
    """Return a sample's bytes as they lie in storage."""
    with sample.file.open("rb") as file:
        return file.read()
