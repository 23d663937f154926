"""The link: whose id it carries, and where its raters go at the end."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from humaneval.rating import panels
from humaneval.rating.completion import completion_of
from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Session, SessionState
from humaneval.rating.panels import Ending
from humaneval.rating.sessions import Arrival, open_session
from humaneval.recruitment.models import LinkSettings
from humaneval.studies.models import Study
from tests.factories import open_study

pytestmark = pytest.mark.django_db


def arrive(study: Study, **parameters: str) -> Session:
    """Return the session of somebody who comes by a link with these parameters, on a new browser."""
    arrival = Arrival(consent_hash(study), uuid4(), parameters, {})
    return open_session(study=study, arrival=arrival).session


def test_an_id_in_the_link_is_the_rater():
    study = open_study()
    assert arrive(study, rater="7") == arrive(study, rater="7")
    assert arrive(study, rater="7") != arrive(study, rater="8")


def test_without_an_id_every_browser_is_its_own_rater():
    study = open_study()
    assert arrive(study).rater != arrive(study, source="poster").rater
    assert arrive(study, rater=" ").rater != arrive(study, rater=" ").rater


def test_a_study_may_name_the_parameter_that_its_panel_uses():
    study = open_study()
    LinkSettings.objects.create(study=study, person_parameter="participantId")
    assert arrive(study, participantId="7") == arrive(study, participantId="7")
    assert arrive(study, rater="7") != arrive(study, rater="7")


def test_at_the_end_there_is_the_code_and_the_way_back():
    study = open_study(completion_code="AB&2")
    LinkSettings.objects.create(study=study, return_url="https://panel.example/done?cc={code}")
    session = arrive(study, rater="7")
    session.state = SessionState.COMPLETED
    ending = completion_of(session)
    assert (ending.code, ending.url) == ("AB&2", "https://panel.example/done?cc=AB%262")


def test_without_settings_there_is_the_code_alone():
    study = open_study()
    ending = panels.completion(arrive(study), Ending.COMPLETED)
    assert (ending.code, ending.url) == (study.completion_code, "")


@pytest.mark.parametrize(
    "url", ["https://panel.example/?id={rater}", "https://panel.example/?cc={code", "//x"]
)
def test_it_refuses_a_return_address_that_would_not_work(url: str):
    with pytest.raises(ValidationError) as caught:
        LinkSettings(study=open_study(), return_url=url).full_clean()
    assert "return_url" in caught.value.message_dict


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x"])
def test_a_return_address_is_a_web_address(url: str):
    with pytest.raises(ValidationError):
        LinkSettings(study=open_study(), return_url=url).full_clean()


def test_the_persons_own_id_can_be_part_of_the_way_back_and_is_kept_as_ciphertext():
    study = open_study(completion_code="DONE")
    url = "https://school.example/credit?token=t&survey_code={person}"
    LinkSettings.objects.create(study=study, person_parameter="survey_code", return_url=url)
    session = arrive(study, survey_code="48 7")
    assert "48 7" not in str(Session.objects.values())
    session.state = SessionState.COMPLETED
    assert completion_of(session).url == "https://school.example/credit?token=t&survey_code=48%207"
    session.arrival = {}
    assert completion_of(session).url == "", "an id that has been erased leads nowhere"


def test_nobody_can_slip_an_id_in_for_the_way_back():
    study = open_study()
    url = "https://school.example/credit?survey_code={person}"
    LinkSettings.objects.create(study=study, return_url=url)
    session = arrive(study, sealed_person="made up")
    session.state = SessionState.COMPLETED
    assert completion_of(session).url == ""
