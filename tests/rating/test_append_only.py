"""The database itself keeps votes as they were given: looked at after all migrations, on each database."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from humaneval.rating.append_only import unprotect
from humaneval.rating.models import Answer, Opening, Seal, SealedVote, Session, Tombstone, Vote
from humaneval.rating.sealing import seal_votes, verify_study
from humaneval.rating.withdrawal import withdraw_votes
from tests.factories import open_study
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(rater_of):
    """Give a study with two raters' sealed votes."""
    study = open_study(trial_count=6, votes_per_trial=2)
    for _ in range(2):
        rater_of(study).answer_everything()
    seal_votes()
    return study


@pytest.fixture
def withdrawn(study) -> int:
    """Give the number of votes that the first rater withdrew."""
    return withdraw_votes(session=Session.objects.earliest("pk"), reason="asked for it")


def refused(statement: str, *parameters: object) -> bool:
    """Return whether the database refuses a statement as it refuses to touch votes."""
    refusal = pytest.raises(IntegrityError, match="append-only")
    with refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    return True


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("rating_vote", "response_ms"),
        ("rating_answer", "value"),
        ("rating_tombstone", "reason"),
        ("rating_seal", "vote_count"),
        ("rating_sealedvote", "digest"),
    ],
)
def test_the_database_refuses_to_change_or_delete(withdrawn, table: str, column: str):
    assert refused(f"UPDATE {table} SET {column} = {column}")
    assert refused(f"DELETE FROM {table}")


def test_the_orm_is_refused_too(study):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Vote.objects.update(late=True)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Answer.objects.all().delete()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's REPLACE")
def test_a_vote_cannot_be_replaced_under_its_id_or_its_assignment(study):
    columns = [field.column for field in Vote._meta.concrete_fields]
    for key in ("id", "assignment_id"):
        given = ", ".join("id + 1000" if name == "id" and key != "id" else name for name in columns)
        assert refused(
            f"INSERT OR REPLACE INTO rating_vote ({', '.join(columns)}) SELECT {given} FROM rating_vote"
        )


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's TRUNCATE")
def test_votes_cannot_be_truncated(study):
    connection.check_constraints()
    assert refused("TRUNCATE rating_vote, rating_answer")


def test_a_tombstone_lets_only_its_own_vote_go(study):
    buried, kept = Vote.objects.order_by("pk")[:2]
    Tombstone.objects.create(vote_id=buried.pk, study=study, digest="0" * 64, reason="asked for it")
    buried.answers.all().delete()
    buried.delete()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        kept.answers.all().delete()
    assert refused("DELETE FROM rating_vote WHERE id = %s", kept.pk)


def test_a_withdrawal_leaves_tombstones_and_an_unbroken_chain(study, withdrawn):
    assert withdrawn == 6
    assert Vote.objects.count() == 6
    assert set(Tombstone.objects.values_list("reason", flat=True)) == {"asked for it"}
    findings = verify_study(study)
    assert (findings.votes, findings.withdrawn, findings.problems) == (12, 6, [])


def test_what_was_withdrawn_is_asked_of_others_and_of_its_rater_never_again(study, rater_of, withdrawn):
    leaver = Session.objects.earliest("pk")
    assert Opening.objects.filter(study=study, free_from__isnull=False).count() == 6
    assert rater_of(study).answer_everything() == 6
    assert withdraw_votes(session=leaver, reason="asked again") == 0


@pytest.mark.parametrize("outcome", ["answered", "not_shown"])
def test_what_another_vote_fills_is_asked_of_nobody_again_when_one_is_withdrawn(rater_of, outcome: str):
    study = open_study(trial_count=5, votes_per_trial=1)
    leaver, other, third = rater_of(study), rater_of(study), rater_of(study)
    first, gone = leaver.block(), timezone.now() - timedelta(minutes=1)
    Opening.objects.filter(free_from__isnull=False).update(free_from=gone)
    second = other.block()
    leaver.send(*(vote_for(shown, outcome=outcome) for shown in first))
    assert {result["status"] for result in other.results(*map(vote_for, second))} == {"stored"}
    assert withdraw_votes(session=Session.objects.earliest("pk"), reason="asked for it") == 5
    assert not Opening.objects.filter(study=study, free_from__isnull=False).exists()
    assert third.block() == []


def test_flushing_empties_the_database_and_protects_what_comes_next(study, rater_of):
    connection.check_constraints()
    call_command("flush", interactive=False, verbosity=0)
    assert not Vote.objects.exists()
    assert not Seal.objects.exists()
    assert not SealedVote.objects.exists()
    rater = rater_of(open_study(trial_count=2))
    rater.send(*map(vote_for, rater.block()))
    assert refused("DELETE FROM rating_vote")


def test_the_migration_can_be_undone_and_done_again(study):
    migration = import_module("humaneval.rating.migrations.0003_votes_are_append_only")
    editor = type("Editor", (), {"connection": connection, "execute": staticmethod(_execute)})
    migration.unprotect(None, editor)
    assert Vote.objects.filter(pk=Vote.objects.earliest("pk").pk).update(late=False) == 1
    migration.protect(None, editor)
    assert refused("DELETE FROM rating_vote")


def test_seals_made_before_they_held_sums_get_them_once():
    first, second = (ApiRater(open_study(trial_count=trials)) for trials in (7, 4))
    for rater in (first, second):
        rater.arrive()
        rater.answer_everything()
    seal_votes(batch=3)
    before = list(Seal.objects.values_list("pk", "totals"))
    unprotect(connection)
    Seal.objects.update(totals={})
    migration = import_module("humaneval.rating.migrations.0009_totals_in_seals")
    migration.write_totals(apps, type("Editor", (), {"connection": connection}))
    assert list(Seal.objects.values_list("pk", "totals")) == before
    assert refused("UPDATE rating_seal SET totals = totals")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
