"""What surrounds the trials is checked strictly, and shown without its answers."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from humaneval.studies.answering import check_closing, unfit_device, wrong_comprehension
from humaneval.studies.flow import (
    check_flow,
    complete_flow,
    default_flow,
    shown_flow,
)

QUESTION = {"key": "task", "text": "What do you look for?", "options": ["Cats", "Fakes"], "correct": 1}
AGE = {"key": "age", "kind": "number", "text": "Your age?", "minimum": 18, "maximum": 120, "optional": True}
EYES = {"key": "eyes", "kind": "choice", "text": "Glasses?", "options": ["Yes", "No"]}
FLOW = {
    "device": {"min_width": 800, "keyboard": True, "min_refresh_hz": 60},
    "comprehension": {"tries": 2, "questions": [QUESTION]},
    "closing": [AGE, EYES],
    "debrief": "It was about models.",
    "texts": {
        "de": {
            "debrief": "Es ging um Modelle.",
            "comprehension": {"task": {"text": "Was suchen Sie?", "options": ["Katzen", "Falsche"]}},
        }
    },
}


def test_the_default_and_a_full_flow_pass():
    check_flow(default_flow())
    check_flow({})
    check_flow(FLOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"colour": "red"}, "flow: has no “colour”"),
        ({"device": {"min_width": -1}}, r"device\.min_width: must be a whole number from 0 to 4000"),
        ({"device": {"width": 3}}, "device: has no “width”"),
        ({"device": 3}, "device: must be an object"),
        ({"break_every": 1.5}, "break_every: must be a whole number"),
        ({"confirm_answers": 1}, "confirm_answers: must be true or false"),
        ({"comprehension": {"tries": 2}}, "comprehension: needs “questions”"),
        (
            {"comprehension": {"tries": 2, "questions": [{**QUESTION, "correct": 2}]}},
            "comprehension.task: “correct” is no option",
        ),
        ({"comprehension": {"tries": 2, "questions": [QUESTION] * 2}}, "two questions have the key “task”"),
        ({"closing": [{**EYES, "kind": "text"}]}, "only a choice, has options"),
        ({"closing": [{**AGE, "minimum": 200}]}, "the minimum is above the maximum"),
        ({"closing": [{**AGE, "key": "Ä"}]}, r"closing\[0\]\.key: must be a short name"),
        ({"debrief": "\x00"}, "debrief: must be text"),
        ({"texts": {"de": {"closing": {"shoe": {"text": "?"}}}}}, "there is no question “shoe”"),
        (
            {"closing": [EYES], "texts": {"de": {"closing": {"eyes": {"options": ["Ja", "Nein", "?"]}}}}},
            "as many options as the question has",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(change, reason):
    with pytest.raises(ValidationError, match=reason):
        check_flow(change)


def test_the_page_is_never_told_the_right_answers():
    shown = shown_flow(FLOW, "en")
    assert "correct" not in str(shown)
    assert shown["comprehension"]["questions"][0]["options"] == ["Cats", "Fakes"]
    assert shown["languages"] == ["en", "de"]


def test_words_come_in_the_language_asked_for_and_else_in_the_studys_own():
    german = shown_flow(FLOW, "de")
    assert (german["debrief"], german["language"]) == ("Es ging um Modelle.", "de")
    assert german["comprehension"]["questions"][0]["text"] == "Was suchen Sie?"
    assert german["closing"][1]["text"] == "Glasses?"
    assert shown_flow(FLOW, "fr")["language"] == "en"


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ({"viewport": [1024, 768], "refresh_hz": 59.9, "keyboard": True}, ""),
        ({}, ""),
        ({"viewport": [360, 640]}, "at least 800"),
        ({"refresh_hz": 30}, "faster display"),
        ({"keyboard": False}, "keyboard"),
    ],
)
def test_a_device_that_does_not_do_is_told_why(device, reason):
    said = unfit_device(FLOW, device)
    assert reason in said
    assert bool(said) == bool(reason)


def test_comprehension_is_judged_by_option():
    assert wrong_comprehension(FLOW, {"task": 1}) == []
    for answer in ({}, {"task": 0}, {"task": True}, {"task": "1"}):
        assert wrong_comprehension(FLOW, answer) == ["task"]


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"age": 30, "eyes": 0}, set()),
        ({"eyes": 1}, set()),
        ({"age": 7, "eyes": 0}, {"age"}),
        ({"age": 30}, {"eyes"}),
        ({"eyes": 2}, {"eyes"}),
        ({"eyes": 0, "shoe": 42}, {"shoe"}),
    ],
)
def test_closing_answers_fit_their_questions(answers, wrong):
    assert set(check_closing(FLOW, answers)) == wrong


def test_what_is_left_out_of_a_device_gate_demands_nothing():
    assert complete_flow({"device": {"keyboard": True}})["device"] == {
        **default_flow()["device"],
        "keyboard": True,
    }
