"""/api/v1/sample-sets/."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from humaneval.jobs import services
from humaneval.samples.importing import create_sample_set
from humaneval.samples.models import ImportRun, SampleSet
from tests.samples.pictures import png, write, zipped

pytestmark = pytest.mark.django_db
SETS = "/api/v1/sample-sets/"


@pytest.fixture
def staff(admin_user) -> APIClient:
    """A client signed in as staff."""
    client = APIClient()
    client.force_authenticate(admin_user)
    return client


@pytest.fixture
def opened(folder, settings):
    """The folder, opened for import."""
    settings.IMPORT_ROOTS = [str(folder)]
    return folder


def test_nobody_else_may_even_look(django_user_model, digits):
    client = APIClient()
    assert client.get(SETS).status_code == 401
    client.force_authenticate(django_user_model.objects.create_user("rater"))
    for url in (SETS, f"{SETS}digits/", f"{SETS}digits/samples/", f"{SETS}digits/imports/"):
        assert client.get(url).status_code == 403
    assert client.post(f"{SETS}digits/imports/", {"folder": "/"}, format="json").status_code == 403


def test_sets_are_listed_with_their_extent_in_a_fixed_number_of_queries(
    staff, bring, django_assert_num_queries
):
    bring({"1.png": png(1), "2.png": png(2)})
    for number in range(5):
        create_sample_set(name=f"Model {number}", kind="generated")
    with django_assert_num_queries(2):  # the page and its count
        answer = staff.get(SETS).json()
    assert answer["count"] == 6
    digits = answer["results"][0]
    assert (digits["slug"], digits["kind"], digits["sample_count"]) == ("digits", "real", 2)
    assert (digits["min_width"], digits["max_height"]) == (24, 16)
    assert staff.get(SETS, {"kind": "real"}).json()["count"] == 1


def test_a_set_is_made_and_shown(staff):
    made = staff.post(SETS, {"name": "VAE", "kind": "generated", "settings": {"step": 3}}, format="json")
    assert made.status_code == 201
    assert made.json()["slug"] == "vae"
    assert staff.get(f"{SETS}vae/").json() == made.json()
    assert made.json()["settings"] == {"step": 3}
    assert made.json()["sample_count"] == 0


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({"name": "Digits", "kind": "real"}, "name"), ({"name": "X", "kind": "fake"}, "kind")],
)
def test_a_taken_name_and_an_unknown_kind_are_refused_by_field(staff, digits, fields, wrong):
    answer = staff.post(SETS, fields, format="json")
    assert answer.status_code == 400
    assert wrong in answer.json()


def test_a_zip_is_imported_and_followed(staff, digits, admin_user):
    archive = SimpleUploadedFile("p.zip", zipped({"1.png": png(1), "2.png": b"x"}).getvalue())
    answer = staff.post(f"{SETS}digits/imports/", {"archive": archive, "strict": "false"}, format="multipart")
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    run = ImportRun.objects.get()
    assert run.created_by == admin_user
    services.run(run.job_id)
    after = staff.get(f"{SETS}digits/imports/{run.pk}/").json()
    assert (after["state"], after["added"], after["rejected"]) == ("done", 1, 1)
    assert after["progress"] == {"done": 2, "total": 2}
    assert after["problems"][0]["name"] == "2.png"
    assert staff.get(f"{SETS}digits/imports/").json()["count"] == 1


def test_a_folder_that_is_opened_is_imported(staff, digits, opened):
    write(opened, {"run 7/1.png": png(1), "run 7/p.csv": b"name,prompt\n1.png,one\n"})
    fields = {"folder": str(opened / "run 7"), "prompts": str(opened / "run 7/p.csv"), "strict": True}
    answer = staff.post(f"{SETS}digits/imports/", fields, format="json")
    assert answer.status_code == 202
    services.run(ImportRun.objects.get().job_id)
    samples = staff.get(f"{SETS}digits/samples/").json()["results"]
    assert [(s["name"], s["prompt"], s["width"]) for s in samples] == [("1.png", "one", 24)]


def test_folders_that_are_not_opened_cannot_be_reached_in_any_way(staff, digits, opened, tmp_path):
    secret = write(tmp_path / "secret", {"x.png": png(1), "p.csv": b"name,prompt\n"})
    (opened / "way").symlink_to(secret)
    for folder in (secret, opened / ".." / "secret", opened / "way", "/", ""):
        answer = staff.post(f"{SETS}digits/imports/", {"folder": str(folder)}, format="json")
        assert answer.status_code == 400, folder
        assert not folder or f"(IMPORT_ROOTS): {opened}." in answer.json()["detail"]
    fields = {"folder": str(opened), "prompts": str(secret / "p.csv")}
    assert staff.post(f"{SETS}digits/imports/", fields, format="json").status_code == 400
    assert not ImportRun.objects.exists()


def test_links_inside_an_opened_folder_lead_nowhere_else(staff, digits, opened, tmp_path):
    secret = write(tmp_path / "secret", {"x.png": png(1)})
    write(opened, {"1.png": png(2)})
    (opened / "x.png").symlink_to(secret / "x.png")
    staff.post(f"{SETS}digits/imports/", {"folder": str(opened)}, format="json")
    run = ImportRun.objects.get()
    services.run(run.job_id)
    run.refresh_from_db()
    assert (run.added, run.rejected) == (1, 1)
    assert "leads outside" in run.problems[0]["reason"]


def test_without_roots_no_folder_is_open(staff, digits, folder):
    answer = staff.post(f"{SETS}digits/imports/", {"folder": str(folder)}, format="json")
    assert "nothing on the server is. Upload a zip" in answer.json()["detail"]


def test_what_is_no_zip_is_a_400_with_the_reason(staff, digits):
    archive = SimpleUploadedFile("p.zip", b"no zip at all")
    answer = staff.post(f"{SETS}digits/imports/", {"archive": archive}, format="multipart")
    assert answer.status_code == 400
    assert "not a zip archive" in answer.json()["detail"]
    assert SampleSet.objects.get().imports.count() == 0


def test_imports_of_one_set_are_not_found_under_another(staff, bring):
    run = bring({"1.png": png(1)})
    create_sample_set(name="Other", kind="real")
    assert staff.get(f"{SETS}other/imports/{run.pk}/").status_code == 404
    assert staff.get(f"{SETS}nothing/imports/").status_code == 404


def test_the_schema_tells_both_ways_to_import(client):
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(public=True)
    ways = schema["paths"]["/api/v1/sample-sets/{slug}/imports/"]["post"]["requestBody"]["content"]
    assert set(ways) == {"application/json", "multipart/form-data"}


def test_a_set_is_deleted_unless_something_needs_it(staff, digits):
    start = services.submit(kind="samples.import", key="x")
    run = ImportRun.objects.create(sample_set=digits, source="a.zip", job=start)
    refused = staff.delete(f"{SETS}digits/")
    assert (refused.status_code, "imports under way (1)" in refused.json()["detail"]) == (409, True)
    run.delete()
    assert staff.delete(f"{SETS}digits/").status_code == 204
    assert staff.get(f"{SETS}digits/").status_code == 404
