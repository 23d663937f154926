"""The methods paragraphs claim what was done, and nothing besides."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from humaneval.rating.models import Course
from humaneval.reports.loading import load_material
from humaneval.reports.report import build_report
from humaneval.studies.models import Study

pytestmark = pytest.mark.django_db


@pytest.fixture
def stopped(two_afc) -> Study:
    """Give a study with a stopping rule."""
    Study.objects.filter(pk=two_afc.pk).update(stop_rule="width", stop_goal=0.1)
    two_afc.refresh_from_db()
    return two_afc


def methods(study: Study, **design: object) -> str:
    """Return the paragraphs, with parts of the design put otherwise; None takes one away."""
    material = load_material(study)
    changed = {name: one for name, one in {**material.design, **design}.items() if one is not None}
    return " ".join(build_report(dataclasses.replace(material, design=changed)).methods)


def test_a_study_without_a_stopping_rule_says_nothing_of_one(two_afc):
    assert "topp" not in methods(two_afc)


@pytest.mark.parametrize(
    ("state", "words"), [("open", "the study is still open"), ("closed", "the study was closed")]
)
def test_a_rule_that_was_not_reached_is_not_said_to_have_stopped_anything(stopped, state, words):
    Study.objects.filter(pk=stopped.pk).update(state=state)
    stopped.refresh_from_db()
    said = methods(stopped)
    assert "no more trials are handed out once every interval is as narrow as 0.1." in said
    assert f"It has not been reached: {words} without it." in said
    assert "Collection stopped" not in said
    assert "(width)" not in said


def test_a_rule_that_was_reached_is_told_with_its_day_and_its_reason(stopped):
    reached = datetime(2026, 1, 2, 3, tzinfo=UTC)
    Course.objects.create(study=stopped, enough="The interval is 0.09 wide.", enough_since=reached)
    assert "It was reached on 2026-01-02 (The interval is 0.09 wide)." in methods(stopped)
    Course.objects.update(enough_since=None)  # from before the day was kept
    assert "It was reached (The interval is 0.09 wide)." in methods(stopped)


def test_a_bundle_from_before_that_was_kept_does_not_say_whether(stopped):
    said = methods(stopped, stopping=None, archive=None)
    assert "Whether it was reached is not on record." in said
    assert "consent on the first page" in said
