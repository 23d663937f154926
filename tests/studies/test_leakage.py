"""The launch page and the API show whether the files give the answer away."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from humaneval.jobs import services as jobs
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import LeakageAudit
from humaneval.studies.authoring import create_study
from humaneval.studies.models import Study

pytestmark = pytest.mark.django_db


def study_of(folder: Path, *, shade: int) -> Study:
    """Return a draft over 20 grey squares and 20 others, brighter by ``shade``."""
    sets = []
    for name, kind, plus in (("Photos", "real", 0), ("Gan", "generated", shade)):
        (folder / name).mkdir()
        for number in range(20):
            Image.new("L", (6, 5), 40 + number + plus).save(folder / name / f"{number}.png")
        sets.append(create_sample_set(name=name, kind=kind))
        import_folder(sample_set=sets[-1], folder=folder / name)
    return create_study(name="Faces", protocol="two_afc", conditions=sets, trial_count=10)


def launch_page(study: Study) -> str:
    """Return the address of the page that asks before a launch."""
    return reverse("admin:studies_study_launch", args=(study.pk,))


def test_asking_to_launch_starts_the_check_and_then_shows_its_warning(tmp_path, staff, client: Client):
    client.force_login(staff)
    study = study_of(tmp_path, shade=90)
    answer = client.get(launch_page(study))
    assert "are being compared" in answer.content.decode()
    assert "Launch without waiting for the check" in answer.content.decode()
    assert answer.headers["Refresh"] == "3"
    jobs.run(LeakageAudit.objects.get().job_id)
    answer = client.get(launch_page(study))
    assert "Refresh" not in answer.headers
    assert "without waiting" not in answer.content.decode()
    assert "mean brightness: 1.00 (" in answer.content.decode()
    page = client.get(reverse("admin:studies_study_change", args=(study.pk,))).content.decode()
    assert "The stimuli of “Gan” can be told from real ones" in page


def test_nothing_leaking_is_said_too(tmp_path, staff, client: Client):
    client.force_login(staff)
    study = study_of(tmp_path, shade=0)
    client.get(launch_page(study))
    jobs.run(LeakageAudit.objects.get().job_id)
    assert "no fact of the files tells real from generated" in client.get(launch_page(study)).content.decode()


def test_the_api_starts_the_check_and_answers_with_its_result(tmp_path, api):
    study = study_of(tmp_path, shade=90)
    address = f"/api/v1/studies/{study.slug}/leakage/"
    assert api.get(address).data["state"] == "missing"
    assert api.post(address).data["state"] == "running"
    jobs.run(LeakageAudit.objects.get().job_id)
    answer = api.get(address).data
    assert answer["state"] == "done"
    assert "brightness" in answer["result"]["stimuli"][0]["leaking"]
    assert "“Gan”" in answer["warnings"][0]


def test_studies_without_real_images_have_nothing_to_give_away(make_study, sets, api):
    study = make_study("pairwise", conditions=sets[1:])
    answer = api.post(f"/api/v1/studies/{study.slug}/leakage/")
    assert (answer.data["state"], answer.data["result"]) == ("unneeded", None)
    assert not LeakageAudit.objects.exists()
