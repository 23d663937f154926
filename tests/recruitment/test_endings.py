"""How a visit ended decides what a panel is told: each has its own code, and nobody gets one for nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from humaneval.rating.completion import completion_of, ending_of
from humaneval.rating.consent import consent_hash
from humaneval.rating.exclusions.declaring import declare_rules
from humaneval.rating.models import Session, SessionState, VoteOutcome
from humaneval.rating.panels import Ending
from humaneval.recruitment.models import LinkSettings, Posting, Submission
from humaneval.recruitment.prolific.drafts import code_for
from humaneval.recruitment.prolific.panel import CODES
from humaneval.studies.models import Study, Trial
from tests.factories import AnswerFactory, AssignmentFactory, VoteFactory, open_study
from tests.recruitment.conftest import arrive, posting_of

pytestmark = pytest.mark.django_db
HIT = "3HIT"


@pytest.fixture
def study() -> Study:
    """Give an open study that takes windows of 800 pixels and more."""
    study = open_study(trial_count=6, samples=6)
    Study.objects.filter(pk=study.pk).update(flow={"device": {"min_width": 800}})
    return Study.objects.get(pk=study.pk)


def vote(session: Session, outcome: VoteOutcome) -> None:
    """Let a session have given one vote."""
    trial = session.study.trials.first()
    VoteFactory(assignment=AssignmentFactory(session=session, trial=trial), outcome=outcome)


def on(study: Study, panel: str) -> Posting:
    """Return a live posting of a study."""
    posting = posting_of(study, panel=panel)
    Posting.objects.filter(pk=posting.pk).update(state="live", external_id=HIT)
    return Posting.objects.get(pk=posting.pk)


def words_of(panel: str) -> dict[str, str]:
    """Return what a panel sends along."""
    if panel == "prolific":
        return {"PROLIFIC_PID": "5f0000000000000000000abc", "STUDY_ID": HIT, "SESSION_ID": "s1"}
    if panel == "mturk":
        submit_to = "https://www.mturk.com"
        return {"assignmentId": "3A", "hitId": HIT, "workerId": "A1", "turkSubmitTo": submit_to}
    return {"rater": "7"}


def knock(study: Study, parameters: dict[str, str], width: int):
    """Return the server's answer to somebody with a window that wide."""
    body = {
        "study": study.slug,
        "consent": True,
        "consent_hash": consent_hash(study),
        "client": str(uuid4()),
        "arrival": parameters,
        "device": {"viewport": [width, 700]},
    }
    return APIClient().post("/api/v1/rating/sessions/", body, format="json")


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        (VoteOutcome.ANSWERED, Ending.COMPLETED),
        (VoteOutcome.CANNOT_TELL, Ending.COMPLETED),
        (VoteOutcome.NOT_SHOWN, Ending.SCREENED_OUT),
        (None, Ending.QUOTA_FULL),
    ],
)
def test_votes_say_how_a_session_ended(study, outcome, ending):
    session = arrive(study, {"rater": "7"})
    if outcome:
        vote(session, outcome)
    assert completion_of(session) is None
    session.state = SessionState.COMPLETED
    assert ending_of(session) == ending


@pytest.mark.parametrize(("panel", "code"), [("prolific", "S"), ("mturk", "screened_out"), ("link", "")])
def test_who_does_not_understand_gets_another_code_than_for_answers(study, panel, code):
    if panel != "link":
        on(study, panel)
    session = arrive(study, words_of(panel))
    session.state = SessionState.SCREENED_OUT
    found = completion_of(session)
    assert found is not None
    assert found.code.startswith(code)
    assert found.code != study.completion_code
    assert bool(found.url) == (panel != "link")


@pytest.mark.parametrize(("right", "ending"), [(True, Ending.COMPLETED), (False, Ending.FAILED_CHECKS)])
def test_gold_trials_tell_by_the_rule_declared_before_launch(study, right, ending):
    posting = on(study, "prolific")
    session = arrive(study, words_of("prolific"))
    question = study.questions.get()
    for trial in study.trials.order_by("number")[:2]:
        Trial.objects.filter(pk=trial.pk).update(expected={question.key: 0})
        given = VoteFactory(assignment=AssignmentFactory(session=session, trial=trial, position=trial.number))
        AnswerFactory(vote=given, question=question, value=0 if right else 1)
    session.state = SessionState.COMPLETED
    assert ending_of(session) == Ending.COMPLETED, "nothing was declared"
    Study.objects.update(state="draft")
    declare_rules(study=study, name="ours", rules={"failed_gold": {}})
    Study.objects.update(state="open")
    assert ending_of(session) == ending
    codes = {Ending.COMPLETED: study.completion_code, Ending.FAILED_CHECKS: code_for(posting, CODES[ending])}
    assert completion_of(session).code == codes[ending]


def test_an_unfit_device_is_sent_back_to_prolific_with_the_code_for_it(study):
    posting = on(study, "prolific")
    answer = knock(study, words_of("prolific"), width=360)
    code = code_for(posting, "SCREENED_OUT")
    assert (answer.status_code, answer.data["code"]) == (409, "device_unfit")
    assert answer.data["completion"] == {
        "code": code,
        "url": f"https://app.prolific.com/submissions/complete?cc={code}",
    }
    assert Submission.objects.get().session is None
    assert not Session.objects.exists()


def test_who_comes_again_on_a_larger_screen_takes_part(study):
    on(study, "prolific")
    knock(study, words_of("prolific"), width=360)
    assert knock(study, words_of("prolific"), width=1280).status_code == 201
    assert Submission.objects.get().session == Session.objects.get()


def test_an_unfit_device_hands_in_to_mturk_and_is_paid_there(study, client):
    on(study, "mturk")
    answer = knock(study, words_of("mturk"), width=360)
    page = client.get("/" + answer.data["completion"]["url"].split("/", 3)[3]).content.decode()
    assert 'action="https://www.mturk.com/mturk/externalSubmit"' in page
    assert 'name="code" value="screened_out"' in page
    assert study.completion_code not in page


def test_a_link_gives_an_unfit_device_only_a_code_made_for_it(study):
    assert "completion" not in knock(study, {"rater": "7"}, width=360).data
    LinkSettings.objects.create(
        study=study, screened_out_code="NOPE", return_url="https://p.example/?cc={code}"
    )
    answer = knock(study, {"rater": "7"}, width=360)
    assert answer.data["completion"] == {"code": "NOPE", "url": "https://p.example/?cc=NOPE"}
    assert "completion" not in knock(study, {}, width=360).data


def test_a_visit_that_goes_on_cannot_be_handed_in(study, client):
    from humaneval.recruitment.mturk.panel import hand_in_url

    on(study, "mturk")
    arrive(study, words_of("mturk"))
    address = hand_in_url(Submission.objects.get())
    assert client.get("/" + address.split("/", 3)[3]).status_code == 404
