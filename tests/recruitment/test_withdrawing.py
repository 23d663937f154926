"""People who withdraw are forgotten; that they did, and what was erased, is not."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from humaneval.rating.append_only import unprotect
from humaneval.rating.models import Answer, Rater, Session, Tombstone, Vote
from humaneval.recruitment import tasks
from humaneval.recruitment.link.invitations import invite, rows_of_links, token_of
from humaneval.recruitment.models import Invitation, LinkSettings, Posting, Submission
from humaneval.recruitment.people import Unreadable, seal, unseal
from humaneval.recruitment.withdrawing import forget_old_ids, withdraw
from humaneval.studies.models import Study
from humaneval.teams.audit import first_broken_entry
from humaneval.teams.models import AuditEntry
from tests.factories import AnswerFactory, UserFactory, open_study
from tests.recruitment.conftest import arrive, work_off

pytestmark = pytest.mark.django_db
PERSON = "5f0000000000000000000abc"


@pytest.fixture
def rater(take_part) -> Rater:
    """Give a rater who came from the panel and has voted once."""
    session = take_part(person=PERSON).session
    vote = session.assignments.get().vote
    AnswerFactory(vote=vote, question=session.study.questions.first(), value=1)
    return session.rater


def test_panel_id_and_its_hash_are_erased_and_the_votes_stay(rater, payer, client):
    hashed = rater.key_hash
    withdraw(rater=rater, erase_votes=False, reason="asked by mail", user=payer)
    everything = [str(list(m.objects.values())) for m in (Rater, Session, Submission)]
    assert not any(hashed in text for text in everything)
    assert Submission.objects.get().sealed_person == ""
    assert Vote.objects.count() == Answer.objects.count() == 1


def test_votes_go_too_where_that_is_asked_for_and_a_tombstone_says_that_they_were(rater, payer):
    vote = Vote.objects.get()
    entry = withdraw(rater=rater, erase_votes=True, reason="asked by mail", user=payer)
    assert not Vote.objects.exists()
    assert not Answer.objects.exists()
    assert Tombstone.objects.get().pk == vote.pk
    assert (entry.user, entry.subject) == (payer, f"rater:{rater.pk}")
    assert entry.detail == {"reason": "asked by mail", "votes_erased": 1}
    assert first_broken_entry() is None


def test_coming_again_the_person_is_a_stranger(rater, payer, live_posting):
    withdraw(rater=rater, erase_votes=False, reason="", user=payer)
    words = {"PROLIFIC_PID": PERSON, "STUDY_ID": live_posting.external_id, "SESSION_ID": "new"}
    assert arrive(live_posting.study, words).rater != rater


def test_an_invitations_name_is_erased_and_its_link_works_no_more(payer):
    study = open_study(trial_count=6, samples=6)
    invite(study=study, names=["ann"])
    token = token_of(study.invitations.get())
    session = arrive(study, {"invitation": token})
    withdraw(rater=session.rater, erase_votes=False, reason="", user=payer)
    assert list(rows_of_links(study)) == []
    with pytest.raises(Exception, match="not known"):
        arrive(study, {"invitation": token})


def test_panel_ids_are_kept_for_as_long_as_the_setting_says(rater, settings):
    settings.PANEL_ID_RETENTION_DAYS = 30
    assert forget_old_ids() == 0
    Posting.objects.update(state="closed")
    assert forget_old_ids() == 0
    Submission.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert forget_old_ids() == 1
    assert Submission.objects.get().person_hash == rater.key_hash
    with pytest.raises(Unreadable, match="erased"):
        unseal(Submission.objects.get().sealed_person)
    assert AuditEntry.objects.filter(action="forget panel ids").count() == 1


def test_another_key_does_not_open_what_was_sealed(settings):
    sealed = seal(PERSON)
    assert PERSON not in sealed
    assert seal(PERSON) != sealed
    settings.PANEL_ID_KEY = "another"
    with pytest.raises(Unreadable, match="PANEL_ID_KEY"):
        unseal(sealed)


def test_the_commands_say_what_they_did(rater, settings):
    user, out = UserFactory(username="ada"), StringIO()
    call_command("withdraw_rater", f"r{rater.pk}", user="ada", reason="mail", votes=True, stdout=out)
    assert "tombstone" in out.getvalue()
    assert AuditEntry.objects.get(action="withdraw").user == user
    call_command("forget_panel_ids", stdout=out)
    assert "0 panel ids" in out.getvalue()
    with pytest.raises(CommandError, match="no such rater"):
        call_command("withdraw_rater", "r999999", user="ada", reason="mail")


def test_what_links_keep_of_people_is_erased_too(settings):
    settings.PANEL_ID_RETENTION_DAYS = 30
    study = open_study(trial_count=6, samples=6)
    LinkSettings.objects.create(study=study, return_url="https://p.example/?id={person}")
    arrive(study, {"rater": PERSON, "batch": "3"})
    invite(study=study, names=["ann"])
    assert forget_old_ids() == 0
    long_ago = timezone.now() - timedelta(days=31)
    Session.objects.update(started_at=long_ago)
    Invitation.objects.update(created_at=long_ago)
    assert forget_old_ids() == 1
    assert Session.objects.get().arrival == {"batch": "3"}
    assert [name for name, _link, _state in rows_of_links(study)] == ["ann"]
    Study.objects.update(state="closed")
    assert forget_old_ids() == 1
    assert list(rows_of_links(study)) == []


def test_a_changed_audit_log_is_found_by_command(rater, payer):
    withdraw(rater=rater, erase_votes=False, reason="", user=payer)
    out = StringIO()
    call_command("check_audit_log", stdout=out)
    assert "whole" in out.getvalue()
    unprotect(connection)
    AuditEntry.objects.filter(action="withdraw").update(user=None)
    with pytest.raises(CommandError, match=r"Line \d+ .*withdraw"):
        call_command("check_audit_log")


def test_beat_forgets_once_a_day(rater, settings, monkeypatch):
    one_day = SimpleNamespace(gmtime=lambda: None, strftime=lambda _form, _moment: "2026-11-30")
    monkeypatch.setattr(tasks, "time", one_day)
    settings.PANEL_ID_RETENTION_DAYS = 30
    Posting.objects.update(state="closed")
    Submission.objects.update(created_at=timezone.now() - timedelta(days=31))
    for _ in range(2):
        tasks.forget_panel_ids()
    (job,) = work_off()
    assert job.result == {"erased": 1}
    assert settings.CELERY_BEAT_SCHEDULE["forget old panel ids"]["task"] == tasks.forget_panel_ids.name
