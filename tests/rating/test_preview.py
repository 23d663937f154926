"""The preview: what raters would see, for staff only, storing nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from PIL import Image
from rest_framework.test import APIClient

from humaneval.rating.models import Assignment, Opening, Session
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import Stimulus
from humaneval.studies.authoring import create_study
from humaneval.studies.models import Study
from tests.factories import StudyFactory, TokenFactory, UserFactory, open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> APIClient:
    """A researcher who sends their token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {TokenFactory().secret}")
    return client


@pytest.fixture
def draft(tmp_path: Path) -> Study:
    """A draft on two folders of real files, of 32 and 24 pixels."""
    sets = []
    for kind, size in (("real", 32), ("generated", 24)):
        folder = tmp_path / kind
        folder.mkdir()
        for number in range(6):
            pixels = np.full((size, size), 40 * number, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
        sample_set = create_sample_set(name=f"The {kind}", kind=kind)
        import_folder(sample_set=sample_set, folder=folder)
        sets.append(sample_set)
    return create_study(name="Draft", protocol="two_afc", conditions=sets, trial_count=6)


def url(study: Study) -> str:
    """Return the address of a study's preview."""
    return f"/api/v1/studies/{study.slug}/preview/"


def test_a_drafts_trials_are_shown_before_anything_is_rendered(staff, draft):
    body = staff.get(url(draft)).json()
    assert body["study"]["slug"] == draft.slug
    assert len(body["assignments"]) == 6
    assert body["progress"] == {"done": 0, "total": 6}
    image = body["assignments"][0]["places"][0][0]
    assert (image["width"], image["height"]) == (24, 24)
    response = staff.get(image["url"])
    assert response["Content-Type"] == "image/webp"
    with Image.open(io.BytesIO(response.content)) as shown:
        assert shown.size == (24, 24)


def test_a_preview_stores_nothing(staff, draft):
    staff.get(staff.get(url(draft)).json()["assignments"][0]["places"][0][0]["url"])
    for model in (Stimulus, Session, Assignment, Opening):
        assert not model.objects.exists()
    assert not draft.trials.exists()


def test_an_open_studys_preview_shows_its_own_trials_and_stimuli(staff, rater_of):
    study = open_study(trial_count=12, samples=30)
    shown = [assignment["places"] for assignment in staff.get(url(study)).json()["assignments"]]
    assert shown == [assignment["places"] for assignment in rater_of(study).block()]


@pytest.mark.parametrize("trial", [0, 3823496231290601472000, "x"])
def test_a_trial_that_no_study_has_is_refused(staff, trial):
    answer = staff.get(f"{url(open_study(trial_count=2))}?trial={trial}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["trial"]


def test_it_says_why_a_draft_cannot_be_previewed(staff):
    response = staff.get(url(StudyFactory()))
    assert response.status_code == 409
    assert response.json()["code"] == "not_launchable"
    assert "set" in response.json()["detail"]


def test_it_is_for_staff_only(draft, rater_of):
    rater = rater_of(open_study())
    stranger = TokenFactory(user=UserFactory(is_staff=False, is_superuser=False))
    image = f"{url(draft)}images/1/"
    for address in (url(draft), image):
        assert Client().get(address).status_code == 401
        headers = {"Authorization": f"Session {rater.token}"}
        assert Client().get(address, headers=headers).status_code == 401
        headers = {"Authorization": f"Token {stranger.secret}"}
        assert Client().get(address, headers=headers).status_code == 403


def test_somebody_signed_in_to_the_admin_may_look(draft):
    client = Client()
    client.force_login(UserFactory())
    assert client.get(url(draft)).status_code == 200


def test_it_renders_only_samples_of_that_study(staff, draft):
    other = open_study()
    foreign = other.trials.first().slots[0][0]
    assert staff.get(f"{url(draft)}images/{foreign}/").status_code == 404


def test_it_says_that_an_image_is_gone(staff, draft):
    body = staff.get(url(draft)).json()
    sample = draft.conditions.first().sample_set.samples.first()
    sample.file.storage.delete(sample.file.name)
    response = staff.get(f"{url(draft)}images/{sample.pk}/")
    assert body["assignments"]
    assert response.status_code == 409
    assert response.json()["code"] == "image_unreadable"
