"""Whether what a rater's browser tells of itself and answers around the trials fits the study's flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from humaneval.studies import shapes
from humaneval.studies.flow import complete_flow
from humaneval.studies.shapes import Check, Wrong

NO_DEVICE = {"viewport": [0, 0], "device_pixel_ratio": 0, "refresh_hz": 0, "keyboard": False}
"""A device that does for no study that asks for anything."""


def unfit_device(flow: Mapping[str, Any], device: Mapping[str, Any]) -> str:
    """Return why a device does not do for a study, as a polite sentence; empty if it does.

    ``device`` is what a browser told: ``viewport`` [width, height] in CSS pixels, ``device_pixel_ratio``,
    ``refresh_hz``, ``keyboard``. What it did not tell is not held against it.
    """
    wanted, viewport = complete_flow(flow)["device"], device.get("viewport")
    width, height = viewport if isinstance(viewport, list) and len(viewport) == 2 else (None, None)
    if _below(width, wanted["min_width"]) or _below(height, wanted["min_height"]):
        return (
            _(
                "This study needs a window of at least %(min_width)d × %(min_height)d pixels. Please make "
                "yours larger, or come back on a larger screen."
            )
            % wanted
        )
    if _below(device.get("device_pixel_ratio"), wanted["min_pixel_ratio"]):
        return _("This study needs a screen of a higher resolution. Please come back on another device.")
    if _below(device.get("refresh_hz"), 0.95 * wanted["min_refresh_hz"]):
        return _("This study needs a faster display. Please come back on another device.")
    if wanted["keyboard"] and device.get("keyboard") is False:
        return _("This study is answered with a keyboard. Please come back on a device that has one.")
    return ""


def _below(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value < least


def wrong_comprehension(flow: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """Return the keys of the comprehension questions that are not answered rightly."""
    right = {q["key"]: q["correct"] for q in complete_flow(flow)["comprehension"]["questions"]}
    given = {key: answers.get(key) for key in right}
    return [key for key in right if isinstance(given[key], bool) or given[key] != right[key]]


def check_closing(flow: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with the answers to the closing questions, by key; empty if nothing is."""
    questions = {question["key"]: question for question in complete_flow(flow)["closing"]}
    wrong = {key: _("There is no such question.") for key in answers if key not in questions}
    for key, question in questions.items():
        if reason := _closing_problem(question, answers.get(key)):
            wrong[key] = reason
    return wrong


def _closing_problem(question: Mapping[str, Any], value: Any) -> str:
    if value is None or value == "" or value == []:
        return "" if question.get("optional", False) else _("Please answer this question.")
    try:
        if question["kind"] in ("text", "long"):
            shapes.text(value, "")
        elif question["kind"] == "choice":
            _option_of(question)(value, "")
        elif question["kind"] == "multiple":
            shapes.list_of(_option_of(question), 1, len(question["options"]))(value, "")
        else:
            shapes.number_in(question.get("minimum", -1e9), question.get("maximum", 1e9), whole=False)(
                value, ""
            )
    except Wrong as wrong:
        return wrong.reason
    return ""


def _option_of(question: Mapping[str, Any]) -> Check:
    return shapes.number_in(0, len(question["options"]) - 1)
