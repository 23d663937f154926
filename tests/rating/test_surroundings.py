"""The way through a study with a device gate, comprehension and closing questions, in its languages."""

from __future__ import annotations

import pytest

from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Session
from tests.factories import open_study
from tests.rating.conftest import ApiRater
from tests.studies.test_flow import FLOW

pytestmark = pytest.mark.django_db
GOOD = {"viewport": [1200, 800], "refresh_hz": 60, "keyboard": True}


def post(rater: ApiRater, path: str, answers: dict):
    return rater.client.post(
        f"/api/v1/rating/session/{path}/", {"answers": answers}, format="json", headers=rater._headers()
    )


def arrived(**flow) -> ApiRater:
    rater = ApiRater(open_study(flow={**FLOW, **flow}, assignments_per_session=3, repeats_per_session=0))
    assert rater.arrive(device=GOOD).status_code == 201
    return rater


def test_a_device_that_does_not_do_is_refused_politely_and_leaves_nothing():
    rater = ApiRater(open_study(flow=FLOW))
    answer = rater.arrive(device={**GOOD, "viewport": [360, 640]})
    assert (answer.status_code, answer.json()["code"]) == (409, "device_unfit")
    assert "at least 800" in answer.json()["detail"]
    assert Session.objects.count() == 0


def test_a_device_is_refused_in_the_language_of_the_page():
    rater = ApiRater(open_study(flow=FLOW))
    answer = rater.arrive(device={**GOOD, "viewport": [360, 640]}, language="de")
    assert "mindestens 800" in answer.json()["detail"]


def test_nothing_is_handed_out_before_the_instructions_are_understood():
    rater = arrived()
    assert rater.fetch().json()["code"] == "comprehension"
    assert post(rater, "comprehension", {"task": 0}).json() == {
        "passed": False,
        "tries_left": 1,
        "wrong": ["task"],
    }
    assert post(rater, "comprehension", {"task": 1}).json()["passed"] is True
    assert len(rater.block()) == 3
    assert post(rater, "comprehension", {"task": 0}).json()["passed"] is True


def test_who_runs_out_of_tries_is_screened_out():
    rater = arrived()
    for left in (1, 0):
        assert post(rater, "comprehension", {"task": 0}).json()["tries_left"] == left
    assert rater.session().json()["state"] == "screened_out"
    assert rater.fetch().json()["code"] == "screened_out"
    assert post(rater, "comprehension", {"task": 1}).json()["code"] == "screened_out"
    assert rater.complete().json()["code"] == "screened_out"


def test_closing_answers_are_kept_once_and_wrong_ones_are_said():
    rater = arrived()
    answer = post(rater, "closing", {"age": 3, "eyes": 0})
    assert (answer.status_code, list(answer.json()["answers"])) == (400, ["age"])
    assert post(rater, "closing", {"age": 33, "eyes": 0}).json() == {"stored": True}
    assert post(rater, "closing", {"age": 44, "eyes": 1}).json() == {"stored": True}
    assert Session.objects.get().closing == {"age": 33, "eyes": 0}


def test_the_session_comes_in_the_language_asked_for():
    texts = {"de": {"title": "Welches ist echt?", "consent": "Ich nehme teil.", "questions": {}}}
    rater = ApiRater(open_study(flow={"texts": texts}))
    german = consent_hash(rater.study, "de")
    assert german != consent_hash(rater.study)
    study = rater.arrive(language="de", consent_hash=german, device=GOOD).json()["session"]["study"]
    assert (study["title"], study["flow"]["language"]) == ("Welches ist echt?", "de")
    assert rater.session().json()["study"]["title"] == "Welches ist echt?"


def test_without_a_flow_nothing_stands_in_the_way():
    rater = ApiRater(open_study())
    rater.arrive()
    assert rater.block()
    assert rater.session().json()["study"]["flow"]["closing"] == []
