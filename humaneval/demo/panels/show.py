"""A study on a stand-in panel, from publishing to the last cent."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import close_old_connections

from humaneval.demo.panels.mturk import FakeMTurk
from humaneval.demo.panels.stand_ins import StandIn
from humaneval.demo.panels.workers import BrowserWorker, HttpWorker, Worker
from humaneval.recruitment import ledger, payments, publishing
from humaneval.recruitment.intents import refuse
from humaneval.recruitment.models import Intent, IntentState, Posting, PostingState, SubmissionState
from humaneval.recruitment.polling import poll_posting
from humaneval.studies.models import Study

WORKERS = 3
BONUS = Decimal("0.25")
PATIENCE_SECONDS = 180
OPEN = [IntentState.RECORDED, IntentState.SENDING, IntentState.UNCLEAR]


class ShowFailed(Exception):
    """A step that did not come to its end; the text says which and why."""


def recruit(
    stand_in: StandIn,
    study: Study,
    user: User,
    *,
    say: Callable[[str], None],
    browser: str | None = None,
) -> Posting:
    """Publish an open study on a stand-in, let people take part, approve and pay them; return the posting.

    Web server and workers must run with the stand-in's environment. The first person rates in ``browser``,
    the path of a Chromium, if one is given; the others send what the player would. Their votes are marked as
    simulated. What was paid before is told, not paid again; what an earlier stand-in left undone is given up.
    """
    for known in Posting.objects.filter(study=study, panel=stand_in.name):
        if known.state == PostingState.CLOSED and not known.problem:
            say(f"People from {stand_in.name} took part before: {_paid(known)}")
            return known
        _give_up(known)
    posting = _publish(stand_in, study, user, say)
    for number in range(WORKERS):
        way = "in a browser" if browser and number == 0 else "over HTTP"
        say(f"Person {number + 1} of {WORKERS} from {stand_in.name} takes part, {way}")
        in_browser = browser if number == 0 else None
        worker = BrowserWorker(in_browser, study.protocol) if in_browser else HttpWorker(number)
        _take_part(stand_in, posting, worker, number)
    _decide(posting, user, say)
    _compare(stand_in, posting, say)
    return posting


def _give_up(posting: Posting) -> None:
    """Settle a posting whose stand-in is gone, with all that it knew."""
    gone = "The stand-in that knew this is gone."
    for intent in posting.intents.filter(state__in=OPEN):
        refuse(intent, gone)
    Posting.objects.filter(pk=posting.pk).update(state=PostingState.CLOSED, problem=gone)
    waiting = [SubmissionState.ACTIVE, SubmissionState.SUBMITTED]
    posting.submissions.filter(state__in=waiting).update(state=SubmissionState.RETURNED)


def _publish(stand_in: StandIn, study: Study, user: User, say: Callable[[str], None]) -> Posting:
    posting = Posting.objects.create(
        study=study,
        panel=stand_in.name,
        title=study.title or study.name,
        description="Look at images and say which is which. A stand-in: nobody is really paid.",
        places=WORKERS,
        reward=Decimal("0.90"),
        currency="USD" if stand_in.name == "mturk" else "GBP",
        minutes=4,
        created_by=user,
    )
    cost = publishing.estimate(posting)
    say(f"Publishing “{study}” on a stand-in for {stand_in.name}: {cost.total} {cost.currency}")
    publishing.publish(posting, confirmed=cost.total, user=user)
    _wait(lambda: _state(posting) == PostingState.LIVE, lambda: posting.problem)
    return posting


def _state(posting: Posting) -> str:
    posting.refresh_from_db()
    if posting.state == PostingState.DRAFT:
        raise ShowFailed(f"The panel refused: {posting.problem}")
    return posting.state


def _take_part(stand_in: StandIn, posting: Posting, worker: Worker, number: int) -> None:
    panel = stand_in.panel
    if isinstance(panel, FakeMTurk):
        worker.take_part_on_mturk(panel, posting.external_id, f"A{number}STANDIN")
    else:
        worker.take_part_on_prolific(panel, posting.external_id)


def _decide(posting: Posting, user: User, say: Callable[[str], None]) -> None:
    poll_posting(posting)
    waiting = list(posting.submissions.filter(state=SubmissionState.SUBMITTED, session__state="completed"))
    say(f"Approving {len(waiting)} submissions and paying a bonus")
    for submission in waiting:
        payments.approve(submission, user)
    amounts = {submission.pk: BONUS for submission in waiting[:1]}
    payments.pay_bonuses(posting=posting, amounts=amounts, reason="Thank you", confirmation="show", user=user)
    _wait(lambda: not _open_calls(posting), lambda: str(_open_calls(posting)))
    poll_posting(posting)
    _wait(lambda: _state(posting) == PostingState.CLOSED, lambda: f"the posting is {posting.state}")


def _open_calls(posting: Posting) -> list[str]:
    return [str(intent) for intent in Intent.objects.filter(posting=posting, state__in=OPEN)]


def _compare(stand_in: StandIn, posting: Posting, say: Callable[[str], None]) -> None:
    paid = ledger.totals_of(posting).paid
    if paid != stand_in.paid_total():
        raise ShowFailed(f"The ledger says {paid}, the panel {stand_in.paid_total()}.")
    say(f"The ledger adds up: {_paid(posting)}")


def _paid(posting: Posting) -> str:
    totals = ledger.totals_of(posting)
    people = posting.submissions.filter(state=SubmissionState.APPROVED).count()
    return (
        f"{totals.base} in rewards and {totals.bonus} in bonuses to {people} people, {totals.fees} in fees "
        f"to the panel, {totals.paid + totals.fees} {totals.currency} in all"
    )


def _wait(done: Callable[[], bool], why: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise ShowFailed(f"Still waiting after {PATIENCE_SECONDS} s: {why()}")
        time.sleep(0.2)
        close_old_connections()
