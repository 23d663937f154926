"""The page of pairs: a study of duplicates is made wholly in the admin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies.design import design_of, problems_of
from humaneval.studies.models import Study
from humaneval.studies.pair_tables import pairs_of_text
from humaneval.studies.pairs import import_pairs
from tests.factories import draft_study, filled_set, set_state
from tests.studies.test_admin import ADD, change_url
from tests.studies.test_pairs import pair_study, rows_of

pytestmark = pytest.mark.django_db

HEAD = "sample_set,batch,first,second\n"


def address(study: Study) -> str:
    """Return the address of a study's page of pairs."""
    return reverse("admin:studies_study_pairs", args=(study.pk,))


def csv_of(study: Study, batches: int = 4, divider: str = ",") -> str:
    """Return a table of a study's pairs."""
    rows = [["sample_set", "batch", "first", "second", "distance"]]
    rows += [[*map(str, row.values()), "0.5"] for row in rows_of(study, batches)]
    return "\n".join(divider.join(row) for row in rows)


def test_a_study_of_duplicates_is_made_wholly_in_the_admin(admin_client: Client):
    made = filled_set(kind="generated", count=12, name="Model", slug="model")
    given = {"name": "Doubles", "protocol": "duplicates", "real_set": "", "generated_sets": [made.pk]}
    sizes = {"trial_count": 200, "votes_per_trial": 3, "assignments_per_session": 40}
    page = admin_client.post(ADD, given | sizes, follow=True)
    assert "Next, import its table of pairs" in page.content.decode()
    study = Study.objects.get()
    buttons = {button["path"].rstrip("/").split("/")[-1] for button in page.context["actions_detail"]}
    assert "pairs" in buttons
    answer = admin_client.post(address(study), {"pasted": csv_of(study)}, follow=True)
    assert "The study has 4 pairs, and as many trials." in answer.content.decode()
    study.refresh_from_db()
    assert study.trial_count == 4
    assert problems_of(study, design_of(study)) == []
    text = admin_client.get(address(study)).content.decode()
    assert "4 pairs" in text
    assert "<td>0.5</td>" in text


def test_the_page_shows_what_a_table_looks_like_for_the_study(admin_client: Client):
    study = pair_study()
    example = admin_client.get(address(study)).context["example"]
    assert example.startswith("sample_set,batch,first,second,distance\n")
    assert import_pairs(study=study, rows=pairs_of_text(example)) == 2


@pytest.mark.parametrize("divider", [",", ";", "\t"])
def test_a_table_comes_from_a_file_whatever_divides_it(divider: str, admin_client: Client):
    study = pair_study()
    table = SimpleUploadedFile("pairs.csv", b"\xef\xbb\xbf" + csv_of(study, 3, divider).encode())
    assert admin_client.post(address(study), {"table": table}).status_code == 302
    assert study.duplicatepairs.filter(distance=0.5).count() == 3


def test_a_table_is_read_as_spreadsheets_write_it(admin_client: Client):
    study = pair_study()
    text = csv_of(study, 3).replace("0.5", "0,5").replace(",", "; ").replace("0; 5", "0,5")
    text = text.replace("sample_set", "Sample_Set").replace("distance", "Distance;") + ";\n;;;\n"
    assert admin_client.post(address(study), {"pasted": text}).status_code == 302
    assert study.duplicatepairs.filter(distance=0.5).count() == 3


@pytest.mark.parametrize("wrapped", [False, True])
def test_json_is_taken_as_the_api_takes_it(wrapped: bool, admin_client: Client):
    study = pair_study()
    rows: Any = rows_of(study, 2)
    pasted = json.dumps({"pairs": rows} if wrapped else rows)
    assert admin_client.post(address(study), {"pasted": pasted}).status_code == 302
    assert study.duplicatepairs.count() == 2


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "Choose a file, or paste the table below."),
        ("sample_set,batch,first\n", "The table has no column second."),
        (HEAD, "The table has no rows."),
        (HEAD + "other,0,a,b\n", "Line 2: the study does not compare the set “other”"),
        ("sample_set,batch,first,second,dist\n", "No column is called dist. There are sample_set"),
        ("sample_set,batch,first,First\n", "The table has the column first twice."),
        ("sample_set,batch,batch\n", "The table has the column batch twice."),
        (HEAD + "\na,0,b,c,5\n", "Line 3: the first line has no name for"),
        ("[1, 2", "This is not JSON"),
        ("[" * 100_000, "This is not JSON"),
        ("[1]", "JSON is a list of objects with sample_set, batch"),
        ('{"rows": []}', "JSON is a list of objects"),
        (HEAD + "x" * 140_000, "This is not CSV"),
    ],
)
def test_what_is_wrong_is_said_by_the_field_and_what_was_pasted_stays(pasted, reason, admin_client: Client):
    study = pair_study()
    answer = admin_client.post(address(study), {"pasted": pasted})
    (field,) = answer.context["form"].errors
    assert field == ("pasted" if pasted else "table")
    assert reason in answer.context["form"].errors[field][0]
    assert answer.context["form"]["pasted"].value() == pasted
    assert not study.duplicatepairs.exists()


def test_two_tables_at_once_and_what_is_no_text_are_refused(admin_client: Client):
    study = pair_study()
    both = {"table": SimpleUploadedFile("a.csv", b"x"), "pasted": "y"}
    answer = admin_client.post(address(study), both)
    assert "give one of them" in answer.context["form"].errors["table"][0]
    answer = admin_client.post(address(study), {"table": SimpleUploadedFile("a.csv", b"\xff\xfe")})
    assert "not text in UTF-8" in answer.context["form"].errors["table"][0]


def test_a_launched_studys_pairs_are_shown_and_not_taken(admin_client: Client):
    study = pair_study()
    import_pairs(study=study, rows=rows_of(study, 3))
    set_state(study, "open")
    assert 'name="pasted"' not in admin_client.get(address(study)).content.decode()
    answer = admin_client.post(address(study), {"pasted": csv_of(study)})
    assert "may not change once it is launched" in str(answer.context["form"].errors)
    assert study.duplicatepairs.count() == 3


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_only_a_study_of_pairs_has_their_button_and_page(protocol: str, admin_client: Client):
    study = draft_study(protocol=protocol, generated=2)
    shown = admin_client.get(change_url(study)).context["actions_detail"]
    has = any(button["path"].rstrip("/").endswith("/pairs") for button in shown)
    assert has is PROTOCOLS[protocol].uses_pairs
    assert (admin_client.get(address(study)).status_code == 200) is has


def test_a_study_of_pairs_needs_a_set(admin_client: Client):
    given = {"name": "Doubles", "protocol": "duplicates", "real_set": "", "generated_sets": []}
    sizes = {"trial_count": 200, "votes_per_trial": 3, "assignments_per_session": 40}
    answer = admin_client.post(ADD, given | sizes)
    errors = answer.context["adminform"].form.errors
    assert errors == {"generated_sets": ["Choose the sets that the pairs are of."]}
