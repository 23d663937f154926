"""Dated snapshots: one for each state of votes and scores, and cheap to ask for again."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from humaneval.reports import snapshots
from humaneval.reports.freshness import current_basis
from humaneval.reports.models import Snapshot
from tests.reports.studies import GivenVote, add_scores, add_votes


def test_a_snapshot_keeps_estimates_beside_scores_at_one_vote_count(scored):
    snapshot = snapshots.take_snapshot(study=scored)
    assert snapshot.vote_count == 36
    assert snapshot.payload["estimates"]
    assert snapshot.payload["scores"]
    assert snapshot.last_vote > 0
    assert snapshot.last_score > 0
    assert snapshot.code_version


def test_nothing_changed_is_the_same_snapshot(scored):
    assert snapshots.take_snapshot(study=scored) == snapshots.take_snapshot(study=scored)
    assert Snapshot.objects.count() == 1


@pytest.mark.parametrize("change", ["vote", "score", "label"])
def test_a_new_vote_score_or_name_makes_a_new_snapshot(scored, change):
    before = snapshots.take_snapshot(study=scored)
    if change == "vote":
        add_votes(scored, [GivenVote(90, 0, {"real": 1})])
    elif change == "score":
        add_scores(scored, "precision", {"good": 0.5})
    else:
        scored.conditions.filter(label="good").update(label="better")
    after = snapshots.take_snapshot(study=scored)
    assert after != before
    assert Snapshot.objects.get(pk=before.pk).payload == before.payload


def test_asking_again_reads_no_votes(scored, django_assert_max_num_queries, monkeypatch):
    snapshots.take_snapshot(study=scored)
    monkeypatch.setattr("humaneval.reports.report.build", lambda study: pytest.fail("built again"))
    with django_assert_max_num_queries(7):
        assert snapshots.current_payload(scored)["votes"]["counted"] == 36


def test_without_a_snapshot_the_report_is_built_once_while_nothing_changes(scored, monkeypatch):
    first = snapshots.current_payload(scored)
    assert Snapshot.objects.count() == 0
    monkeypatch.setattr("humaneval.reports.report.build", lambda study: pytest.fail("built again"))
    assert snapshots.current_payload(scored) == first


def test_building_takes_as_many_queries_however_many_votes_there_are(scored, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from humaneval.reports.report import build

    with CaptureQueriesContext(connection) as few:
        build(scored)
    add_votes(
        scored, [GivenVote(90 + rater, trial, {"real": 1}) for rater in range(20) for trial in range(12)]
    )
    with django_assert_num_queries(len(few)):
        build(scored)
    assert len(few) <= 20


def test_another_study_does_not_change_the_basis(scored, make_pairwise):
    before = current_basis(scored)
    make_pairwise([("a", "b", 2, 0, 1)])
    cache.clear()
    assert current_basis(scored) == before
