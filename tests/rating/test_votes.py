"""What analyses and exports read of votes."""

from __future__ import annotations

import pandas as pd
import pytest

from humaneval.rating.models import Assignment, Rater, Vote
from humaneval.rating.votes import answer_rows
from tests.factories import QuestionFactory, TokenFactory, draft_study, open_study, opened
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db


def test_a_row_says_what_was_seen_and_answered(rater_of):
    study = open_study(trial_count=5)
    rater_of(study).answer_everything()
    row = next(answer_rows(study))
    vote = Vote.objects.select_related("assignment__trial").get(pk=row.vote_id)
    trial = vote.assignment.trial
    assert (row.trial_id, row.condition_id, row.other_id) == (trial.pk, trial.condition_id, trial.other_id)
    assert row.slots == trial.slots
    assert row.order == vote.assignment.order
    assert row.value == row.order[0]
    assert (row.question, row.outcome, row.position) == ("real", "answered", 0)
    assert (row.late, row.is_repeat, row.simulated, row.counts) == (False, False, False, True)
    assert row.received_at == vote.received_at
    assert row.pseudonym == Rater.objects.get().pseudonym


def test_rows_come_in_order_of_votes_and_of_questions(rater_of):
    study = draft_study(protocol="likert", trial_count=5)
    QuestionFactory(study=study, key="a-later-one", position=5)
    rater = rater_of(opened(study))
    for shown in reversed(rater.block()):
        rater.send(vote_for(shown, answers={"a-later-one": 1, "realism": 2}))
    rows = list(answer_rows(study))
    assert [row.question for row in rows] == ["realism", "a-later-one"] * 5
    assert [row.vote_id for row in rows] == sorted(row.vote_id for row in rows)


def test_a_vote_without_answers_is_one_row_that_does_not_count(rater_of):
    rater = rater_of(open_study(trial_count=5))
    rater.send(vote_for(rater.block()[0], outcome="not_shown"))
    (row,) = answer_rows(rater.study)
    assert (row.question, row.value, row.outcome, row.counts) == ("", None, "not_shown", False)


def test_simulated_and_late_votes_count_and_carry_their_marks():
    study = open_study(trial_count=5)
    rater = ApiRater(study)
    rater.arrive(simulated=True, key=TokenFactory().secret)
    block = rater.block()
    Assignment.objects.update(lease_until="2020-01-01T00:00:00Z")
    rater.send(*map(vote_for, block))
    assert {(row.simulated, row.late, row.counts) for row in answer_rows(study)} == {(True, True, True)}


def test_other_studies_votes_are_not_among_them(rater_of):
    rater_of(open_study(trial_count=5)).answer_everything()
    assert list(answer_rows(open_study(trial_count=5))) == []


def test_all_votes_are_read_in_one_query(rater_of, django_assert_num_queries):
    study = open_study(trial_count=20)
    for _ in range(2):
        rater_of(study).answer_everything()
    with django_assert_num_queries(1):
        assert len(list(answer_rows(study))) == 40


def test_rows_make_a_data_frame(rater_of):
    study = open_study(trial_count=5)
    rater_of(study).answer_everything()
    frame = pd.DataFrame(answer_rows(study))
    assert len(frame) == 5
    assert {"rater_id", "value", "trial_id", "response_ms"} <= set(frame.columns)
