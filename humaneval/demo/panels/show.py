"""A study on a stand-in panel, from publishing to the last cent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import close_old_connections

from humaneval.demo.panels.mturk import FakeMTurk
from humaneval.demo.panels.stand_ins import StandIn
from humaneval.demo.panels.workers import BrowserWorker, HttpWorker, Worker
from humaneval.recruitment import ledger, payments, publishing
from humaneval.recruitment.models import Intent, IntentState, Posting, PostingState, SubmissionState
from humaneval.recruitment.polling import poll_posting
from humaneval.studies.models import Study

WORKERS = 3
BONUS = Decimal("0.25")
PATIENCE_SECONDS = 60


class ShowFailed(Exception):
    """A step that did not come to its end; the text says which and why."""


def recruit(
    stand_in: StandIn, study: Study, user: User, *, say: Callable[[str], None], browser: Any = None
) -> Posting:
    """Publish an open study on a stand-in, let people take part, approve and pay them; return the posting.

    Web server and workers must run with the stand-in's environment. The first person rates in
    ``browser``, a Playwright browser, if one is given; the others send what the player would. Their votes
    are marked as simulated. Does nothing where the study was published before.
    """
    known = Posting.objects.filter(study=study, panel=stand_in.name).first()
    if known is not None:
        return known
    posting = _publish(stand_in, study, user, say)
    for number in range(WORKERS):
        say(f"Person {number + 1} of {WORKERS} from {stand_in.name} takes part")
        with _worker(study, browser if number == 0 else None, number) as worker:
            _take_part(stand_in, posting, worker, number)
    _decide(posting, user, say)
    _compare(stand_in, posting, say)
    return posting


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


@contextmanager
def _worker(study: Study, browser: Any, seed: int) -> Iterator[Worker]:
    if browser is None:
        yield HttpWorker(seed)
        return
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        yield BrowserWorker(context.new_page(), study.protocol)
    finally:
        context.close()


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


def _open_calls(posting: Posting) -> list[str]:
    open_states = [IntentState.RECORDED, IntentState.SENDING]
    return [str(intent) for intent in Intent.objects.filter(posting=posting, state__in=open_states)]


def _compare(stand_in: StandIn, posting: Posting, say: Callable[[str], None]) -> None:
    totals = ledger.totals_of(posting)
    if totals.paid != stand_in.paid_total():
        raise ShowFailed(f"The ledger says {totals.paid}, the panel {stand_in.paid_total()}.")
    say(f"The ledger adds up: {totals.paid} {totals.currency} to people, {totals.fees} to the panel")


def _wait(done: Callable[[], bool], why: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise ShowFailed(f"Still waiting after {PATIENCE_SECONDS} s: {why()}")
        time.sleep(0.2)
        close_old_connections()
