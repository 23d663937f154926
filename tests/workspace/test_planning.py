"""The planner: a page, an address, a command, an endpoint; from a draft or from a pilot's votes."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO
from urllib.parse import urlencode

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies.models import Study
from humaneval.teams.roles import Role
from humaneval.workspace.planning import pilots
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.forms import PlanForm, starting_values
from humaneval.workspace.planning.sizes import make_plan
from tests.factories import draft_study, member, opened
from tests.rating.conftest import ApiRater

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft() -> Study:
    """Give a draft of two-alternative choice with fifty images a set."""
    return draft_study(protocol="two_afc", samples=50, assignments_per_session=20)


def address(study: Study, **values: object) -> str:
    """Return a plan's address."""
    return f"/studies/{study.slug}/plan/?{urlencode(values)}"


def plan_for(protocol: str, settings: dict[str, object] | None = None, /, **values: object):
    """Return the plan for a form's values and a study's settings."""
    form = PlanForm({**starting_values(protocol), **values}, protocol=protocol)
    assert form.is_valid(), form.errors
    return make_plan(protocol, form.cleaned_data, settings or {})


PUBLISHED_SESSION = 450
AIMS = [
    (protocol, aim)
    for protocol in PROTOCOLS
    for aim in ("width", "power")
    if aim == "width" or not ASSUMED[protocol].no_power
]
CONSTANT = {"method": "constant"}


@pytest.mark.parametrize(("protocol", "aim"), AIMS)
def test_a_plan_reaches_its_aim_and_one_rater_less_does_not(protocol, aim):
    session = PUBLISHED_SESSION if protocol == "timed_real_or_fake" else 40
    target = 0.8 if aim == "power" else starting_values(protocol)["width"] * 0.8
    for settings in ({}, CONSTANT) if protocol == "timed_real_or_fake" else ({},):
        made = plan_for(protocol, settings, aim=aim, session=session, **{aim: target})
        row = made.chosen
        reached = row.power >= target if aim == "power" else row.width <= target
        assert reached
        assert row.trials * row.votes_per_trial >= row.votes
        assert row.votes_per_trial >= 2
        assert [one.raters for one in made.curve] == sorted({one.raters for one in made.curve})
        smaller = [one for one in made.curve if one.raters < row.raters]
        assert smaller
        assert not any(one.power >= target if aim == "power" else one.width <= target for one in smaller)


def test_what_raters_and_panel_are_paid_is_exact():
    row = plan_for("two_afc", panel="prolific", wage="12.00", session=60, seconds=5, besides=1).chosen
    assert row.reward == Decimal("1.20")
    assert row.pay == row.reward * row.raters
    assert row.cost == row.pay + row.fee
    assert row.fee > 0
    assert plan_for("two_afc").chosen.fee == 0


def test_scarce_images_are_voted_on_more_often():
    plenty, scarce = plan_for("two_afc", images=2000), plan_for("two_afc", images=40)
    assert plenty.chosen.votes_per_trial == 2
    assert scarce.chosen.votes_per_trial > 2
    assert scarce.chosen.raters > plenty.chosen.raters
    assert scarce.chosen.trials <= 2 * 40


def test_the_address_is_the_plan_and_the_curve_has_words_and_numbers(draft, admin_client):
    page = admin_client.get(address(draft, aim="width", width=0.2, effect=0.3)).content.decode()
    assert "For a 95% interval at most 0.2 wide" in page
    assert 'name="effect" value="0.3"' in page
    assert page.count('class="chart"') == 2
    assert "Wanted: 0.2, reached with" in page
    assert "<table>" in page
    assert "Zhou et al. 2019" in page


def test_bad_values_are_named_beside_their_fields_and_what_is_out_of_reach_is_said(draft, admin_client):
    page = admin_client.get(address(draft, effect=1.5, rater="x")).content.decode()
    assert "A share lies between 0 and 1." in page
    assert "Enter a number." in page
    assert "Out of reach" in admin_client.get(address(draft, aim="width", width=0.002)).content.decode()
    assert "no effect" in admin_client.get(address(draft, effect=0.5)).content.decode()


def test_one_button_takes_the_plan_over_into_the_draft(draft, admin_client):
    answer = admin_client.post(address(draft), {"aim": "width", "width": "0.2", "session": "10"}, follow=True)
    draft.refresh_from_db()
    page = answer.content.decode()
    assert f"{draft.trial_count} trials, {draft.votes_per_trial} votes each" in page
    wanted = plan_for("two_afc", aim="width", width=0.2, session=10, images=50, conditions=2).chosen
    assert (draft.trial_count, draft.votes_per_trial) == (wanted.trials, wanted.votes_per_trial)
    assert draft.assignments_per_session == 10


def test_a_launched_study_takes_no_plan_and_a_viewer_may_look_only(draft, admin_client):
    viewer = Client()
    viewer.force_login(member(role=Role.VIEWER))
    assert "Take this over" not in viewer.get(address(draft)).content.decode()
    assert viewer.post(address(draft)).status_code == 403
    before = Study.objects.get(pk=draft.pk).trial_count
    open_study = opened(draft)
    assert "Take this over" not in admin_client.get(address(open_study)).content.decode()
    admin_client.post(address(open_study), {"session": "7"})
    assert Study.objects.get(pk=draft.pk).trial_count == before


def test_a_pilots_votes_take_the_place_of_what_is_assumed(draft, admin_client, monkeypatch):
    pilot = opened(draft_study(protocol="two_afc", samples=12, trial_count=12, votes_per_trial=4))
    assert "has no votes" in admin_client.get(address(draft, measure=1, pilot=pilot.slug)).content.decode()
    for _ in range(4):
        rater = ApiRater(pilot)
        rater.arrive()
        rater.answer_everything()
    answer = admin_client.get(address(draft, measure=1, pilot=pilot.slug, session=15), follow=True)
    values = answer.context["form"].cleaned_data
    found = pilots.measure(pilot, aim="power")
    assert values["effect"] == found.values["effect"]
    assert (found.raters, values["session"]) == (4, 15)
    assert "measured from the votes of" in answer.content.decode()
    assert values["seconds"] == found.values["seconds"]


def test_the_command_and_the_endpoint_say_the_same(draft, admin_client):
    said = StringIO()
    call_command("plan", draft.slug, "--width", "0.2", "--json", stdout=said)
    found = json.loads(said.getvalue())
    answer = admin_client.get(f"/api/v1/studies/{draft.slug}/plan/?aim=width&width=0.2").json()
    assert found == answer
    assert [row for row in found["curve"] if row["planned"]] == [found["plan"]]
    table = StringIO()
    call_command("plan", draft.slug, "--width", "0.2", stdout=table, stderr=StringIO())
    assert np.sum(["<- planned" in line for line in table.getvalue().splitlines()]) == 1
    with pytest.raises(CommandError, match="between 0 and 1"):
        call_command("plan", draft.slug, "--effect", "2")
    assert admin_client.get(f"/api/v1/studies/{draft.slug}/plan/?effect=2").status_code == 400


def test_a_program_takes_a_plan_over(draft, admin_client):
    address = f"/api/v1/studies/{draft.slug}/plan/"
    values = {"aim": "width", "width": 0.2, "session": 10}
    answer = admin_client.post(address, values, content_type="application/json")
    draft.refresh_from_db()
    row = answer.json()["plan"]
    assert (draft.trial_count, draft.votes_per_trial) == (row["trials"], row["votes_per_trial"])
    assert admin_client.post(address, [1], content_type="application/json").status_code == 400
    wrong = admin_client.post(address, {"width": {"a": 1}, "aim": "width"}, content_type="application/json")
    assert "Enter a number" in wrong.json()["detail"]
    opened(draft)
    refused = admin_client.post(address, {**values, "session": 7}, content_type="application/json")
    assert refused.status_code == 400
