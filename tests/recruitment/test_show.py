"""The whole way on each stand-in, with a running server and worker: on MTurk in a real browser's frame."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import override_settings

from deploy.browser import find_browser
from humaneval.demo.panels.show import WORKERS, recruit
from humaneval.demo.panels.stand_ins import StandIn, start_stand_in
from humaneval.rating.models import Vote
from humaneval.recruitment.disagreements import disagreements_of
from humaneval.recruitment.models import Submission
from humaneval.studies.models import Study
from tests.browser.site import SET_NAMES, Site, _import, _serve, _static_settings, free_port, open_study
from tests.jobs.platform import Platform


@pytest.fixture
def stand_in(request, settings, monkeypatch) -> Iterator[StandIn]:
    """Give a stand-in; what it sets for this process is taken back."""
    settings.PUBLIC_URL = "http://127.0.0.1:1"  # restored, as is all that the stand-in sets
    for name in ("MTURK_ENDPOINT", "MTURK_SUBMIT_ORIGINS", "PROLIFIC_URL", "PROLIFIC_TOKEN"):
        setattr(settings, name, getattr(settings, name))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "stand-in")
    found = start_stand_in(request.param)
    yield found
    found.stop()


@pytest.fixture
def study(platform: Platform, stand_in: StandIn, settings) -> Study:
    """Give an open study on a running server whose worker knows the stand-in."""
    site = Site(platform, free_port())
    settings.PUBLIC_URL = site.url
    platform.settings.update(
        stand_in.environment, DJANGO_SETTINGS_MODULE="tests.browser.site_settings", PUBLIC_URL=site.url
    )
    with site.rows():
        User.objects.create_superuser("researcher")
        sets = [_import(platform.folder / "pictures", name, seed) for seed, name in enumerate(SET_NAMES)]
        made = open_study("two_afc", sets)
    with override_settings(**_static_settings(platform)):
        call_command("collectstatic", interactive=False, verbosity=0)
    _serve(site)
    platform.start_worker("--beat", f"--schedule={platform.folder}/beat")
    return made


@pytest.mark.browser
@pytest.mark.parametrize("stand_in", ["mturk"], indirect=True)
def test_a_worker_rates_in_a_frame_of_another_origin_and_is_paid(study: Study, stand_in: StandIn):
    path = find_browser()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("This test needs Chromium or Chrome.")
    _all_goes_well(stand_in, study, path)


@pytest.mark.parametrize("stand_in", ["prolific"], indirect=True)
def test_people_from_prolific_go_the_whole_way(study: Study, stand_in: StandIn):
    _all_goes_well(stand_in, study, None)


def _all_goes_well(stand_in: StandIn, study: Study, browser: str | None) -> None:
    said: list[str] = []
    user = User.objects.get()
    posting = recruit(stand_in, study, user, say=said.append, browser=browser)
    fees = {"mturk": "0.59", "prolific": "1.28"}[stand_in.name]
    assert said[-1].startswith("The ledger adds up: 2.70 in rewards and 0.25 in bonuses to 3 people")
    assert f"{fees} in fees to the panel" in said[-1]
    posting.refresh_from_db()
    assert posting.state == "closed"
    assert set(Submission.objects.values_list("state", flat=True)) == {"approved"}
    assert Vote.objects.values("assignment__session").distinct().count() == WORKERS
    assert not Vote.objects.filter(assignment__session__rater__simulated=False).exists()
    assert disagreements_of(posting) == []
    assert recruit(stand_in, study, user, say=said.append) == posting
    assert said[-1].endswith("in all")
