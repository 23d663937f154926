"""Votes are sealed into a chain, and what was sealed can be checked later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from humaneval.rating import sealing
from humaneval.rating.append_only import protect, unprotect
from humaneval.rating.chain import GENESIS, Head
from humaneval.rating.models import Answer, Seal, SealedVote, Session, Vote
from humaneval.rating.sealing import count_unsealed, head_of, seal_votes, verify_study
from humaneval.rating.tasks import seal_new_votes
from humaneval.rating.withdrawal import withdraw_votes
from tests.factories import open_study
from tests.rating.conftest import ApiRater

pytestmark = pytest.mark.django_db


def voted(**fields):
    """Return a study that one rater has answered."""
    study = open_study(**{"trial_count": 8, "votes_per_trial": 5, **fields})
    answer(study)
    return study


def answer(study) -> None:
    """Let one more rater answer all there is."""
    rater = ApiRater(study)
    rater.arrive()
    rater.answer_everything()


class Tampering:
    """Access to the tables for somebody who can take the triggers away."""

    def __enter__(self) -> None:
        unprotect(connection)

    def __exit__(self, *error: object) -> None:
        protect(connection)


def test_all_votes_are_sealed_in_order_batch_by_batch():
    study = voted()
    assert seal_votes(batch=3) == 8
    assert list(Seal.objects.values_list("number", "vote_count")) == [(1, 3), (2, 3), (3, 2)]
    sealed = SealedVote.objects.order_by("vote_id")
    assert [row.seal.number for row in sealed] == [1, 1, 1, 2, 2, 2, 3, 3]
    assert set(sealed.values_list("vote_id", flat=True)) == set(Vote.objects.values_list("pk", flat=True))
    assert verify_study(study).problems == []
    assert count_unsealed(study) == 0


def test_sealing_again_seals_only_what_came_since():
    study = voted()
    assert seal_new_votes() == 8
    assert seal_new_votes() == 0
    before = head_of(study)
    answer(study)
    assert seal_new_votes() == 8
    assert verify_study(study, earlier=before).problems == []


def test_each_study_has_a_chain_of_its_own():
    first, second = voted(), voted()
    seal_votes()
    assert list(Seal.objects.values_list("study", "number", "previous")) == [
        (first.pk, 1, GENESIS),
        (second.pk, 1, GENESIS),
    ]
    assert head_of(first) != head_of(second)


def test_a_vote_that_was_committed_late_is_sealed_when_it_is_seen(monkeypatch):
    study = voted()
    seal_votes()
    answer(study)
    late, newest = Vote.objects.order_by("-pk")[1], Vote.objects.latest("pk")
    waiting = SealedVote(vote_id=newest.pk, seal=Seal.objects.get(), digest="0" * 64)
    waiting.save(force_insert=True)
    monkeypatch.setattr(sealing, "LOOK_BACK", 2)
    assert seal_votes() == 1
    assert SealedVote.objects.filter(pk=late.pk).exists()
    assert seal_votes(thorough=True) == 6


def test_two_jobs_at_once_seal_each_vote_once(monkeypatch):
    study = voted()
    read, calls = sealing.read_contents, []

    def read_while_another_seals(ids):
        contents = read(ids)
        if not calls:
            calls.append(ids)
            assert seal_votes() == 8
        return contents

    monkeypatch.setattr(sealing, "read_contents", read_while_another_seals)
    assert seal_votes() == 0
    assert verify_study(study).problems == []
    assert Seal.objects.count() == 1


def test_a_batch_costs_the_same_number_of_queries_however_large(django_assert_max_num_queries):
    voted(trial_count=40)
    with django_assert_max_num_queries(14):
        assert seal_votes() == 40


@pytest.mark.parametrize("model", [Vote, Answer])
def test_a_changed_vote_is_found(model):
    study = voted()
    seal_votes()
    with Tampering():
        field = {"response_ms": 1} if model is Vote else {"value": 7}
        model.objects.filter(pk=model.objects.earliest("pk").pk).update(**field)
    (problem,) = verify_study(study).problems
    assert problem == f"Vote {Vote.objects.earliest('pk').pk} of seal 1 was changed."


def test_a_dropped_vote_is_found():
    study = voted()
    seal_votes()
    victim = Vote.objects.earliest("pk")
    with Tampering():
        victim.answers.all().delete()
        Vote.objects.filter(pk=victim.pk).delete()
    assert verify_study(study).problems == [f"Vote {victim.pk} of seal 1 is missing."]


@pytest.mark.parametrize("field", ["summary", "totals"])
def test_numbers_in_a_seal_that_are_not_its_votes_are_found(field: str):
    study = voted()
    seal_votes(batch=3)
    with Tampering():
        seal = Seal.objects.get(number=2)
        setattr(seal, field, {**getattr(seal, field), "late": 9})
        seal.save(update_fields=[field])
    assert "The totals of seal 2 are not the sums up to it." in verify_study(study).problems


def test_numbers_that_add_up_but_are_no_recount_are_found():
    study = voted()
    seal_votes()
    seal = Seal.objects.get()
    with Tampering():
        Seal.objects.update(summary={**seal.summary, "late": 1}, totals={**seal.totals, "late": 1})
    (problem,) = verify_study(study).problems
    assert problem.startswith("A recount finds Tally(votes=8, late=0")


def test_withdrawn_votes_stay_in_a_seals_numbers():
    study = voted()
    seal_votes()
    withdraw_votes(session=Session.objects.get(), reason="asked for it")
    answer(study)
    seal_votes()
    assert verify_study(study).problems == []


def test_a_chain_written_anew_without_a_vote_is_found_by_an_earlier_head():
    study = voted()
    seal_votes()
    earlier = head_of(study)
    victim = Vote.objects.earliest("pk")
    with Tampering():
        victim.answers.all().delete()
        Vote.objects.filter(pk=victim.pk).delete()
        SealedVote.objects.all().delete()
        Seal.objects.all().delete()
    seal_votes()
    assert verify_study(study).problems == []
    assert verify_study(study, earlier=earlier).problems == [
        "Seal 1 is not the one that the earlier head was of."
    ]


def test_a_chain_cut_short_is_found_by_an_earlier_head():
    study = voted()
    (problem,) = verify_study(study, earlier=Head(3, "a" * 64)).problems
    assert problem == "The chain ends at seal 0; the earlier head was of seal 3."


def test_an_export_can_be_checked_without_the_database(tmp_path: Path, capsys):
    study = voted()
    call_command("export_votes", study.slug, out=tmp_path / "votes.jsonl")
    head = capsys.readouterr().out.strip()
    answer(study)
    call_command("export_votes", study.slug, out=tmp_path / "later.jsonl")
    with Tampering():
        Vote.objects.update(response_ms=1)
    for name in ("votes.jsonl", "later.jsonl"):
        call_command("verify_votes", export=tmp_path / name, head=head)
    assert "All sealed votes are as they were." in capsys.readouterr().out
    with pytest.raises(CommandError, match="was changed"):
        call_command("verify_votes", study.slug, head=head)


def test_a_forged_export_is_found(tmp_path: Path):
    study = voted()
    call_command("export_votes", study.slug, out=tmp_path / "votes.jsonl")
    row = json.loads((tmp_path / "votes.jsonl").read_text())
    row["entries"][0]["content"]["answers"] = {"real": 1}
    (tmp_path / "forged.jsonl").write_text(json.dumps(row))
    with pytest.raises(CommandError, match="was changed"):
        call_command("verify_votes", export=tmp_path / "forged.jsonl")
    del row["entries"][0]
    (tmp_path / "forged.jsonl").write_text(json.dumps(row))
    with pytest.raises(CommandError, match="head of seal 1 is not that of its votes"):
        call_command("verify_votes", export=tmp_path / "forged.jsonl")


def test_the_command_says_what_it_cannot_read(tmp_path: Path):
    (tmp_path / "other.txt").write_text("seven\n")
    with pytest.raises(CommandError, match="Line 1"):
        call_command("verify_votes", export=tmp_path / "other.txt")
    with pytest.raises(CommandError, match="either"):
        call_command("verify_votes")
    with pytest.raises(CommandError, match="A head looks like"):
        call_command("verify_votes", "some-study", head="7")
    with pytest.raises(CommandError, match="There is no study"):
        call_command("verify_votes", "some-study")
