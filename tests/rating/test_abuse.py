"""Who guesses tokens, replays what others sent, or rates by a script: refused, or marked by a rule."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from humaneval.rating import exclusions
from humaneval.rating.models import Assignment, Session, Vote
from humaneval.rating.throttles import ForgedTokenThrottle, SessionThrottle
from tests.factories import SessionFactory, open_study
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db


def test_guessing_tokens_is_slowed_down_and_keeps_nobody_else_out(rater_of, monkeypatch):
    monkeypatch.setattr(ForgedTokenThrottle, "get_rate", lambda self: "3/min")
    study = open_study()
    honest, forger = rater_of(study), ApiRater(study)
    codes = []
    for _ in range(5):
        forger.token = uuid.uuid4().hex
        codes.append(forger.send().status_code)
    assert codes == [401, 401, 401, 429, 429]
    assert honest.session().status_code == 200
    forger.client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    assert forger.fetch().status_code == 401


def test_votes_too_are_limited_by_session(rater_of, monkeypatch):
    monkeypatch.setattr(SessionThrottle, "get_rate", lambda self: "3/min")
    study = open_study(trial_count=20)
    hasty, other = rater_of(study), rater_of(study)
    codes = [hasty.send(vote_for(shown)).status_code for shown in hasty.block()[:4]]
    assert codes == [200, 200, 429, 429]
    assert Vote.objects.count() == 2
    assert other.fetch().status_code == 200


def test_a_request_that_somebody_overheard_stores_nothing_under_another_token(rater_of):
    study = open_study(trial_count=10)
    rater, thief = rater_of(study), rater_of(study)
    votes = [vote_for(shown) for shown in rater.block()]
    rater.send(*votes)
    assert {result["code"] for result in thief.results(*votes)} == {"foreign_assignment"}
    assert {result["status"] for result in rater.results(*reversed(votes))} == {"duplicate"}
    assert Vote.objects.count() == 10


def test_a_token_that_was_replaced_votes_no_more_though_this_process_knew_it(rater_of):
    rater = rater_of(open_study(trial_count=10))
    first, second = rater.block()[:2]
    assert rater.send(vote_for(first)).status_code == 200
    Session.objects.update(token_hash="0" * 64)
    refused = rater.send(vote_for(second))
    assert refused.status_code == 401
    assert "No session has this token" in refused.json()["detail"]
    assert Vote.objects.count() == 1


def test_a_token_whose_session_was_made_anew_votes_at_once_though_this_process_knew_the_old_one(rater_of):
    study = open_study(trial_count=10)
    rater = rater_of(study)
    rater.send(vote_for(rater.block()[0]))
    old = Session.objects.get()
    known = old.token_hash
    Session.objects.filter(pk=old.pk).update(token_hash="0" * 64)
    Session.objects.filter(pk=SessionFactory(study=study).pk).update(token_hash=known)
    assert rater.send(vote_for(rater.block()[0])).json()["results"][0]["status"] == "stored"
    assert Vote.objects.order_by("pk").last().assignment.session_id != old.pk


def test_no_token_can_be_told_from_the_database(rater_of):
    rater = rater_of(open_study())
    session = Session.objects.get()
    assert len(rater.token) == 43
    stored = [str(getattr(session, field.attname)) for field in Session._meta.concrete_fields]
    assert not any(rater.token in value for value in stored)
    rater.token = session.token_hash
    assert rater.fetch().status_code == 401


@pytest.mark.parametrize("said_ms", [20, 60_000])
def test_a_script_is_marked_whether_it_says_how_fast_it_is_or_makes_times_up(rater_of, said_ms: int):
    study = open_study(trial_count=30)
    script, person = rater_of(study), rater_of(study)
    script.send(*(vote_for(shown, response_ms=said_ms) for shown in script.block()))
    shown = person.block()
    Assignment.objects.filter(pk__in=[one["id"] for one in shown]).update(
        created_at=timezone.now() - timedelta(minutes=5)
    )
    person.send(*(vote_for(one, response_ms=900) for one in shown))
    rules = exclusions.declare_rules(study=study, name="Speed", rules={"impossibly_fast": {}})
    first = Session.objects.earliest("pk")
    assert set(exclusions.excluded(study, rules)) == set(
        Vote.objects.filter(assignment__session=first).values_list("pk", flat=True)
    )
