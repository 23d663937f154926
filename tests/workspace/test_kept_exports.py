"""Exports that a worker makes: asked for, followed, fetched, and removed after some days."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from humaneval.jobs import services
from humaneval.jobs.models import Job, JobState
from humaneval.jobs.running import run_claimed
from humaneval.studies.models import Study
from humaneval.workspace import client as client_module
from humaneval.workspace import kept_exports
from humaneval.workspace.client import Client, ClientError
from humaneval.workspace.kept_exports import ExportForm, exports_of, open_file, start_export
from humaneval.workspace.tasks import remove_exports
from tests.factories import TokenFactory, draft_study

NOBODY = "none has looked into the queue"

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(admin_user) -> APIClient:
    """Somebody who may take votes away."""
    person = APIClient()
    person.force_authenticate(admin_user)
    return person


def asked(person: APIClient, study: Study, form: str = "bundle") -> dict:
    answer = person.post(reverse("study-kept-exports", args=[study.slug]), {"form": form}, format="json")
    assert answer.status_code == 202
    return answer.data


def made(study: Study, form: ExportForm = ExportForm.BUNDLE) -> kept_exports.KeptExport:
    start_export(study=study, form=form)
    job = Job.objects.get(kind=kept_exports.KIND, state=JobState.QUEUED)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, claim="x")
    job.refresh_from_db()
    run_claimed(job)
    return exports_of(study)[0]


def test_an_export_is_asked_for_and_followed_until_it_can_be_fetched(person):
    study = draft_study()
    export = asked(person, study)
    assert (export["state"], export["file"], export["size"]) == ("queued", "", None)
    assert asked(person, study)["id"] == export["id"], "one is under way"
    assert asked(person, study, "files")["id"] != export["id"]
    Job.objects.exclude(pk=export["id"]).delete()
    assert (
        person.get(f"{reverse('study-kept-export', args=[study.slug, export['id']])}file.zip").status_code
        == 410
    )
    Job.objects.update(state=JobState.RUNNING, claim="x")
    run_claimed(Job.objects.get())
    done = person.get(reverse("study-kept-export", args=[study.slug, export["id"]])).data
    assert done["state"] == "succeeded"
    answer = person.get(done["file"])
    content = b"".join(answer.streaming_content)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{study.slug}-bundle.zip"'
    assert (len(content), hashlib.sha256(content).hexdigest()) == (done["size"], done["sha256"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {"manifest.json", "votes.csv", "report/report.html"} <= set(archive.namelist())
    assert [one["id"] for one in person.get(reverse("study-kept-exports", args=[study.slug])).data] == [
        export["id"]
    ]


def test_a_form_that_there_is_not_is_refused_with_those_that_there_are(person):
    answer = person.post(
        reverse("study-kept-exports", args=[draft_study().slug]), {"form": "poster"}, format="json"
    )
    assert answer.status_code == 400
    assert "poster" in str(answer.data["form"])


def test_another_studys_export_is_not_to_be_had(person):
    export = made(draft_study())
    other = draft_study()
    assert person.get(reverse("study-kept-export", args=[other.slug, export.id])).status_code == 404
    assert person.get(reverse("study-kept-export-file", args=[other.slug, export.id])).status_code == 404


def test_a_second_attempt_replaces_what_a_killed_one_has_left():
    study = draft_study()
    first = kept_exports.store_export(study=study, form=ExportForm.FILES, job_id=7)
    again = kept_exports.store_export(study=study, form=ExportForm.FILES, job_id=7)
    assert first["file"] == again["file"]
    with default_storage.open(again["file"]) as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == again["sha256"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert f"{study.slug}/report.json" in archive.namelist()
        assert len({name.split("/")[0] for name in archive.namelist()}) == 1


def test_old_exports_are_removed_and_say_so(person, settings, worker, django_capture_on_commit_callbacks):
    settings.EXPORT_DAYS = 7
    study = draft_study()
    old, new = made(study), made(study, ExportForm.FILES)
    Job.objects.filter(pk=old.id).update(finished_at=timezone.now() - timedelta(days=7, minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        remove_exports()
    assert Job.objects.get(kind="workspace.remove_exports").result == {"removed": 1}
    assert not default_storage.exists(old.stored)
    assert default_storage.exists(new.stored)
    told = person.get(reverse("study-kept-export", args=[study.slug, old.id])).data
    assert (told["file"], told["sha256"]) == ("", old.sha256)
    assert person.get(reverse("study-kept-export-file", args=[study.slug, old.id])).status_code == 410
    assert kept_exports.remove_old_exports() == 0


def test_without_a_term_exports_stay(settings):
    settings.EXPORT_DAYS = 0
    export = made(draft_study())
    Job.objects.update(finished_at=timezone.now() - timedelta(days=4000))
    assert kept_exports.remove_old_exports() == 0
    file = open_file(export)
    assert file is not None
    file.close()
    assert export.removed_on is None


def test_an_export_of_a_deleted_study_fails_in_words():
    study = draft_study()
    start_export(study=study, form=ExportForm.FILES)
    Job.objects.update(state=JobState.RUNNING, claim="x", args={"study": 0, "form": "files"})
    run_claimed(Job.objects.get())
    assert "deleted" in exports_of(study)[0].error


def test_the_page_shows_what_is_made_and_refreshes_while_something_is(admin_client):
    study = draft_study()
    address = reverse("workspace:exports", args=[study.slug])
    button = reverse("admin:studies_study_exports", args=[study.pk])
    assert admin_client.get(button).url == address
    assert "Refresh" not in admin_client.get(address).headers
    assert admin_client.post(address, {"form": "bundle"}).url == address
    waiting = admin_client.get(address)
    assert waiting.headers["Refresh"] == "5"
    assert "being made" in waiting.text
    assert NOBODY not in waiting.text
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert NOBODY in admin_client.get(address).text
    Job.objects.update(state=JobState.RUNNING, claim="x")
    run_claimed(Job.objects.get())
    done = admin_client.get(address)
    assert "Refresh" not in done.headers
    assert exports_of(study)[0].sha256[:12] in done.text
    refused = admin_client.post(address, {"form": "poster"}, follow=True)
    assert "Choose what the export is to hold." in refused.text


@pytest.mark.django_db(transaction=True)
def test_the_client_waits_for_the_worker_and_checks_what_arrives(
    live_server, worker, settings, tmp_path, monkeypatch
):
    settings.PUBLIC_URL = live_server.url
    platform, study = Client(live_server.url, TokenFactory().secret), draft_study()
    bundle = platform.bundle(study.slug, tmp_path / "bundle.zip")
    assert hashlib.sha256(bundle.read_bytes()).hexdigest() == exports_of(study)[0].sha256
    store = kept_exports.store_export
    monkeypatch.setattr(kept_exports, "store_export", lambda **given: {**store(**given), "sha256": "0" * 64})
    with pytest.raises(ClientError, match="arrived damaged"):
        platform.bundle(study.slug, tmp_path / "bundle.zip")
    monkeypatch.setattr(services, "wake", lambda queue: None)
    monkeypatch.setattr(client_module, "POLL_SECONDS", 0)
    waiting = start_export(study=study, form=ExportForm.BUNDLE)
    Job.objects.filter(pk=waiting.id).update(state=JobState.FAILED, error="disk full")
    answers = iter([{"id": waiting.id, "file": "", "state": "queued", "error": ""}])
    ask = Client._json
    monkeypatch.setattr(
        Client,
        "_json",
        lambda self, method, path, **given: (
            next(answers) if method == "POST" else ask(self, method, path, **given)
        ),
    )
    with pytest.raises(ClientError, match="could not make this export: disk full"):
        platform.bundle(study.slug, tmp_path / "bundle.zip")
    answers = iter([{"id": waiting.id, "file": "", "state": "queued", "error": ""}])
    Job.objects.filter(pk=waiting.id).update(state=JobState.QUEUED)
    with pytest.raises(ClientError, match="Still queued after 0 seconds"):
        platform.bundle(study.slug, tmp_path / "bundle.zip", wait=0)
