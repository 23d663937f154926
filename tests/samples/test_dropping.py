"""Files sent a few at a time from a browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from humaneval.jobs.models import Job
from humaneval.samples.models import ImportRun, Sample, SampleSet
from humaneval.teams.roles import Role
from tests.factories import TeamFactory, member
from tests.samples.conftest import reasons, stored
from tests.samples.pictures import png

pytestmark = pytest.mark.django_db


@pytest.fixture
def drop(digits: SampleSet, admin_client: Client):
    """Return a function that sends files as the page's script does, and gives the JSON of the answer."""

    def send(files: dict[str, bytes], *, run: int | str = "", status: int = 200) -> dict[str, Any]:
        sent = [SimpleUploadedFile(name.rsplit("/")[-1] or "x", content) for name, content in files.items()]
        body = {"run": run, "paths": list(files), "files": sent}
        answer = admin_client.post(address(digits), body, headers={"Accept": "application/json"})
        assert answer.status_code == status, answer.content
        return answer.json()

    return send


def address(sample_set: SampleSet) -> str:
    """Return where files for a set are sent."""
    return reverse("admin:samples_sampleset_add_files", args=[sample_set.pk])


def test_dropped_files_come_in_under_their_paths_and_bad_ones_are_told_with_reasons(drop, digits):
    answer = drop({"a/1.png": png(1), "a/2.png": b"no picture", "a/.DS_Store": b"x"})
    assert answer["counts"] == {"added": 1, "unchanged": 0, "rejected": 1}
    said = {one["name"]: one for one in answer["files"]}
    assert said.keys() == {"a/1.png", "a/2.png"}
    assert "not an image" in said["a/2.png"]["reason"]
    sample = digits.samples.get()
    assert (sample.name, stored(sample), sample.import_run_id) == ("a/1.png", png(1), answer["run"])
    run = ImportRun.objects.get()
    assert (run.state, run.received, run.created_by.is_superuser) == ("done", len(png(1)) + 10, True)
    assert not Job.objects.exists()


def test_a_sitting_is_one_import_and_files_sent_twice_count_once(drop):
    first = drop({"1.png": png(1), "2.png": b"bad"})
    again = drop({"1.png": png(1), "2.png": b"bad", "3.png": png(3)}, run=first["run"])
    assert again == {
        "run": first["run"],
        "counts": {"added": 2, "unchanged": 0, "rejected": 1},
        "files": again["files"],
    }
    mended = drop({"2.png": png(2)}, run=first["run"])
    assert mended["counts"] == {"added": 3, "unchanged": 0, "rejected": 0}
    other = drop({"1.png": png(1), "2.png": png(9)})
    assert other["run"] != first["run"]
    assert other["counts"] == {"added": 0, "unchanged": 1, "rejected": 1}
    assert "other content" in reasons(ImportRun.objects.get(pk=other["run"]))["2.png"]


def test_what_is_there_is_told_by_name_with_hash_and_size(drop, digits, admin_client):
    drop({"a/1.png": png(1)})
    names = ["a/1.png", "a\\1.png", "2.png", "x\x00", "../../etc/passwd", "\ud800", ""]
    answer = admin_client.post(address(digits), json.dumps({"names": names}), content_type="application/json")
    there = answer.json()["there"]
    assert there.keys() == {"a/1.png", "a\\1.png"}
    assert there["a/1.png"] == {"sha256": Sample.objects.get().sha256, "size": len(png(1))}
    for body in ("[]", "{", '{"names": [1]}', json.dumps({"names": ["x"] * 1001})):
        refused = admin_client.post(address(digits), body, content_type="application/json")
        assert refused.status_code == 400


def test_names_that_lead_elsewhere_or_cannot_be_stored_are_refused_one_by_one(drop, digits):
    names = ("../../etc/x.png", "/x.png", "C:/x.png", "a\x00b.png", "n" * 501)
    bad = {name: png(seed) for seed, name in enumerate(names)}
    answer = drop({**bad, "good.png": png(6)})
    assert answer["counts"] == {"added": 1, "unchanged": 0, "rejected": 5}
    assert [sample.name for sample in digits.samples.all()] == ["good.png"]


def test_a_table_among_the_files_gives_them_their_prompts(drop, digits):
    table = b"name,prompt,category\n1.png,a six,digits\n9.png,a nine,digits\n"
    files = {"m/1.png": png(1), "m/prompts.csv": table}
    answer = drop(files)
    assert answer["counts"] == {"added": 1, "unchanged": 0, "rejected": 1}
    prompt = digits.samples.get().prompt
    assert (prompt.text, prompt.category) == ("a six", "digits")
    assert "no such file" in reasons(ImportRun.objects.get())["m/9.png"]
    assert drop({"m/prompts.csv": b"nothing"}, run=answer["run"])["files"][0]["state"] == "refused"


DRAWBENCH = b"Prompts,Category\na red car,Colors\na cube,Conflicting\n"
PARTI = b"Prompt\tCategory\tChallenge\tNote\nbond\tAbstract\tBasic\tx\nlife\tAbstract\tQuantity\t\n"


@pytest.mark.parametrize("place", ["sd15/", "", "lists/"])
def test_a_dropped_prompt_list_goes_by_the_numbers_in_names_below_what_was_dropped(drop, digits, place):
    files = {"sd15/0/a.png": png(1), "sd15/00001.png": png(2), f"{place}PartiPrompts.tsv": PARTI}
    assert drop(files)["counts"] == {"added": 2, "unchanged": 0, "rejected": 0}
    rows = {one.name: (one.prompt.text, one.details) for one in digits.samples.select_related("prompt")}
    assert rows == {
        "sd15/0/a.png": ("bond", {"challenge": "Basic", "note": "x"}),
        "sd15/00001.png": ("life", {"challenge": "Quantity"}),
    }


def test_a_dropped_prompt_list_that_fits_no_file_is_refused(drop):
    refused = drop({"list.csv": DRAWBENCH, "x/y.png": png(3)})["files"]
    assert {one["name"]: one["state"] for one in refused} == {"x/y.png": "added", "list.csv": "refused"}
    assert "name images by their prompt's row" in refused[1]["reason"]


def test_folders_of_one_prompt_each_keep_their_numbers(drop, digits):
    run = drop({"2/0001.png": png(1), "2/0002.png": png(2)})["run"]
    drop({"DrawBench.CSV": DRAWBENCH}, run=run)
    assert set(digits.samples.values_list("prompt__text", "prompt__category")) == {("a cube", "Conflicting")}


def test_dropped_tables_of_any_name_keep_seeds_and_say_why_they_are_of_no_use(drop, digits):
    manifest = b"path,prompt,seed\n1.png,a six,7\n"
    answer = drop({"m/1.png": png(1), "m/manifest.csv": manifest, "m/loss.csv": b"epoch,loss\n1,2\n"})
    assert answer["counts"] == {"added": 1, "unchanged": 0, "rejected": 1}
    sample = digits.samples.get()
    assert (sample.prompt.text, sample.details) == ("a six", {"seed": "7"})
    assert "has no column name" in reasons(ImportRun.objects.get())["m/loss.csv"]
    drop({"m/metadata.csv": b"file_name,id\n1.png,x\n"}, run=answer["run"])
    sample.refresh_from_db()
    assert sample.details == {"seed": "7", "id": "x"}


def test_the_limits_of_imports_hold_for_a_sitting(drop, digits, settings):
    settings.IMPORT_MAX_FILES = 3
    settings.IMPORT_MAX_FILE_BYTES = len(png(1)) + 100
    run = drop({"1.png": png(1), "2.png": png(2), "3.png": b"x" * 5000})["run"]
    assert "too large" in reasons(ImportRun.objects.get())["3.png"]
    assert "IMPORT_MAX_FILES" in drop({"4.png": png(4)}, run=run, status=400)["detail"]
    settings.IMPORT_MAX_FILES, settings.IMPORT_MAX_TOTAL_BYTES = 10, 100
    assert "IMPORT_MAX_TOTAL_BYTES" in drop({"4.png": png(4)}, run=run, status=400)["detail"]
    assert digits.samples.count() == 2


def test_a_plain_form_without_script_leads_back_to_its_page(digits, admin_client, settings):
    sent = {"files": [SimpleUploadedFile("1.png", png(1)), SimpleUploadedFile("2.png", b"bad")], "run": ""}
    answer = admin_client.post(address(digits), sent, follow=True)
    page = answer.content.decode()
    assert "1 added, 0 were there already, 1 did not come in." in page
    assert "not an image" in page
    assert f'name="run" value="{ImportRun.objects.get().pk}"' in page
    settings.IMPORT_MAX_FILES = 1
    sent = {"files": [SimpleUploadedFile("3.png", png(3)), SimpleUploadedFile("4.png", png(4))]}
    assert "IMPORT_MAX_FILES" in admin_client.post(address(digits), sent).content.decode()


def test_only_who_may_import_into_the_set_sees_the_area_and_sends_files(digits, drop):
    for person, page, sending in (
        (member(role=Role.OWNER), True, 200),
        (member(role=Role.ANALYST), False, 403),
        (member(role=Role.OWNER, team=TeamFactory()), None, 404),
    ):
        client = Client()
        client.force_login(person)
        shown = client.get(reverse("admin:samples_sampleset_change", args=[digits.pk]))
        assert ('id="drop"' in shown.content.decode()) is bool(page)
        sent = {"files": [SimpleUploadedFile("1.png", png(1))]}
        answer = client.post(address(digits), sent, headers={"Accept": "application/json"})
        assert answer.status_code == sending
    assert digits.samples.count() == 1


def test_a_page_elsewhere_cannot_send_files_in_ones_name(digits, admin_user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(address(digits), {"files": [SimpleUploadedFile("1.png", png(1))]}).status_code == 403
    assert not Sample.objects.exists()


def test_a_sitting_of_another_set_or_a_zips_import_is_not_gone_on_with(drop, digits):
    others = ImportRun.objects.create(sample_set=digits, source="pictures.zip")
    assert drop({"1.png": png(1)}, run=others.pk)["run"] != others.pk
    assert drop({"2.png": png(2)}, run="9" * 30)["counts"]["added"] == 1
