"""Sample sets and studies to work on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from PIL import Image
from rest_framework.test import APIClient

from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import Prompt, Sample, SampleSet
from humaneval.studies.authoring import create_study
from humaneval.studies.models import Study


def make_set(name: str, kind: str = "generated", *, samples: int = 8, prompts: int = 0) -> SampleSet:
    """Make a set of rows without files: enough for all that shows no image."""
    sample_set = create_sample_set(name=name, kind=kind)
    texts = [
        Prompt.objects.get_or_create(digest=f"{number:064}", defaults={"text": f"prompt {number}"})[0]
        for number in range(prompts)
    ]
    Sample.objects.bulk_create(
        Sample(
            sample_set=sample_set,
            name=f"{number:04}.png",
            sha256=f"{sample_set.pk:032}{number:032}",
            file="none",
            format="PNG",
            mode="L",
            width=8,
            height=8,
            size=1,
            prompt=texts[number % prompts] if prompts else None,
        )
        for number in range(samples)
    )
    return sample_set


@pytest.fixture
def sets(db: None) -> list[SampleSet]:
    """One real and two generated sets, without files."""
    return [make_set("Photos", "real"), make_set("Model A"), make_set("Model B")]


@pytest.fixture
def make_study(sets: list[SampleSet]) -> Callable[..., Study]:
    """Return a maker of drafts over ``sets``."""

    def make(protocol: str = "two_afc", **fields: Any) -> Study:
        given = {"name": "A study", "conditions": sets, "trial_count": 12, "seed": 7, **fields}
        return create_study(protocol=protocol, **given)

    return make


@pytest.fixture
def image_sets(db: None, tmp_path: Path) -> list[SampleSet]:
    """One real and two generated sets of three tiny images each, imported from folders."""
    made = []
    for shade, (name, kind) in enumerate([("Real", "real"), ("Gan", "generated"), ("Vae", "generated")]):
        folder = tmp_path / name
        folder.mkdir()
        for number in range(3):
            Image.new("L", (6, 5), 40 * shade + number).save(folder / f"{number}.png")
        made.append(create_sample_set(name=name, kind=kind))
        import_folder(sample_set=made[-1], folder=folder)
    return made


@pytest.fixture
def staff(db: None) -> User:
    """A member of staff who may do everything."""
    return User.objects.create_superuser("rita", password="x")


@pytest.fixture
def api(staff: User) -> APIClient:
    """The API as staff see it."""
    client = APIClient()
    client.force_authenticate(staff)
    return client
