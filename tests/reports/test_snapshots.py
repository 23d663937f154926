"""Dated snapshots: one for each state of votes and scores, and cheap to ask for again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.cache import cache

from humaneval.rating import exclusions
from humaneval.rating.models import Rater, Session, SessionState
from humaneval.reports import snapshots
from humaneval.reports.freshness import current_basis
from humaneval.reports.models import Snapshot
from humaneval.scoring.models import LatentUse
from humaneval.studies.models import Study
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


def latents(study):
    sample_set = study.conditions.get(label="good").sample_set
    LatentUse.objects.create(
        sample_set=sample_set,
        source="vae.npz",
        count=10,
        variance=[0.5, 0.0],
        threshold=0.01,
        kl_threshold=0.01,
    )


def screened_out(study):
    study.sessions.filter(pk=study.sessions.first().pk).update(state=SessionState.SCREENED_OUT)


CHANGES = {
    "a vote": lambda study: add_votes(study, [GivenVote(90, 0, {"real": 1})]),
    "a score": lambda study: add_scores(study, "precision", {"good": 0.5}),
    "a condition's name": lambda study: study.conditions.filter(label="good").update(label="better"),
    "a question's wording": lambda study: study.questions.update(text="Which is a photograph?"),
    "rules": lambda study: exclusions.declare_rules(study=study, name="Late", rules={"late": {}}),
    "latents": latents,
    "a rater screened out": screened_out,
    "raters that are programs": lambda study: Rater.objects.update(simulated=True),
    "what was wanted": lambda study: Study.objects.filter(pk=study.pk).update(votes_per_trial=9),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_the_report_makes_a_new_snapshot(scored, change):
    before = snapshots.take_snapshot(study=scored)
    change(scored)
    scored.refresh_from_db()
    after = snapshots.take_snapshot(study=scored)
    assert after != before
    assert Snapshot.objects.get(pk=before.pk).payload == before.payload


def test_so_does_what_raters_were_paid(scored, monkeypatch):
    paid = {"panel": "Prolific", "reward": "1.50", "currency": "GBP", "minutes": 8, "paid": "3.00",
            "submissions": 2, "hourly": "11.25"}  # fmt: skip
    monkeypatch.setattr("humaneval.reports.payment._tellers", [lambda study: [paid]])
    before = snapshots.take_snapshot(study=scored)
    assert "£" in " ".join(before.payload["methods"]) or "GBP" in " ".join(before.payload["methods"])
    paid["paid"] = "4.50"
    assert snapshots.take_snapshot(study=scored) != before


def test_somebody_who_only_arrives_changes_nothing(scored):
    before = snapshots.take_snapshot(study=scored)
    Session.objects.create(
        study=scored,
        rater=Rater.objects.create(panel="link", key_hash="9" * 64),
        token_hash="9" * 64,
        consent_hash="0" * 64,
    )
    assert snapshots.take_snapshot(study=scored) == before


def test_asking_again_reads_no_votes(scored, django_assert_max_num_queries, monkeypatch):
    snapshots.take_snapshot(study=scored)
    monkeypatch.setattr("humaneval.reports.report.build", lambda study: pytest.fail("built again"))
    with django_assert_max_num_queries(11):
        assert snapshots.payload_of(scored, current_basis(scored))["votes"]["counted"] == 36


def test_without_a_snapshot_the_report_is_built_once_while_nothing_changes(scored, monkeypatch):
    first = snapshots.payload_of(scored, current_basis(scored))
    assert Snapshot.objects.count() == 0
    monkeypatch.setattr("humaneval.reports.report.build", lambda study: pytest.fail("built again"))
    assert snapshots.payload_of(scored, current_basis(scored)) == first


def test_a_vote_that_comes_while_the_report_is_made_is_part_of_what_it_rests_on(scored, monkeypatch):
    def get_while_somebody_votes(_key: str) -> None:
        add_votes(scored, [GivenVote(90, 0, {"real": 1})])

    busy = SimpleNamespace(get=get_while_somebody_votes, set=lambda *_: None)
    monkeypatch.setattr(snapshots, "cache", busy)
    before = current_basis(scored)
    snapshot = snapshots.take_snapshot(study=scored)
    now = current_basis(scored)
    assert snapshot.payload["votes"]["counted"] == snapshot.vote_count == now.vote_count == 37
    assert (snapshot.fingerprint, snapshot.last_vote) == (now.fingerprint, now.last_vote)
    assert not Snapshot.objects.filter(fingerprint=before.fingerprint).exists()


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
    assert len(few) <= 22


def test_a_program_keeps_lists_and_reads_snapshots(scored, admin_client):
    address = "/api/v1/studies/digits/snapshots/"
    taken = admin_client.post(address)
    assert (taken.status_code, taken.json()["vote_count"]) == (201, 36)
    assert admin_client.post(address).json() == taken.json()
    add_votes(scored, [GivenVote(90, 0, {"real": 1})])
    newer = admin_client.post(address).json()
    assert [one["id"] for one in admin_client.get(address).json()] == [newer["id"], taken.json()["id"]]
    kept = admin_client.get(f"{address}{taken.json()['id']}/").json()
    assert kept["report"]["votes"]["total"] == 36
    assert admin_client.get(f"/api/v1/studies/other/snapshots/{newer['id']}/").status_code == 404


def test_another_study_does_not_change_the_basis(scored, make_pairwise):
    before = current_basis(scored)
    make_pairwise([("a", "b", 2, 0, 1)])
    cache.clear()
    assert current_basis(scored) == before
