"""Arrivals: consent, who a rater is, and the token that opens their session."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

import pytest

from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Rater, Session
from humaneval.studies.models import StudyState
from tests.factories import StudyFactory, TokenFactory, UserFactory, open_study, set_state
from tests.rating.conftest import ApiRater

pytestmark = pytest.mark.django_db


def test_it_opens_a_session_for_somebody_who_agrees():
    rater = ApiRater(open_study(trial_count=30, assignments_per_session=12))
    response = rater.arrive()
    assert response.status_code == 201
    body = response.json()["session"]
    assert body["state"] == "active"
    assert body["progress"] == {"done": 0, "total": 12}
    assert body["completion"] is None
    assert body["study"]["questions"][0]["key"] == "real"


def test_it_records_which_words_were_agreed_to_and_on_what_device():
    rater = ApiRater(open_study())
    rater.arrive()
    session = Session.objects.get()
    assert session.consent_hash == hashlib.sha256(b"I agree to take part.").hexdigest()
    assert session.device["viewport"] == [360, 640]


def test_it_stores_no_token_only_its_hash():
    rater = ApiRater(open_study())
    rater.arrive()
    assert len(rater.token) == 43
    assert Session.objects.get().token_hash == hashlib.sha256(rater.token.encode()).hexdigest()


def test_the_same_browser_comes_back_to_the_same_session():
    rater = ApiRater(open_study())
    rater.arrive()
    first = rater.token
    again = rater.arrive()
    assert again.status_code == 200
    assert rater.token == first
    assert Session.objects.count() == 1


def test_another_browser_is_another_rater():
    study = open_study()
    one, other = ApiRater(study), ApiRater(study)
    one.arrive()
    other.arrive()
    assert one.token != other.token
    assert Rater.objects.count() == 2


def test_a_panels_id_makes_the_same_rater_on_any_browser():
    study = open_study()
    one, other = ApiRater(study, rater="P-17"), ApiRater(study, rater="P-17")
    one.arrive()
    assert other.arrive().status_code == 200
    assert one.token == other.token


def test_a_panels_id_is_kept_only_as_a_keyed_hash():
    rater = ApiRater(open_study(), rater="P-17", source="flyer")
    rater.arrive()
    session = Session.objects.select_related("rater").get()
    assert session.arrival == {"source": "flyer"}
    assert session.rater.key_hash != hashlib.sha256(b"P-17").hexdigest()
    assert "P-17" not in str(vars(session)) + str(vars(session.rater))


def test_one_person_has_a_session_in_each_study_and_different_tokens():
    one, other = ApiRater(open_study(), rater="P-17"), ApiRater(open_study(), rater="P-17")
    one.arrive()
    other.arrive()
    assert one.token != other.token
    assert Rater.objects.count() == 1


def test_it_refuses_without_consent():
    response = ApiRater(open_study()).arrive(consent=False)
    assert response.status_code == 400
    assert "consent" in response.json()
    assert not Session.objects.exists()


def test_it_refuses_consent_to_other_words():
    response = ApiRater(open_study()).arrive(consent_hash="0" * 64)
    assert response.status_code == 409
    assert response.json()["code"] == "consent_changed"
    assert not Rater.objects.exists()


@pytest.mark.parametrize("state", ["draft", "launching", "paused", "closed"])
def test_it_refuses_newcomers_unless_the_study_is_open(state: str):
    study = StudyFactory()
    set_state(study, StudyState(state))
    response = ApiRater(study).arrive()
    assert response.status_code == 409
    assert response.json()["code"] == f"study_{state}"
    assert len(response.json()["detail"]) > 20


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_who_has_a_session_comes_back_to_it_in_any_state(rater_of, state: str):
    rater = rater_of(open_study())
    set_state(rater.study, StudyState(state))
    assert rater.arrive().status_code == 200
    assert rater.session().json()["study"]["state"] == state


def test_it_says_that_there_is_no_such_study():
    rater = ApiRater(open_study())
    assert rater.arrive(study="nothing-here").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"client": "me"},
        {"device": []},
        {"device": {"name": "\x00"}},
        {"device": {"name": "x" * 5000}},
        {"arrival": {"a": "\x00"}},
        {"arrival": {str(n): "" for n in range(60)}},
        {"arrival": {"n" * 200: ""}},
        {"arrival": {"n": 7}},
        {"study": "no slug"},
        {"consent_hash": None},
    ],
)
def test_it_says_what_is_wrong_with_a_malformed_arrival(wrong: dict):
    response = ApiRater(open_study()).arrive(**wrong)
    assert response.status_code == 400
    assert set(response.json()) == set(wrong)


def test_only_a_researchers_token_makes_simulated_raters():
    study, rater = open_study(), None
    rater = ApiRater(study)
    assert rater.arrive(simulated=True).status_code == 403
    stranger = TokenFactory(user=UserFactory(is_staff=False, is_superuser=False))
    assert rater.arrive(simulated=True, key=stranger.secret).status_code == 403
    assert rater.arrive(simulated=True, key="nonsense").status_code == 401
    assert rater.arrive(simulated=True, key=TokenFactory().secret).status_code == 201
    assert Rater.objects.get().simulated


def test_a_program_is_never_the_person_whose_id_it_uses(rater_of):
    person = rater_of(open_study(), rater="P-17")
    program = ApiRater(person.study, rater="P-17")
    program.arrive(simulated=True, key=TokenFactory().secret)
    assert program.token != person.token
    assert sorted(Rater.objects.values_list("simulated", flat=True)) == [False, True]


@pytest.mark.parametrize("token", ["", "wrong", "wrong wrong"])
def test_no_token_but_the_sessions_own_opens_it(rater_of, token: str):
    rater = rater_of(open_study())
    rater.token = token
    assert rater.session().status_code == 401
    assert rater.fetch().status_code == 401
    assert rater.send().status_code == 401
    assert rater.complete().status_code == 401


def test_nothing_sets_a_cookie_and_nothing_may_be_cached(rater_of):
    rater = rater_of(open_study())
    for response in (rater.arrive(), rater.session(), rater.fetch(), rater.send(), rater.complete()):
        assert not response.cookies
        assert response["Cache-Control"] == "no-store"


def test_it_needs_no_csrf_token_even_from_somebody_signed_in():
    study = open_study()
    rater = ApiRater(study)
    rater.client = type(rater.client)(enforce_csrf_checks=True)
    rater.client.force_login(UserFactory())
    assert rater.arrive().status_code == 201
    assert rater.fetch().status_code == 200


def test_it_limits_arrivals_from_one_address_but_not_a_researchers(monkeypatch):
    from humaneval.rating.throttles import ArrivalThrottle

    monkeypatch.setattr(ArrivalThrottle, "get_rate", lambda self: "2/min")
    study, key = open_study(), TokenFactory().secret
    address = f"2001:db8::{uuid.uuid4().hex[:4]}"
    codes = []
    for _ in range(3):
        rater = ApiRater(study)
        rater.client.defaults["REMOTE_ADDR"] = address
        codes.append(rater.arrive().status_code)
    assert codes == [201, 201, 429]
    vouched = ApiRater(study)
    vouched.client.defaults["REMOTE_ADDR"] = address
    assert vouched.arrive(simulated=True, key=key).status_code == 201


def test_it_limits_one_sessions_requests_and_no_others(rater_of, monkeypatch):
    from humaneval.rating.throttles import SessionThrottle

    monkeypatch.setattr(SessionThrottle, "get_rate", lambda self: "3/min")
    study = open_study()
    hasty, other = rater_of(study), rater_of(study)
    assert [hasty.session().status_code for _ in range(4)] == [200, 200, 200, 429]
    assert other.session().status_code == 200


def test_consent_is_hashed_as_utf_8():
    study = StudyFactory.build(consent_text="Einverständnis ✓")
    assert consent_hash(study) == hashlib.sha256("Einverständnis ✓".encode()).hexdigest()


def test_a_token_expires_and_whoever_comes_back_gets_a_new_one_for_the_same_session(rater_of, settings):
    rater = rater_of(open_study(trial_count=3))
    old, session = rater.token, Session.objects.get()
    Session.objects.update(token_issued_at=session.token_issued_at - timedelta(days=31))
    refused = rater.fetch()
    assert refused.status_code == 401
    assert "has expired" in refused.json()["detail"]
    assert rater.arrive().status_code == 200
    assert rater.token != old
    assert len(rater.block()) == 3
    rater.token = old
    assert rater.fetch().status_code == 401
    assert Session.objects.get() == session
