"""The whole way on each stand-in, with a running server and worker: on MTurk in a real browser's frame."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import override_settings

from deploy.browser import find_browser
from humaneval.demo.panels.show import WORKERS, recruit
from humaneval.demo.panels.stand_ins import NAMES, StandIn, start_stand_in
from humaneval.rating.models import Vote
from humaneval.recruitment.disagreements import disagreements_of
from humaneval.studies.models import Study
from tests.browser.site import SET_NAMES, Site, _import, open_study, serve, static_settings
from tests.jobs.platform import Platform
from tests.needs import missing
from tests.ports import free_port

PROTOCOLS = {"mturk": "two_afc", "prolific": "real_or_fake"}


@pytest.fixture
def stand_ins(settings, monkeypatch) -> Iterator[list[StandIn]]:
    """Give every panel's stand-in; what they set for this process is taken back."""
    settings.PUBLIC_URL = "http://127.0.0.1:1"  # restored, as is all that the stand-ins set
    for name in ("MTURK_ENDPOINT", "MTURK_SUBMIT_ORIGINS", "PROLIFIC_URL", "PROLIFIC_TOKEN"):
        setattr(settings, name, getattr(settings, name))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "stand-in")
    found = [start_stand_in(name) for name in NAMES]
    yield found
    for one in found:
        one.stop()


@pytest.fixture
def studies(platform: Platform, stand_ins: list[StandIn], settings) -> dict[str, Study]:
    """Give an open study for each panel on a running server whose worker knows the stand-ins."""
    site = Site(platform, free_port())
    settings.PUBLIC_URL = site.url
    for one in stand_ins:
        platform.settings.update(one.environment)
    platform.settings.update(DJANGO_SETTINGS_MODULE="tests.browser.site_settings", PUBLIC_URL=site.url)
    with site.rows():
        User.objects.create_superuser("researcher")
        sets = [_import(platform.folder / "pictures", name, seed) for seed, name in enumerate(SET_NAMES)]
        made = {name: open_study(protocol, sets) for name, protocol in PROTOCOLS.items()}
    with override_settings(**static_settings(platform)):
        call_command("collectstatic", interactive=False, verbosity=0)
    serve(site)
    platform.start_worker("--beat", f"--schedule={platform.folder}/beat")
    return made


@pytest.mark.browser
def test_people_go_the_whole_way_on_every_stand_in_and_the_first_in_a_browsers_frame(
    studies: dict[str, Study], stand_ins: list[StandIn]
):
    path = find_browser()
    if path is None:
        missing("This test needs Chromium or Chrome.")
    for stand_in in stand_ins:
        _all_goes_well(stand_in, studies[stand_in.name], path if stand_in.name == "mturk" else None)


def _all_goes_well(stand_in: StandIn, study: Study, browser: str | None) -> None:
    said: list[str] = []
    posting = recruit(stand_in, study, User.objects.get(), say=said.append, browser=browser)
    fees = {"mturk": "0.59", "prolific": "1.28"}[stand_in.name]
    assert said[-1].startswith("The ledger adds up: 2.70 in rewards and 0.25 in bonuses to 3 people")
    assert f"{fees} in fees to the panel" in said[-1]
    posting.refresh_from_db()
    assert posting.state == "closed"
    assert set(posting.submissions.values_list("state", flat=True)) == {"approved"}
    votes = Vote.objects.filter(assignment__session__study=study)
    assert votes.values("assignment__session").distinct().count() == WORKERS
    assert not votes.filter(assignment__session__rater__simulated=False).exists()
    assert disagreements_of(posting) == []
    assert recruit(stand_in, study, User.objects.get(), say=said.append) == posting
    assert said[-1].endswith("in all")
