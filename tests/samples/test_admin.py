"""Sample sets in the admin."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from humaneval.jobs import services
from humaneval.jobs.models import Job
from humaneval.samples.models import ImportRun, Prompt, Sample, SampleSet
from tests.factories import member
from tests.samples.pictures import png, write, zipped

pytestmark = pytest.mark.django_db


def upload(files: dict[str, bytes]) -> SimpleUploadedFile:
    """Return a zip as a browser sends it."""
    return SimpleUploadedFile("pictures.zip", zipped(files).getvalue(), content_type="application/zip")


@pytest.fixture
def new_set(admin_client: Client):
    """Post the form for a new sample set and return the response."""

    def post(**fields: object):
        url = reverse("admin:samples_sampleset_add")
        return admin_client.post(url, {"name": "VAE", "kind": "generated", "settings": "{}"} | fields)

    return post


def test_a_new_set_with_a_zip_starts_an_import_and_shows_its_progress(admin_client, admin_user, new_set):
    response = new_set(archive=upload({"1.png": png(1), "2.png": b"no picture"}), description="d")
    run = ImportRun.objects.get()
    page = reverse("admin:samples_importrun_change", args=[run.pk])
    assert response.url == page
    assert (run.sample_set.name, run.sample_set.created_by, run.created_by) == ("VAE", admin_user, admin_user)
    waiting = admin_client.get(page)
    assert waiting["Refresh"] == "3"
    assert "renews itself" in waiting.content.decode()
    assert "none has looked into the queue" not in waiting.content.decode()
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert "none has looked into the queue" in admin_client.get(page).content.decode()
    services.run(run.job_id)
    finished = admin_client.get(page)
    assert "Refresh" not in finished.headers
    text = finished.content.decode()
    assert "Files that did not come in" in text
    assert "not an image" in text


def test_a_new_set_may_start_empty(new_set):
    response = new_set(settings='{"step": 10}')
    assert response.status_code == 302
    made = SampleSet.objects.get()
    assert (made.slug, made.settings, made.samples.count()) == ("vae", {"step": 10}, 0)
    assert not Job.objects.exists()


def test_what_is_no_zip_is_refused_in_the_form_and_makes_no_set(new_set):
    response = new_set(archive=SimpleUploadedFile("x.zip", b"no zip"))
    assert response.status_code == 200
    assert "not a zip archive" in response.content.decode()
    assert not SampleSet.objects.exists()


def test_a_zip_can_be_imported_into_a_set_that_is_there(admin_client, digits):
    url = reverse("admin:samples_importrun_add")
    response = admin_client.post(
        url, {"sample_set": digits.pk, "archive": upload({"1.png": png(1)}), "strict": "on"}
    )
    run = ImportRun.objects.get()
    assert response.url == reverse("admin:samples_importrun_change", args=[run.pk])
    assert (run.sample_set, run.strict, run.source) == (digits, True, "pictures.zip")
    services.run(run.job_id)
    assert digits.samples.count() == 1


def test_a_refused_import_shows_why(admin_client, digits):
    url = reverse("admin:samples_importrun_add")
    admin_client.post(url, {"sample_set": digits.pk, "archive": upload({"1.png": b"x"}), "strict": "on"})
    run = ImportRun.objects.get()
    services.run(run.job_id)
    text = admin_client.get(reverse("admin:samples_importrun_change", args=[run.pk])).content.decode()
    assert "Nothing was imported, since the import is strict and met 1 bad file." in text


def test_the_list_of_sets_shows_counts_and_sizes_in_a_fixed_number_of_queries(
    admin_client, bring, django_assert_max_num_queries
):
    bring({f"{i}.png": png(i, size=(20 + i, 30)) for i in range(5)})
    for number in range(20):
        SampleSet.objects.create(name=f"s{number}", slug=f"s{number}", kind="real")
    with django_assert_max_num_queries(6):
        text = admin_client.get(reverse("admin:samples_sampleset_changelist")).content.decode()
    assert "20 × 30 … 24 × 30" in text


def test_the_page_of_a_set_holds_its_contact_sheet_page_by_page(admin_client, bring, digits, monkeypatch):
    monkeypatch.setattr("humaneval.samples.admin.SHEET", 4)
    bring({f"{i}.png": png(i) for i in range(6)})
    url = reverse("admin:samples_sampleset_change", args=[digits.pk])
    first = admin_client.get(url).content.decode()
    assert first.count("/thumbnail.webp") == 4
    assert "1 to 4 of 6" in first
    second = admin_client.get(url, {"sheet": 2}).content.decode()
    assert second.count("/thumbnail.webp") == 2


def test_the_page_of_an_empty_set_leads_to_the_import(admin_client, digits):
    text = admin_client.get(reverse("admin:samples_sampleset_change", args=[digits.pk])).content.decode()
    assert reverse("admin:samples_importrun_add") + f"?sample_set={digits.pk}" in text


@pytest.mark.parametrize("address", ["404", "²", "99999999999999999999999", "none"])
def test_the_page_of_no_set_leads_back_to_the_overview(admin_client, db, address):
    answer = admin_client.get(reverse("admin:samples_sampleset_change", args=[address]))
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("admin:index"))


def test_a_set_keeps_its_kind_and_address_when_it_is_renamed(admin_client, digits):
    url = reverse("admin:samples_sampleset_change", args=[digits.pk])
    fields = {"name": "Numbers", "kind": "generated", "slug": "x", "settings": "{}", "description": ""}
    management = {f"imports-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    assert admin_client.post(url, fields | management).status_code == 302
    digits.refresh_from_db()
    assert (digits.name, digits.kind, digits.slug) == ("Numbers", "real", "digits")


def test_samples_imports_and_prompts_can_be_looked_at_and_not_changed(admin_client, bring):
    bring({"1.png": png(1), "prompts.csv": b"name,prompt,category\n1.png,one,digits\n"})
    for row in (Sample.objects.get(), ImportRun.objects.get(), Prompt.objects.get()):
        name = f"admin:samples_{row._meta.model_name}"
        assert admin_client.get(reverse(f"{name}_changelist")).status_code == 200
        assert admin_client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
        assert admin_client.post(reverse(f"{name}_change", args=[row.pk]), {}).status_code == 403
        assert admin_client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_what_is_known_of_a_sample_besides_is_shown(admin_client, bring):
    bring({"1.png": png(1), "prompts.csv": b"name,prompt,seed\n1.png,one,4711\n"})
    page = admin_client.get(reverse("admin:samples_sample_change", args=[Sample.objects.get().pk]))
    assert "4711" in page.content.decode()


def test_the_list_of_samples_takes_a_fixed_number_of_queries(
    admin_client, bring, django_assert_max_num_queries
):
    bring({f"{i}.png": png(i) for i in range(30)})
    with django_assert_max_num_queries(8):
        admin_client.get(reverse("admin:samples_sample_changelist"))


def test_thumbnails_are_small_private_and_for_staff_alone(admin_client, client, bring, django_user_model):
    bring({"1.png": png(1, size=(640, 320))})
    url = reverse("sample-thumbnail", args=[Sample.objects.get().pk])
    response = admin_client.get(url)
    assert response["Content-Type"] == "image/webp"
    assert "private" in response["Cache-Control"]
    assert Image.open(io.BytesIO(response.content)).size == (160, 80)
    assert client.get(url).status_code == 302
    client.force_login(django_user_model.objects.create_user("temp", is_staff=True))
    assert client.get(url).status_code == 404
    client.force_login(member(role="manager"))
    assert client.get(url).status_code == 403


def test_a_small_sample_is_not_enlarged_and_a_lost_file_is_a_404(admin_client, bring):
    bring({"1.png": png(1)})
    sample = Sample.objects.get()
    url = reverse("sample-thumbnail", args=[sample.pk])
    assert Image.open(io.BytesIO(admin_client.get(url).content)).size == (24, 16)
    sample.file.storage.delete(sample.file.name)
    assert admin_client.get(url).status_code == 404


# --- what lies on the server ------------------------------------------------------------------------------


@pytest.fixture
def opened(folder, settings):
    """A folder opened for import, with two pictures and a prompt list beside it."""
    settings.IMPORT_ROOTS = [str(folder.parent)]
    (folder.parent / "list.csv").write_text("Prompts,Category\na cat,Animals\na cube,Colors\n")
    return write(folder, {"1.png": png(1), "2.png": png(2)})


@pytest.fixture
def import_form(admin_client, digits):
    """Post the form for an import into a set that is there, and return the response."""

    def post(**fields: object):
        return admin_client.post(
            reverse("admin:samples_importrun_add"), {"sample_set": digits.pk, "prompts": ""} | fields
        )

    return post


def test_what_lies_on_the_server_is_imported_with_its_prompt_list(import_form, digits, opened):
    response = import_form(folder=str(opened), prompts=str(opened.parent / "list.csv"), strict="on")
    run = ImportRun.objects.get()
    assert response.url == reverse("admin:samples_importrun_change", args=[run.pk])
    assert (run.source, run.strict, run.created_by.is_superuser) == (str(opened), True, True)
    services.run(run.job_id)
    assert set(digits.samples.values_list("name", "prompt__text")) == {
        ("1.png", "a cat"),
        ("2.png", "a cube"),
    }


def test_a_new_set_is_filled_from_the_server(new_set, opened):
    response = new_set(folder=str(opened))
    run = ImportRun.objects.get()
    assert response.url == reverse("admin:samples_importrun_change", args=[run.pk])
    assert (run.sample_set.name, run.source) == ("VAE", str(opened))


def test_the_form_says_what_is_open_and_why_a_place_will_not_do(import_form, admin_client, opened, settings):
    form = admin_client.get(reverse("admin:samples_importrun_add")).content.decode()
    assert f"Opened for import: {opened.parent}." in form
    for fields, said in (
        ({"folder": "/etc"}, "not among what is opened for import (IMPORT_ROOTS)"),
        ({"folder": f"{opened}/none"}, "There is no folder"),
        ({"folder": "s3://bucket/run"}, "not among what is opened for import (IMPORT_ROOTS)"),
        ({"folder": str(opened), "prompts": "/etc/passwd"}, "not among what is opened for import"),
        ({"folder": str(opened), "prompts": f"{opened}/none.csv"}, "There is no file"),
        ({"prompts": f"{opened.parent}/list.csv"}, "goes with a place on the server"),
        ({"folder": str(opened), "archive": upload({"1.png": png(1)})}, "not both"),
        ({}, "Choose a zip, or name what lies on the server."),
    ):
        assert said in import_form(**fields).content.decode(), fields
    settings.IMPORT_ROOTS = []
    assert "IMPORT_ROOTS" in admin_client.get(reverse("admin:samples_sampleset_add")).content.decode()
    assert not ImportRun.objects.exists()


def test_a_new_set_is_filled_by_those_alone_who_may_import(client, opened):
    person = member(role="viewer")
    for codename in ("add_sampleset", "view_sampleset"):
        person.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(person)
    fields = {"name": "VAE", "kind": "generated", "settings": "{}"}
    address = reverse("admin:samples_sampleset_add")
    assert client.post(address, fields | {"folder": str(opened)}).status_code == 403
    assert not SampleSet.objects.exists()
    assert client.post(address, fields).status_code == 302
