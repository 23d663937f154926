"""The flow's form: a researcher needs no JSON, what is wrong is said beside its field."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from humaneval.rating.describing import describe_study
from humaneval.rating.preview import preview_study
from humaneval.samples.models import Sample, SampleKind, SampleSet
from humaneval.samples.stimuli import Recipe
from humaneval.studies.examples import picture_ids
from humaneval.studies.flow import check_flow, complete_flow
from humaneval.studies.flow_form import shown_rows
from humaneval.studies.flow_rows import flow_of, values_of
from humaneval.studies.forms import counted_sets
from humaneval.studies.models import Study
from tests.browser.flows import EVERYTHING
from tests.factories import UserFactory
from tests.studies.test_admin import change_url, untouched

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(staff: User, client: Client) -> Client:
    """A browser with staff signed in."""
    client.force_login(staff)
    return client


@pytest.fixture
def save(page: Client, make_study):
    """Return a function that changes fields of a new draft's form; it gives the study and the page."""
    study = make_study(flow={"closing": [{"key": "age", "kind": "number", "text": "Your age?"}]})

    def change(**fields: Any) -> tuple[Study, Any]:
        posted = {**untouched(page, study), **fields}
        answer = page.post(change_url(study), posted)
        study.refresh_from_db()
        return study, answer

    return change


def test_a_flow_survives_its_form():
    whole = complete_flow(EVERYTHING)
    values = values_of(EVERYTHING)
    counts = {"pictures": 4, "comprehension": 4, "examples": 2, "closing": 7, "texts": 3}
    assert flow_of(values, counts) == whole
    check_flow(flow_of(values, counts))


def test_saving_the_page_untouched_changes_nothing(save):
    before = complete_flow({"closing": [{"key": "age", "kind": "number", "text": "Your age?"}]})
    study, answer = save()
    assert answer.status_code == 302
    assert complete_flow(study.flow) == before
    assert shown_rows(study)["closing"] == 3


def test_questions_are_written_without_json(save):
    study, answer = save(
        flow_min_width="800",
        flow_tries="3",
        flow_comprehension_0_text="What do you look for?",
        flow_comprehension_0_options="Cats\n* Fakes",
        flow_closing_1_text="Glasses?",
        flow_closing_1_kind="choice",
        flow_closing_1_options="Yes\nNo",
        flow_closing_1_optional="on",
        flow_closing_1_translations="de: Brille? | Ja | Nein",
        flow_texts_0_language="de",
        flow_texts_0_title="Welches?",
        flow_debrief="It was about models.",
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert study.flow["device"]["min_width"] == 800
    assert study.flow["comprehension"] == {
        "tries": 3,
        "questions": [
            {"key": "q1", "text": "What do you look for?", "options": ["Cats", "Fakes"], "correct": 1}
        ],
    }
    assert study.flow["closing"][1] == {
        "key": "q2",
        "kind": "choice",
        "text": "Glasses?",
        "options": ["Yes", "No"],
        "optional": True,
    }
    assert study.flow["texts"]["de"] == {
        "title": "Welches?",
        "closing": {"q2": {"text": "Brille?", "options": ["Ja", "Nein"]}},
    }


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"flow_min_width": "9000"}, "flow_min_width", "less than or equal to 4000"),
        (
            {"flow_comprehension_0_text": "What?", "flow_comprehension_0_options": "Cats\nFakes"},
            "flow_comprehension_0_options",
            "Put * before the right answer",
        ),
        (
            {"flow_closing_1_text": "Glasses?", "flow_closing_1_kind": "choice"},
            "flow_closing_1_options",
            "at least two answers",
        ),
        (
            {"flow_closing_0_minimum": "9", "flow_closing_0_maximum": "3"},
            "flow_closing_0_options",
            "minimum is above the maximum",
        ),
        (
            {"flow_closing_1_text": "Work?", "flow_closing_1_kind": "text", "flow_closing_1_key": "Ä b"},
            "flow_closing_1_key",
            "short name",
        ),
        ({"flow_pictures_0_image": "nothing"}, "flow_pictures_0_image", "short name such as my-set/0001.png"),
        ({"flow_language": "Deutsch!"}, "flow_language", "short name such as en"),
        ({"flow_closing_0_translations": "fr: Âge ?"}, "flow_closing_0_translations", "Add the language"),
        (
            {"flow_texts_0_language": "de", "flow_closing_0_translations": "de: Alter? | jung | alt"},
            "flow_closing_0_translations",
            "as many options",
        ),
        (
            {"flow_examples_0_places": "a/1.png\nb/2.png", "flow_examples_0_right": "real: first"},
            "flow_examples_0_right",
            "numbers",
        ),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(fields, field, reason, save):
    _study, answer = save(**fields)
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert reason in str(errors[field])


def test_json_is_the_last_resort_and_then_wins(save):
    flow = complete_flow({"break_every": 7})
    study, answer = save(flow=json.dumps(flow), flow_break_every="3")
    assert answer.status_code == 302
    assert study.flow["break_every"] == 7


def test_an_open_study_shows_its_flow_and_takes_no_change(page: Client, make_study):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(state="open")
    text = page.get(change_url(study)).content.decode()
    assert "flow_break_every" not in text
    assert "break_every" in text


def picture(width: int = 300, height: int = 200, kind: str = "PNG", name: str = "how to.PNG") -> Any:
    """Return an image file as a browser uploads it."""
    content = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(content, kind)
    return SimpleUploadedFile(name, content.getvalue(), f"image/{kind.lower()}")


def test_a_picture_is_uploaded_and_shown_as_it_is(save):
    study, answer = save(flow_pictures_0_upload=picture(), flow_pictures_0_caption="How to look.")
    assert answer.status_code == 302
    (row,) = study.flow["pictures"]
    assert row["image"].startswith("instruction-pictures/")
    assert row["caption"] == "How to look."
    (shown,) = preview_study(study).pictures
    assert (shown.image.width, shown.image.height) == (300, 200)
    offered = counted_sets(SampleKind.REAL, UserFactory())
    assert SampleSet.objects.get(slug="instruction-pictures") not in offered


def test_a_large_picture_is_made_smaller_and_the_same_one_is_kept_once(save):
    study, _answer = save(
        flow_pictures_0_upload=picture(3200, 1000, "JPEG"),
        flow_pictures_1_upload=picture(3200, 1000, "JPEG", "again.jpg"),
    )
    first, second = preview_study(study).pictures
    assert first.image == second.image
    assert (first.image.width, first.image.height) == (1600, 500)
    assert Sample.objects.filter(sample_set__slug="instruction-pictures").count() == 1


def test_what_is_no_picture_is_said_beside_its_field(save):
    study, answer = save(flow_pictures_0_upload=SimpleUploadedFile("a.png", b"no image", "image/png"))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["flow_pictures_0_upload"]
    assert study.flow.get("pictures", []) == []


def test_an_uploaded_picture_is_shown_to_raters_whatever_the_studys_size(save):
    study, _answer = save(flow_pictures_0_upload=picture())
    study.recipe = str(Recipe(28, 28))
    assert picture_ids(study) == []  # the launch renders it no second time
    (shown,) = describe_study(study).pictures
    assert (shown.image.width, shown.image.height) == (300, 200)
