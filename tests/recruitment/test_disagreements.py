"""Where panel and platform tell different stories of somebody."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from humaneval.rating.exclusions.declaring import declare_rules
from humaneval.rating.models import SessionState
from humaneval.recruitment import payments
from humaneval.recruitment.disagreements import WORDS, disagreements_of
from humaneval.recruitment.ledger import totals_of
from humaneval.recruitment.models import Submission, SubmissionState
from humaneval.recruitment.polling import poll_posting
from humaneval.studies.models import Study, Trial
from tests.factories import AnswerFactory, AssignmentFactory, VoteFactory
from tests.recruitment.conftest import arrive, complete, vote, work_off

pytestmark = pytest.mark.django_db


def kinds(posting) -> dict[str, int]:
    """Return how often each kind of case occurs."""
    return dict(Counter(case.kind for case in disagreements_of(posting)))


def test_who_did_all_as_they_should_is_no_case(take_part, live_posting):
    vote(take_part().session)
    assert kinds(live_posting) == {}


def test_handed_in_without_finishing(take_part, live_posting):
    take_part(finish=False)
    assert kinds(live_posting) == {"submitted_unfinished": 1}


def test_handed_in_without_ever_coming(live_posting, prolific):
    prolific.complete(prolific.take_part(live_posting.external_id)["id"], "GUESSED")
    poll_posting(live_posting)
    assert kinds(live_posting) == {"submitted_unfinished": 1}
    assert Submission.objects.get().entered_code == "GUESSED"


@pytest.mark.parametrize("state", [SubmissionState.ACTIVE, SubmissionState.RETURNED])
def test_finished_without_handing_in(take_part, live_posting, state):
    submission = take_part(submit=False)
    vote(submission.session)
    Submission.objects.update(state=state)
    assert kinds(live_posting) == {"finished_unsubmitted": 1}


def test_came_twice(take_part, live_posting, prolific):
    first = take_part(person="5f0000000000000000000abc")
    vote(first.session)
    second = prolific.take_part(live_posting.external_id, "5f0000000000000000000abc")
    words = {
        "PROLIFIC_PID": "5f0000000000000000000abc",
        "STUDY_ID": live_posting.external_id,
        "SESSION_ID": second["id"],
    }
    assert arrive(live_posting.study, words) == first.session
    poll_posting(live_posting)
    assert kinds(live_posting)["came_twice"] == 2


def test_timed_out(take_part, live_posting, prolific):
    submission = take_part(finish=False, submit=False)
    prolific.people[submission.external_id]["status"] = "TIMED-OUT"
    poll_posting(live_posting)
    assert kinds(live_posting) == {"timed_out": 1}


@pytest.mark.parametrize("status", ["TIMED-OUT", "RETURNED"])
def test_whose_work_is_here_and_whose_place_is_gone_can_be_paid_by_a_bonus(
    take_part, live_posting, prolific, payer, status
):
    submission = take_part(submit=False)
    assert [case.may_have_bonus for case in disagreements_of(live_posting)] == [False]
    prolific.people[submission.external_id]["status"] = status
    poll_posting(live_posting)
    assert [case.may_have_bonus for case in disagreements_of(live_posting)] == [True]
    amounts = {submission.pk: live_posting.reward}
    payments.pay_bonuses(posting=live_posting, amounts=amounts, reason="", confirmation="c", user=payer)
    work_off()
    poll_posting(live_posting)
    assert totals_of(live_posting).bonus == prolific.paid_total() == live_posting.reward


def test_paid_without_votes(take_part, live_posting, payer):
    payments.approve(take_part(finish=False), payer)
    work_off()
    assert kinds(live_posting) == {"paid_without_votes": 1}


def test_handed_in_with_nothing_to_answer(take_part, live_posting):
    session = take_part(finish=False).session
    type(session).objects.update(state=SessionState.SCREENED_OUT)
    assert kinds(live_posting) == {"turned_away": 1}
    Submission.objects.update(session=None, details={"ending": "quota_full"})
    assert kinds(live_posting) == {"turned_away": 1}


def test_a_bonus_that_was_paid_by_hand_at_the_panel(take_part, live_posting, prolific):
    submission = take_part()
    vote(submission.session)
    prolific.people[submission.external_id]["bonus_payments"].append(70)
    poll_posting(live_posting)
    assert kinds(live_posting) == {"paid_differently": 1}


def test_a_bonus_that_has_just_been_sent_is_no_case_until_the_panel_was_looked_at(
    take_part, live_posting, payer, prolific
):
    submission = take_part()
    vote(submission.session)
    amounts = {submission.pk: Decimal("0.50")}
    payments.pay_bonuses(posting=live_posting, amounts=amounts, reason="", confirmation="c", user=payer)
    assert kinds(live_posting) == {}
    work_off()
    live_posting.refresh_from_db()
    assert kinds(live_posting) == {}
    poll_posting(live_posting)
    live_posting.refresh_from_db()
    assert kinds(live_posting) == {}


def test_each_kind_says_what_to_do():
    for words, action in WORDS.values():
        assert str(words)
        assert str(action)


def test_cases_cost_the_same_few_queries_however_many_people(
    take_part, live_posting, django_assert_num_queries
):
    for _ in range(3):
        complete(take_part(finish=False).session)
    with django_assert_num_queries(5):
        disagreements_of(live_posting)


@pytest.mark.parametrize(("value", "found"), [(0, {}), (1, {"failed_checks": 1})])
def test_handed_in_after_failing_the_checks_that_were_declared(take_part, live_posting, value, found):
    study = live_posting.study
    session = take_part(finish=False).session
    question = study.questions.get()
    for trial in study.trials.order_by("number")[:2]:
        Trial.objects.filter(pk=trial.pk).update(expected={question.key: 0})
        given = VoteFactory(assignment=AssignmentFactory(session=session, trial=trial, position=trial.number))
        AnswerFactory(vote=given, question=question, value=value)
    type(session).objects.update(state=SessionState.COMPLETED)
    Study.objects.update(state="draft")
    declare_rules(study=study, name="ours", rules={"failed_gold": {}})
    Study.objects.update(state="open")
    assert kinds(live_posting) == found
