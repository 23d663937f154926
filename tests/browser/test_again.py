"""A rater who comes again: by the link on the last screen, for other images; a reload comes back to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from humaneval.rating.models import Assignment
from humaneval.studies.models import Study
from tests.browser.rater import Rater
from tests.browser.site import ASSIGNMENTS, Site


@pytest.fixture
def twice(site: Site) -> Iterator[str]:
    """A study that lets its raters come twice, for as long as the test takes."""
    study = Study.objects.filter(pk=site.studies["two_afc"])
    with site.rows():
        study.update(sessions_per_rater=2)
    yield "two_afc"
    with site.rows():
        study.update(sessions_per_rater=1)


def test_a_rater_goes_on_with_other_images(rater: Rater, site: Site, twice: str) -> None:
    rater.open(twice).agree().start()
    rater.answer_all(lambda: rater.press("1")).finish()
    rater.page.reload()
    rater.finish()
    rater.view.get_by_role("link", name="Rate more images").click()
    rater.agree().start()
    rater.answer_all(lambda: rater.press("2"), last=2).see(3)
    rater.page.reload()
    rater.see(3)
    rater.answer_all(lambda: rater.press("2"), first=3).finish()
    expect(rater.view.get_by_role("link", name="Rate more images")).to_have_count(0)
    with site.rows():
        newest = site.newest_session(twice)
        trials = Assignment.objects.filter(session__rater=newest.rater).values_list("trial", flat=True)
        assert newest.number == 1
        assert len(set(trials)) == len(trials) == 2 * ASSIGNMENTS
    assert rater.complaints == []
