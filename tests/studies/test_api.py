"""/api/v1/studies/"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from humaneval.jobs import services as jobs
from humaneval.protocols import registry
from humaneval.studies import lifecycle
from humaneval.studies.api import StudyViewSet
from humaneval.studies.models import Study
from humaneval.teams.models import ApiToken, AuditEntry

pytestmark = pytest.mark.django_db

URL = "/api/v1/studies/"
NEW = {
    "name": "Faces",
    "protocol": "likert",
    "settings": {"grid_size": 4},
    "trial_count": 6,
    "seed": 11,
    "conditions": [{"sample_set": "photos"}, {"sample_set": "model-a", "label": "A"}],
    "questions": [{"key": "realism", "text": "How real?", "points": 7, "low_label": "Not"}],
}
ENDPOINTS = [
    ("get", ""),
    ("post", ""),
    ("get", "a-study/"),
    ("patch", "a-study/"),
    ("delete", "a-study/"),
    ("post", "a-study/launch/"),
    ("post", "a-study/cancel-launch/"),
    ("post", "a-study/pause/"),
    ("post", "a-study/resume/"),
    ("post", "a-study/close/"),
    ("get", "a-study/trials/"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_it_is_closed_to_strangers(make_study, method, path):
    make_study()
    assert getattr(APIClient(), method)(URL + path).status_code == 401
    assert Study.objects.get().state == "draft"


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_it_is_closed_to_people_who_are_not_staff(make_study, method, path):
    make_study()
    client = APIClient()
    client.force_authenticate(User.objects.create_user("rob"))
    assert getattr(client, method)(URL + path).status_code == 403
    assert Study.objects.get().state == "draft"


def test_a_token_of_staff_opens_it(make_study, staff):
    make_study()
    client = APIClient(headers={"Authorization": f"Token {ApiToken.objects.create(user=staff).secret}"})
    assert client.get(URL).json()["count"] == 1


def test_it_makes_a_draft(sets, api, staff):
    answer = api.post(URL, NEW, format="json")
    assert answer.status_code == 201
    data = answer.json()
    assert (data["slug"], data["state"], data["owner"]) == ("faces", "draft", "rita")
    assert data["rater_url"].endswith("/s/faces/")
    assert data["settings"] == registry.get("likert").checked_settings({"grid_size": 4})
    assert [(c["sample_set"], c["kind"], c["label"]) for c in data["conditions"]] == [
        ("photos", "real", ""),
        ("model-a", "generated", "A"),
    ]
    assert data["questions"] == [
        {
            "key": "realism",
            "text": "How real?",
            "points": 7,
            "low_label": "Not",
            "middle_label": "",
            "high_label": "",
        }
    ]
    assert data["launch"] is None
    assert "voluntary" in data["consent_text"]


def test_name_and_protocol_are_enough(sets, api):
    answer = api.post(URL, {"name": "Bare", "protocol": "pairwise"}, format="json")
    assert answer.status_code == 201
    assert answer.json()["questions"][0]["key"] == "preference"


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"protocol": "unheard_of"}, "protocol", "not a valid choice"),
        ({"name": ""}, "name", "may not be blank"),
        ({"settings": {"grid_size": 0}}, "settings", "grid_size: must be at least 1."),
        ({"conditions": [{"sample_set": "none"}]}, "conditions", "does not exist"),
        ({"conditions": [{"sample_set": "photos"}] * 2}, "conditions", "in a study once"),
        ({"questions": [{"key": "a b", "text": "x"}]}, "questions", "valid"),
        ({"questions": [{"key": "a", "text": "x", "points": 1}]}, "questions", "greater than or equal to 2"),
        ({"trial_count": 0}, "trial_count", "greater than or equal to 1"),
        ({"slug": "a-study"}, "slug", "already exists"),
    ],
)
def test_it_says_what_is_wrong_with_a_new_study(make_study, api, changes, field, reason):
    make_study()
    answer = api.post(URL, {**NEW, **changes}, format="json")
    assert answer.status_code == 400
    assert reason in str(answer.json()[field])
    assert Study.objects.count() == 1


def test_it_lists_studies_and_filters_them(make_study, api):
    make_study("likert", name="One")
    make_study("two_afc", name="Two")
    assert [row["name"] for row in api.get(URL).json()["results"]] == ["Two", "One"]
    assert [row["name"] for row in api.get(URL, {"protocol": "likert"}).json()["results"]] == ["One"]
    assert api.get(URL, {"state": "open"}).json()["results"] == []


def test_reading_takes_few_queries_however_many_studies(make_study, api, django_assert_num_queries):
    for number in range(5):
        make_study(name=f"Study {number}")
    with django_assert_num_queries(2):
        api.get(URL)
    with django_assert_num_queries(3):
        assert len(api.get(f"{URL}study-0/").json()["conditions"]) == 3


def test_it_changes_a_draft(make_study, api):
    make_study()
    changes = {"title": "New", "conditions": [{"sample_set": "model-b", "label": "B"}]}
    answer = api.patch(f"{URL}a-study/", changes, format="json")
    assert answer.status_code == 200
    assert answer.json()["title"] == "New"
    assert [c["sample_set"] for c in answer.json()["conditions"]] == ["model-b"]
    assert answer.json()["trial_count"] == 12


def test_it_refuses_to_change_what_a_launch_has_fixed(make_study, api):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(state="open")
    answer = api.patch(f"{URL}a-study/", {"seed": 1, "name": "New"}, format="json")
    assert answer.status_code == 400
    assert answer.json() == {"seed": ["May not change: the study is open."]}
    assert api.patch(f"{URL}a-study/", {"votes_per_trial": 8}, format="json").status_code == 200


def test_it_launches_and_tells_the_progress(image_sets, api, staff):
    fields = {"name": "Go", "protocol": "two_afc", "trial_count": 5}
    conditions = [{"sample_set": sample_set.slug} for sample_set in image_sets]
    api.post(URL, {**fields, "conditions": conditions}, format="json")
    answer = api.post(f"{URL}go/launch/")
    assert answer.status_code == 200
    data = answer.json()
    assert (data["state"], data["launch"]["state"]) == ("launching", "queued")
    job = jobs.run(data["launch"]["id"])
    assert job.args["user"] == staff.pk
    data = api.get(f"{URL}go/").json()
    assert (data["state"], data["launch"]["state"]) == ("open", "succeeded")
    trials = api.get(f"{URL}go/trials/").json()
    assert trials["count"] == 5
    assert [trial["number"] for trial in trials["results"]] == list(range(5))
    assert [len(slot) for slot in trials["results"][0]["slots"]] == [1, 1]


def test_trials_are_listed_in_few_queries(image_sets, api, django_assert_num_queries):
    conditions = [{"sample_set": sample_set.slug} for sample_set in image_sets]
    fields = {"name": "Go", "protocol": "two_afc", "trial_count": 50, "conditions": conditions}
    api.post(URL, fields, format="json")
    jobs.run(api.post(f"{URL}go/launch/").json()["launch"]["id"])
    with django_assert_num_queries(5):
        assert len(api.get(f"{URL}go/trials/").json()["results"]) == 50


def test_it_says_why_a_study_cannot_be_launched(make_study, api):
    make_study(conditions=[])
    answer = api.post(f"{URL}a-study/launch/")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "The study cannot be launched as it is."
    assert "needs at least 1 real sample set" in answer.json()["problems"][0]
    assert "needs at least 1 real sample set" in api.get(f"{URL}a-study/").json()["launch_error"]


def test_it_pauses_resumes_and_closes(make_study, api):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(state="open")
    states = [api.post(f"{URL}a-study/{move}/").json()["state"] for move in ("pause", "resume", "close")]
    assert states == ["paused", "open", "closed"]


@pytest.mark.parametrize("move", ["pause", "resume", "close", "cancel-launch"])
def test_a_move_that_the_state_does_not_allow_is_a_conflict(make_study, api, move):
    make_study()
    answer = api.post(f"{URL}a-study/{move}/")
    assert answer.status_code == 409
    assert "“A study” is draft and cannot become" in answer.json()["detail"]


def test_a_launch_can_be_stopped(make_study, api):
    lifecycle.launch(make_study())
    assert api.post(f"{URL}a-study/cancel-launch/").json()["state"] == "draft"


def test_a_draft_can_be_deleted_and_an_open_study_cannot(make_study, api):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(state="open")
    answer = api.delete(f"{URL}a-study/")
    assert answer.status_code == 409
    assert "only drafts and closed studies" in answer.json()["detail"]
    Study.objects.filter(pk=study.pk).update(state="draft")
    assert api.delete(f"{URL}a-study/").status_code == 204


@pytest.mark.parametrize(("method", "path"), [("delete", ""), ("patch", ""), ("post", "launch/")])
def test_a_study_that_somebody_deletes_at_this_moment_is_not_found(
    make_study, api, monkeypatch, method, path
):
    make_study()
    look_up = StudyViewSet.get_object

    def look_up_and_lose(view: StudyViewSet) -> Study:
        found = look_up(view)
        Study.objects.filter(pk=found.pk).delete()
        return found

    monkeypatch.setattr(StudyViewSet, "get_object", look_up_and_lose)
    assert getattr(api, method)(f"{URL}a-study/{path}").status_code == 404
    assert not AuditEntry.objects.exists()


def test_an_unknown_study_is_not_found(api):
    assert api.get(f"{URL}none/").status_code == 404


def test_the_schema_gives_every_endpoint_its_types(client):
    schema = client.get("/api/schema/?format=json").json()
    paths = schema["paths"]
    assert {"get", "post"} <= set(paths[URL])
    for move in ("launch", "cancel-launch", "pause", "resume", "close"):
        operation = paths[f"{URL}{{slug}}/{move}/"]["post"]
        assert "requestBody" not in operation
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer == {"$ref": "#/components/schemas/Study"}
    study = schema["components"]["schemas"]["Study"]["properties"]
    assert study["conditions"]["items"] == {"$ref": "#/components/schemas/Condition"}
    assert "StudyWriteRequest" in schema["components"]["schemas"]
