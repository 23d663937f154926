"""Practice, pictures and closing questions on the server: truth only after the answer, and no vote of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from humaneval.protocols import registry
from humaneval.protocols.base import Design
from humaneval.protocols.orders import code_of
from humaneval.rating.models import Session, Vote
from humaneval.rating.practice import shown_right
from humaneval.reports.session_export import session_columns, session_rows
from humaneval.studies.design import design_of, problems_of
from humaneval.studies.examples import PracticeTrial, plan_extras
from humaneval.studies.models import Study
from tests.factories import open_study
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db
EYES = {"key": "eyes", "kind": "multiple", "text": "Glasses?", "options": ["Far", "Near", "None"]}


def practising(count: int = 3, **flow: Any) -> tuple[ApiRater, Study]:
    """Return a rater in a study with drawn practice trials."""
    study = open_study(
        trial_count=4,
        samples=30,
        assignments_per_session=4,
        repeats_per_session=0,
        flow={"practice": {"count": count, "examples": []}, **flow},
    )
    used = {s for trial in study.trials.all() for slot in trial.slots for s in slot}
    extras = plan_extras(study, design_of(study), used)
    assert extras.problems == []
    study.practice = [trial.as_json() for trial in extras.practice]
    Study.objects.filter(pk=study.pk).update(practice=study.practice)
    rater = ApiRater(study)
    assert rater.arrive().status_code == 201
    return rater, study


def practice(rater: ApiRater) -> dict[str, Any]:
    return rater.client.get("/api/v1/rating/session/practice/", headers=rater._headers()).json()


def try_out(rater: ApiRater, trial: str, answers: dict[str, Any]) -> Any:
    body = {"trial": trial, "answers": answers}
    return rater.client.post(
        "/api/v1/rating/session/practice/", body, format="json", headers=rater._headers()
    )


def test_practice_shows_no_image_that_a_counted_trial_shows():
    _rater, study = practising()
    counted = {s for trial in study.trials.all() for slot in trial.slots for s in slot}
    practised = {s for row in study.practice for slot in row["slots"] for s in slot}
    assert practised
    assert not practised & counted


def test_the_truth_comes_after_the_answer_and_no_vote_of_it():
    rater, study = practising()
    shown = practice(rater)
    assert shown["total"] == len(shown["trials"]) == 3
    assert "right" not in str(shown)
    for number, trial in enumerate(shown["trials"]):
        row = PracticeTrial.read(study.practice[number])
        real_place = next(p for p in (0, 1) if (p + row.turn) % 2 == row.right["real"][0])
        verdict = try_out(rater, trial["id"], {"real": real_place if number else 1 - real_place}).json()
        assert verdict == {"correct": number > 0, "right": {"real": [real_place]}, "why": ""}
    assert practice(rater)["trials"] == []
    assert Vote.objects.count() == 0
    assert [row["correct"] for row in Session.objects.get().practice] == [False, True, True]


def test_only_the_first_answer_to_a_practice_trial_is_kept():
    rater, _study = practising(1)
    trial = practice(rater)["trials"][0]["id"]
    first = try_out(rater, trial, {"real": 0}).json()["correct"]
    assert try_out(rater, trial, {"real": 1}).json()["correct"] is not first
    assert [row["correct"] for row in Session.objects.get().practice] == [first]


@pytest.mark.parametrize(
    ("trial", "answers", "code"),
    [
        ("00000000-0000-0000-0000-000000000063", {"real": 0}, "practice_unknown"),
        ("00000000-0000-0000-0000-000000000000", {"real": 9}, "practice_unanswered"),
    ],
)
def test_what_is_no_answer_is_refused(trial: str, answers: dict[str, Any], code: str):
    rater, _study = practising(1)
    response = try_out(rater, trial, answers)
    assert (response.status_code, response.json()["code"]) == (409, code)


def test_who_cannot_tell_is_told_the_truth_too():
    rater, _study = practising(1)
    verdict = try_out(rater, practice(rater)["trials"][0]["id"], {}).json()
    assert verdict["correct"] is False
    assert len(verdict["right"]["real"]) == 1


def plan(**flow: Any) -> tuple[Study, Design]:
    study = open_study(trial_count=4, samples=6, flow=flow)
    return study, design_of(study)


def test_too_few_images_are_said_at_launch():
    study, design = plan(practice={"count": 20, "examples": []})
    everything = {int(s) for condition in design.conditions for s in condition.samples}
    assert "images that no trial shows" in plan_extras(study, design, everything).problems[0]


def test_a_picture_that_is_not_there_keeps_a_study_from_its_launch():
    study, design = plan(pictures=[{"image": "no-such-set/a.png", "caption": "?"}])
    assert "There is no sample “no-such-set/a.png”" in problems_of(study, design)[0]


def test_an_example_must_look_like_a_trial():
    study, design = plan()
    name = f"{study.conditions.first().sample_set.slug}/{design.conditions[0].samples[0]}"
    sample = study.conditions.first().sample_set.samples.first()
    name = f"{sample.sample_set.slug}/{sample.name}"
    for example, reason in [
        ({"places": [[name]], "right": {"real": [1]}}, "has images [1]"),
        ({"places": [[name], [name]], "right": {"best": [1]}}, "needs the right answer to each of: real"),
    ]:
        study.flow = {"practice": {"count": 0, "examples": [example]}}
        assert reason in plan_extras(study, design, ()).problems[0]


def test_nobody_ends_before_the_closing_questions_are_answered():
    study = open_study(
        trial_count=2, assignments_per_session=2, repeats_per_session=0, flow={"closing": [EYES]}
    )
    rater = ApiRater(study)
    rater.arrive()
    rater.answer_everything()
    assert rater.complete().json()["code"] == "closing"
    body = {"answers": {"eyes": [0, 1]}}
    stored = rater.client.post(
        "/api/v1/rating/session/closing/", body, format="json", headers=rater._headers()
    )
    assert stored.json() == {"stored": True}
    assert rater.complete().json()["state"] == "completed"


def test_closing_answers_are_exported_in_words(django_assert_num_queries, tmp_path):
    study = open_study(
        trial_count=2, assignments_per_session=2, repeats_per_session=0, flow={"closing": [EYES]}
    )
    rater = ApiRater(study)
    rater.arrive()
    rater.send(*map(vote_for, rater.block()))
    Session.objects.update(closing={"eyes": [0, 2]})
    with django_assert_num_queries(1):
        (row,) = session_rows(study)
    table = dict(zip(session_columns(study), row, strict=True))
    assert (table["votes"], table["closing.eyes"], table["state"]) == (2, "Far; None", "active")
    call_command("export_report", study.slug, "--out", str(tmp_path / "report"))
    assert "Far; None" in (tmp_path / "report" / "sessions.csv").read_text()


def test_the_right_order_of_a_ranking_is_told_in_places_best_first() -> None:
    """Slot 2 stands at the first place, slot 0 at the second, slot 1 at the third."""
    protocol, order = registry.get("ranking"), [2, 0, 1]
    settings = protocol.checked_settings({"images": 3})
    best_worst = {**settings, "mode": "best_worst"}
    (question,) = protocol.default_questions
    assert shown_right(protocol.decode, question, order, settings, [code_of([0, 1, 2])]) == [[1, 2, 0]]
    assert shown_right(protocol.decode, question, order, best_worst, [0 * 3 + 2]) == [[1, 0]]


def test_the_right_point_of_a_slider_is_told() -> None:
    protocol = registry.get("likert")
    settings = protocol.checked_settings({"scale": "slider"})
    assert shown_right(protocol.decode, protocol.default_questions[0], [0], settings, [70, 100]) == [70, 100]
