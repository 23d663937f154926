"""What the tests of sample sets share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import ImportRun, Sample, SampleSet
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


def reasons(run: ImportRun) -> dict[str, str]:
    """Return a run's rejected files with their reasons."""
    return {entry["name"]: entry["reason"] for entry in run.problems}


def stored(sample: Sample) -> bytes:
    """Return a sample's bytes as they lie in storage."""
    with sample.file.open("rb") as file:
        return file.read()
