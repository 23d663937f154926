"""Keys that a study sets for its answers."""

from __future__ import annotations

import pytest

from humaneval.protocols import registry
from humaneval.protocols.base import QuestionSpec
from humaneval.protocols.keys import problems_of_keys


@pytest.mark.parametrize(
    ("protocol", "asked", "names"),
    [
        ("two_afc", {}, ("left", "right", "next")),
        ("two_afc", {"images": 3, "cannot_tell": True}, ("1", "2", "3", "next", "cannot_tell", "not_shown")),
        ("pairwise", {"allow_tie": True}, ("left", "right", "tie", "next")),
        ("real_or_fake", {}, ("real", "fake", "next")),
        ("timed_real_or_fake", {}, ("real", "fake", "next")),
        ("duplicates", {}, ("same", "different", "next")),
        ("ranking", {"images": 3}, ("1", "2", "3", "next")),
        ("likert", {}, ("1", "2", "3", "4", "5", "next")),
        ("likert", {"scale": "slider"}, ("next",)),
    ],
)
def test_every_answer_has_a_name_that_a_key_can_be_set_for(protocol, asked, names):
    questions = (QuestionSpec("a", "?", points=4), QuestionSpec("b", "?", points=5))
    assert registry.get(protocol).key_names(questions, asked) == names


def test_keys_that_fit_are_no_problem():
    assert problems_of_keys({"left": "a", "right": "ArrowUp", "next": " "}, ("left", "right", "next")) == []


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"top": "a"}, "Keys: there is no answer “top”; there are left, right."),
        ({"left": "Enter"}, "Keys: “Enter” cannot stand for “left”: give one character (not “z”), or one of"),
        ({"left": "Z"}, "Keys: “Z” cannot stand for “left”"),
        ({"left": ""}, "Keys: “” cannot stand for “left”"),
        ({"left": "a", "right": "A"}, "Keys: “a” stands for 2 answers: give each its own."),
    ],
)
def test_what_is_wrong_with_keys_is_said(keys, reason):
    [problem] = problems_of_keys(keys, ("left", "right"))
    assert problem.startswith(reason)
