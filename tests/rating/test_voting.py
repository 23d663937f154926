"""Intake: each vote gets its answer, and is stored once or not at all."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from prometheus_client import REGISTRY

from humaneval.rating import intake
from humaneval.rating.models import Answer, Assignment, Opening, Vote
from humaneval.rating.serializers import IntakeSerializer
from humaneval.studies.models import StudyState
from tests.factories import QuestionFactory, draft_study, open_study, opened, set_state
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def rater(rater_of) -> ApiRater:
    """A rater in a study of 20 trials with one vote each."""
    return rater_of(open_study(trial_count=20, votes_per_trial=1))


def expire() -> None:
    """Let all leases run out, a minute ago."""
    gone = timezone.now() - timedelta(minutes=1)
    Opening.objects.filter(assignments__isnull=False, free_from__isnull=False).update(free_from=gone)
    Assignment.objects.update(lease_until=gone)


def trials_of(block: list[dict]) -> set[int]:
    """Return the ids of the trials that a block shows."""
    handed = Assignment.objects.filter(pk__in=[shown["id"] for shown in block])
    return set(handed.values_list("trial", flat=True))


def test_a_vote_is_stored_with_what_the_rater_saw_and_did(rater):
    shown = rater.block()[0]
    sent = vote_for(shown, response_ms=1234.5)
    body = rater.send(sent).json()
    assert body["results"] == [
        {
            "key": sent["key"],
            "assignment": shown["id"],
            "status": "stored",
            "outcome": "answered",
            "late": False,
            "code": "",
            "detail": "",
            "feedback": None,
        }
    ]
    assert body["progress"] == {"done": 1, "total": 20}
    vote = Vote.objects.get()
    assert vote.response_ms == 1234.5
    assert vote.timings == {"viewport": [360, 640], "input": "key"}


def test_answers_are_as_the_published_schema_says(rater):
    good, late, bad = rater.block()[:3]
    Assignment.objects.filter(pk=late["id"]).update(lease_until=timezone.now() - timedelta(minutes=1))
    body = rater.send(vote_for(good), vote_for(late), vote_for(bad, key=7), "no vote").json()
    assert IntakeSerializer(body).data == body


@pytest.mark.parametrize("place", [0, 1])
def test_an_answer_is_stored_as_the_slot_that_was_at_the_place(rater, place: int):
    for shown in rater.block():
        rater.send(vote_for(shown, answers={"real": place}))
    for answer in Answer.objects.select_related("vote__assignment"):
        assert answer.value == answer.vote.assignment.order[place]


def test_a_batch_in_any_order_is_stored_whole(rater):
    block = rater.block()
    results = rater.results(*(vote_for(shown) for shown in reversed(block)))
    assert [result["assignment"] for result in results] == [shown["id"] for shown in reversed(block)]
    assert Vote.objects.count() == Answer.objects.count() == 10


def test_a_vote_sent_again_is_a_duplicate_and_is_told_what_is_stored(rater):
    shown = rater.block()[0]
    first = vote_for(shown, outcome="cannot_tell")
    rater.send(first)
    again = rater.results({**first, "outcome": "answered", "answers": {"real": 1}})[0]
    assert (again["status"], again["outcome"]) == ("duplicate", "cannot_tell")
    assert Vote.objects.get().outcome == "cannot_tell"


def test_what_becomes_of_votes_is_counted(rater):
    def counted() -> list[float]:
        states = [{"status": status} for status in ("stored", "duplicate", "rejected")]
        return [REGISTRY.get_sample_value("humaneval_votes_total", labels) or 0 for labels in states]

    vote, before = vote_for(rater.block()[0]), counted()
    rater.send(vote, vote, {**vote, "assignment": str(uuid.uuid4())})
    assert [after - then for after, then in zip(counted(), before, strict=True)] == [1, 1, 1]


def test_a_vote_twice_in_one_batch_is_stored_once(rater):
    vote = vote_for(rater.block()[0])
    assert [result["status"] for result in rater.results(vote, vote)] == ["stored", "duplicate"]
    assert Vote.objects.count() == 1


def test_another_vote_for_an_answered_assignment_is_rejected(rater):
    shown = rater.block()[0]
    first = vote_for(shown)
    rater.send(first)
    other = rater.results(vote_for(shown, answers={"real": 1}))[0]
    assert (other["status"], other["code"]) == ("rejected", "already_answered")
    assert str(Vote.objects.get().key) == first["key"]


def test_one_key_for_two_assignments_is_rejected(rater):
    one, two = rater.block()[:2]
    key = str(uuid.uuid4())
    results = rater.results(vote_for(one, key=key), vote_for(two, key=key))
    assert [result["code"] for result in results] == ["", "key_reused"]


def test_a_vote_for_somebody_elses_assignment_is_rejected(rater, rater_of):
    other = rater_of(rater.study)
    result = rater.results(vote_for(other.block()[0]))[0]
    assert (result["status"], result["code"]) == ("rejected", "foreign_assignment")
    assert not Vote.objects.exists()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"answers": {}}, "missing_answer", "real"),
        ({"answers": {"real": 0, "mood": 1}}, "unknown_question", "mood"),
        ({"answers": {"real": 2}}, "bad_answer", "real"),
        ({"answers": {"real": None}}, "bad_answer", "real"),
        ({"answers": {"real": True}}, "bad_answer", "real"),
        ({"answers": {"real": [0]}}, "bad_answer", "real"),
        ({"outcome": "not_shown", "answers": {"real": 0}}, "unwanted_answer", "not_shown"),
        ({"assignment": str(uuid.uuid4())}, "foreign_assignment", "session"),
        ({"assignment": "first"}, "malformed", "assignment"),
        ({"key": None}, "malformed", "key"),
        ({"outcome": "bored"}, "malformed", "outcome"),
        ({"response_ms": -1}, "malformed", "response_ms"),
        ({"response_ms": "nan"}, "malformed", "response_ms"),
        ({"response_ms": None}, "malformed", "response_ms"),
        ({"answers": [0]}, "malformed", "answers"),
        ({"timings": "slow"}, "malformed", "timings"),
        ({"timings": {"input": "\x00"}}, "malformed", "timings"),
        ({"timings": {"input": "\ud800"}}, "malformed", "timings"),
        ({"key": "\ud800"}, "malformed", "key"),
        ({"outcome": "\ud800"}, "malformed", "outcome"),
        ({"answers": {"\ud800": 0}}, "malformed", "answers"),
        ({"timings": {"frames": ["x" * 9000]}}, "malformed", "timings"),
    ],
)
def test_an_unfit_vote_is_rejected_with_its_reason_and_holds_up_no_other(rater, change, code, said):
    bad, good = rater.block()[:2]
    results = rater.results(vote_for(bad, **change), vote_for(good))
    assert [result["status"] for result in results] == ["rejected", "stored"]
    assert results[0]["code"] == code
    assert said in results[0]["detail"]
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("thing", [None, 7, "vote", [], {}])
def test_what_is_no_vote_at_all_is_rejected(rater, thing):
    result = rater.results(thing)[0]
    assert (result["status"], result["code"], result["key"]) == ("rejected", "malformed", None)


@pytest.mark.parametrize("body", [None, [], {"votes": {}}, {"votes": [{}] * 101}, {}])
def test_what_is_no_batch_at_all_is_a_bad_request(rater, body):
    headers = {"Authorization": f"Session {rater.token}"}
    url = "/api/v1/rating/session/votes/"
    response = rater.client.post(url, body, format="json", headers=headers)
    assert response.status_code == 400


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"votes": [{"response_ms": NaN}]}', "\xff"])
def test_what_is_no_json_is_a_bad_request(rater, text: str):
    response = rater.client.post(
        "/api/v1/rating/session/votes/",
        text.encode("latin-1"),
        content_type="application/json",
        headers={"Authorization": f"Session {rater.token}"},
    )
    assert response.status_code == 400


def test_an_infinite_number_is_refused_not_stored(rater):
    shown = rater.block()[0]
    text = (
        f'{{"votes": [{{"assignment": "{shown["id"]}", "key": "{uuid.uuid4()}", "response_ms": 5,'
        f' "answers": {{"real": 0}}, "timings": {{"shown_at": 1e999}}}}]}}'
    )
    response = rater.client.post(
        "/api/v1/rating/session/votes/",
        text,
        content_type="application/json",
        headers={"Authorization": f"Session {rater.token}"},
    )
    assert response.json()["results"][0]["code"] == "malformed"


def test_an_oversized_request_is_refused_unread(rater):
    huge = vote_for(rater.block()[0], timings={"x": "y" * 1_100_000})
    assert rater.send(huge).status_code == 413


@pytest.mark.parametrize("outcome", ["cannot_tell", "not_shown"])
def test_a_vote_without_an_answer_counts_for_the_sessions_progress(rater, outcome: str):
    response = rater.send(vote_for(rater.block()[0], outcome=outcome))
    assert response.json()["progress"]["done"] == 1
    assert Vote.objects.get().outcome == outcome
    assert not Answer.objects.exists()


def test_cannot_tell_fills_the_opening(rater, rater_of):
    shown = rater.block()[0]
    rater.send(vote_for(shown, outcome="cannot_tell"))
    assert Opening.objects.get(assignments=shown["id"]).free_from is None


def test_what_could_not_be_shown_is_offered_to_other_raters(rater, rater_of):
    shown = rater.block()[0]
    rater.send(vote_for(shown, outcome="not_shown"))
    trial = Assignment.objects.get(pk=shown["id"]).trial_id
    other = rater_of(rater.study)
    other.block()
    assert Assignment.objects.filter(trial=trial).count() == 2
    assert not Assignment.objects.filter(lapsed=True).exists()


def test_a_late_vote_is_kept_and_marked(rater):
    shown = rater.block()[0]
    expire()
    result = rater.results(vote_for(shown))[0]
    assert (result["status"], result["late"]) == ("stored", True)
    assert Vote.objects.get().late
    assert Opening.objects.get(assignments=shown["id"]).free_from is None


def test_a_late_vote_and_its_replacement_are_both_kept_and_only_the_late_one_is_marked(rater, rater_of):
    slow_block = rater.block()
    expire()
    other = rater_of(rater.study)
    other.block()
    assert {r["late"] for r in rater.results(*map(vote_for, slow_block))} == {True}
    assert {r["late"] for r in other.results(*map(vote_for, other.block()))} == {False}
    for trial in Assignment.objects.filter(lapsed=True).values_list("trial", flat=True):
        votes = Vote.objects.filter(assignment__trial=trial)
        assert sorted(votes.values_list("late", flat=True)) == [False, True]
    assert rater.session().json()["progress"]["done"] == len(slow_block)


def test_a_late_vote_that_fills_a_trial_spares_a_third_rater(rater, rater_of):
    slow_block = rater.block()
    expire()
    gone = rater_of(rater.study)
    gone.block()
    rater.send(*map(vote_for, slow_block))
    expire()
    third = rater_of(rater.study)
    shown = {Assignment.objects.get(pk=a["id"]).trial_id for a in third.block()}
    filled = set(
        Assignment.objects.filter(pk__in=[a["id"] for a in slow_block]).values_list("trial", flat=True)
    )
    assert shown.isdisjoint(filled)


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_votes_for_what_is_out_are_taken_in_any_state(rater, state: str):
    block = rater.block()
    set_state(rater.study, StudyState(state))
    assert {result["status"] for result in rater.results(*map(vote_for, block))} == {"stored"}


def test_every_question_has_its_answer(rater_of):
    study = draft_study(protocol="likert", trial_count=5)
    QuestionFactory(study=study, key="quality", points=7)
    rater = rater_of(opened(study))
    shown = rater.block()[0]
    result = rater.results(vote_for(shown, answers={"realism": 5}))[0]
    assert (result["code"], "quality" in result["detail"]) == ("missing_answer", True)
    assert rater.results(vote_for(shown, answers={"realism": 5, "quality": 7}))[0]["status"] == "stored"
    assert dict(Answer.objects.values_list("question__key", "value")) == {"realism": 5, "quality": 7}


def test_nothing_is_acknowledged_when_the_database_goes_away(rater, monkeypatch):
    block, store = rater.block(), intake.store

    def fail(*args: object, **how: object) -> None:
        store(*args, **how)
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(intake, "store", fail)
        response = rater.send(vote_for(block[0]))
    assert response.status_code == 503
    assert not Vote.objects.exists()
    assert rater.results(vote_for(block[0]))[0]["status"] == "stored"
