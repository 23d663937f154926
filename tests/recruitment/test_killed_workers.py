"""A worker killed at every step of publishing and paying: never two of anything, and the sums agree.

The worker is a forked process with the real job machinery and a real database file; the panel's stand-in
kills it by SIGKILL, before it acts or after it has acted and before it answers.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from humaneval.demo.panels.mturk import FakeMTurk
from humaneval.demo.panels.prolific import TOKEN, FakeProlific
from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job, JobState
from humaneval.recruitment import intents, payments, publishing
from humaneval.recruitment.intents import PATIENCE, resolve_unclear
from humaneval.recruitment.ledger import totals_of
from humaneval.recruitment.models import Intent, IntentState, Posting, Submission
from humaneval.recruitment.polling import poll_posting
from humaneval.recruitment.prolific import client
from tests.factories import UserFactory
from tests.recruitment.conftest import arrive, complete, posting_of, work_off

CENTS = Decimal("0.35")


class Killer:
    """Kills the worker of the moment."""

    def __init__(self) -> None:
        self.pid = 0

    def strike(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def work(self, hook: Callable[[], None] = lambda: None) -> bool:
        """Run the next waiting job in a process of its own, after a hook; return whether it was killed."""
        job = Job.objects.filter(state=JobState.QUEUED).order_by("pk").first()
        assert job is not None
        Job.objects.filter(pk=job.pk).update(run_after=None)
        connection.close()
        self.pid = os.fork()
        if self.pid == 0:
            connection.close()
            client._pool.cache_clear()  # a worker of its own has its own connections to the panel
            hook()
            jobs.run(job.pk)
            os._exit(0)
        _pid, status = os.waitpid(self.pid, 0)
        return os.WIFSIGNALED(status)

    def work_until_killed(self, hook: Callable[[], None] = lambda: None) -> None:
        """Run job after job until one is killed, and let its lease run out."""
        while not self.work(hook):
            pass
        Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def killer(platform) -> Killer:
    """Give a killer of workers, on a database file that forked processes share."""
    return Killer()


@pytest.fixture
def panels_here(settings, monkeypatch) -> Iterator[dict[str, FakeMTurk | FakeProlific]]:
    """Give the stand-ins by name."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "stand-in")
    mturk, prolific = FakeMTurk(), FakeProlific()
    settings.MTURK_ENDPOINT, settings.PUBLIC_URL = mturk.url, "https://lab.example"
    settings.PROLIFIC_URL, settings.PROLIFIC_TOKEN = prolific.url, TOKEN
    yield {"mturk": mturk, "prolific": prolific}
    mturk.stop()
    prolific.stop()


def draft(panel: str) -> Posting:
    """Return a draft for a panel."""
    return posting_of(panel=panel, currency="USD" if panel == "mturk" else "GBP")


def published(panel: str) -> Posting:
    """Return a posting that is live."""
    posting = draft(panel)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=UserFactory())
    work_off()
    posting.refresh_from_db()
    assert posting.state == "live", posting.problem
    return posting


def submission_on(fake: FakeMTurk | FakeProlific, posting: Posting) -> Submission:
    """Return the submission of somebody who finished and handed in."""
    if isinstance(fake, FakeMTurk):
        row = fake.accept(posting.external_id, "A1WORKER")
        words = {"assignmentId": row, "hitId": posting.external_id, "workerId": "A1WORKER"}
        complete(arrive(posting.study, words))
        fake.submit(row, {"code": "x"})
    else:
        row = fake.take_part(posting.external_id)["id"]
        person = fake.people[row]["participant"]
        words = {"PROLIFIC_PID": person, "STUDY_ID": posting.external_id, "SESSION_ID": row}
        complete(arrive(posting.study, words))
        fake.complete(row, posting.study.completion_code)
    poll_posting(posting)
    Job.objects.filter(kind="recruitment.block").update(state=JobState.CANCELLED)
    return Submission.objects.get(external_id=row)


@pytest.mark.parametrize("acts_first", [False, True])
@pytest.mark.parametrize(
    ("panel", "call"),
    [
        ("mturk", "ListQualificationTypes"),
        ("mturk", "CreateQualificationType"),
        ("mturk", "CreateHITType"),
        ("mturk", "CreateHITWithHITType"),
        ("prolific", "create_study"),
        ("prolific", "move_study"),
    ],
)
def test_publishing_survives_a_kill_at_every_call(killer, panels_here, panel, call, acts_first):
    fake = panels_here[panel]
    posting = draft(panel)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=UserFactory())
    fake.faults.add(call, acts_first=acts_first, action=killer.strike)
    killer.work_until_killed()
    work_off()
    posting.refresh_from_db()
    assert posting.state == "live"
    made = fake.hits if panel == "mturk" else fake.studies
    assert list(made) == [posting.external_id]


@pytest.mark.parametrize("acts_first", [False, True])
@pytest.mark.parametrize(("panel", "call"), [("mturk", "ApproveAssignment"), ("prolific", "decide")])
def test_approving_survives_a_kill(killer, panels_here, panel, call, acts_first):
    fake = panels_here[panel]
    posting = published(panel)
    submission = submission_on(fake, posting)
    payments.approve(submission, UserFactory())
    fake.faults.add(call, acts_first=acts_first, action=killer.strike)
    killer.work_until_killed()
    work_off()
    assert totals_of(posting).paid == fake.paid_total() == posting.reward


@pytest.mark.parametrize("acts_first", [False, True])
def test_a_bonus_on_mturk_survives_a_kill(killer, panels_here, acts_first):
    fake = panels_here["mturk"]
    posting = published("mturk")
    submission = submission_on(fake, posting)
    _pay(posting, submission)
    fake.faults.add("SendBonus", acts_first=acts_first, action=killer.strike)
    killer.work_until_killed()
    work_off()
    assert [b["BonusAmount"] for b in fake.bonuses] == ["0.35"]
    assert totals_of(posting).bonus == fake.paid_total() == CENTS


def test_a_bonus_on_prolific_that_was_paid_is_found_after_a_kill(killer, panels_here):
    fake = panels_here["prolific"]
    posting = published("prolific")
    submission = submission_on(fake, posting)
    _pay(posting, submission)
    fake.faults.add("pay_bonuses", acts_first=True, action=killer.strike)
    killer.work_until_killed()
    work_off()
    assert [name for name, _body in fake.calls].count("pay_bonuses") == 1
    assert totals_of(posting).bonus == fake.paid_total() == CENTS


def test_setting_up_bonuses_on_prolific_survives_a_kill(killer, panels_here):
    fake = panels_here["prolific"]
    posting = published("prolific")
    _pay(posting, submission_on(fake, posting))
    fake.faults.add("set_up_bonuses", acts_first=True, action=killer.strike)
    killer.work_until_killed()
    work_off()
    assert totals_of(posting).bonus == fake.paid_total() == CENTS


@pytest.mark.parametrize("acts_first", [False, True])
def test_a_bonus_on_prolific_that_does_not_show_is_never_sent_again_but_left_to_a_person(
    killer, panels_here, acts_first
):
    fake = panels_here["prolific"]
    posting = published("prolific")
    _pay(posting, submission_on(fake, posting))
    fake.shows_bonuses = False
    fake.faults.add("pay_bonuses", acts_first=acts_first, action=killer.strike)
    killer.work_until_killed()
    work_off()
    intent = Intent.objects.get(kind="bonus")
    assert (intent.state, totals_of(posting).bonus, totals_of(posting).owed) == (
        "sending",
        0,
        Decimal("1.85"),
    )
    Intent.objects.filter(pk=intent.pk).update(sent_at=timezone.now() - PATIENCE)
    work_off()
    intent.refresh_from_db()
    assert intent.state == IntentState.UNCLEAR
    resolve_unclear(intent=intent, was_done=acts_first, user=UserFactory())
    assert totals_of(posting).bonus == fake.paid_total() == (CENTS if acts_first else 0)
    assert [name for name, _body in fake.calls].count("pay_bonuses") == 1


def _pay(posting: Posting, submission: Submission, confirmation: str = "once") -> list[Intent]:
    return payments.pay_bonuses(
        posting=posting,
        amounts={submission.pk: CENTS},
        reason="Thanks",
        confirmation=confirmation,
        user=UserFactory(),
    )


STEPS = ["taken up", "evidence kept", "about to be sent", "outcome written", "settled"]


def dying_after(step: str) -> Callable[[], None]:
    """Return a hook that kills its process after a step of carrying out an intent; each step is one write."""

    def hook() -> None:
        if step == "settled":
            _die_after(intents, "settle", 1)
        else:
            _die_after(intents, "_note", STEPS.index(step) + 1)

    return hook


def _die_after(module: object, name: str, times: int) -> None:
    real, calls = getattr(module, name), []

    def then_die(*arguments: object, **words: object) -> object:
        result = real(*arguments, **words)
        calls.append(name)
        if len(calls) == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, name, then_die)


@pytest.mark.parametrize("panel", ["mturk", "prolific"])
def test_publishing_survives_a_kill_after_every_step_of_ours(killer, panels_here, panel):
    fake = panels_here[panel]
    postings = []
    for step in STEPS:
        posting = draft(panel)
        publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=UserFactory())
        killer.work_until_killed(dying_after(step))
        work_off()
        posting.refresh_from_db()
        assert posting.state == "live", step
        postings.append(posting.external_id)
    made = fake.hits if panel == "mturk" else fake.studies
    assert list(made) == postings


@pytest.mark.parametrize("panel", ["mturk", "prolific"])
def test_paying_survives_a_kill_after_every_step_of_ours(killer, panels_here, panel):
    fake = panels_here[panel]
    posting = published(panel)
    submission = submission_on(fake, posting)
    payments.approve(submission, UserFactory())
    killer.work_until_killed(dying_after("about to be sent"))
    work_off()
    paid = [posting.reward]
    for step in STEPS:
        (intent,) = _pay(posting, submission, confirmation=step.replace(" ", "-"))
        killer.work_until_killed(dying_after(step))
        work_off()
        intent.refresh_from_db()
        if intent.state == IntentState.SENDING:  # nobody can tell Prolific's silence from a payment under way
            assert (panel, step) == ("prolific", "about to be sent")
            Intent.objects.filter(pk=intent.pk).update(sent_at=timezone.now() - PATIENCE)
            work_off()
            intent.refresh_from_db()
            resolve_unclear(intent=intent, was_done=False, user=UserFactory())
        else:
            assert intent.state == IntentState.DONE, step
            paid.append(CENTS)
        assert totals_of(posting).paid == fake.paid_total() == sum(paid), step
