"""Posting a study to a panel, and what becomes of it there: publish, pause, resume, stop, more places."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from humaneval.recruitment import recruiters
from humaneval.recruitment.intents import HELD, open_key, record_intent
from humaneval.recruitment.ledger import (
    CENT,
    check_confirmed,
    cost_of_places,
    lock_budget,
    refuse_beyond_budget,
)
from humaneval.recruitment.models import Intent, IntentKind, IntentState, Posting, PostingState
from humaneval.studies.expectations import PostedPay
from humaneval.studies.models import Study, StudyState
from humaneval.teams.access import may

MOVES = {
    IntentKind.PAUSE: {PostingState.LIVE},
    IntentKind.RESUME: {PostingState.PAUSED},
    IntentKind.STOP: {PostingState.LIVE, PostingState.PAUSED},
    IntentKind.EXTEND: {PostingState.LIVE, PostingState.PAUSED, PostingState.CLOSED},
    IntentKind.REMOVE: {PostingState.CLOSED},
}
"""From which states a posting can be moved by which call."""

TERMS = ("study_id", "panel", "title", "description", "places", "reward", "currency", "minutes")
"""What the panel is told of a posting, beside its options."""


@dataclass(frozen=True)
class Estimate:
    """What places will cost: to the raters, to the panel, and both."""

    places: int
    rewards: Decimal
    fees: Decimal
    currency: str

    @property
    def total(self) -> Decimal:
        """Rewards and fees."""
        return self.rewards + self.fees


def estimate(posting: Posting, places: int | None = None) -> Estimate:
    """Return what ``places`` (all of the posting's by default) will cost if all are filled and approved."""
    count = posting.places if places is None else places
    rewards = posting.reward * count
    return Estimate(count, rewards, cost_of_places(posting, count) - rewards, posting.currency)


def pays_of(study: Study) -> list[PostedPay]:
    """Return what the places of a study's postings cost that are not over, for its launch."""
    postings = study.postings.exclude(state=PostingState.CLOSED).order_by("pk")
    return [
        PostedPay(
            panel=recruiters.get(one.panel).title,
            places=one.places,
            minutes=one.minutes,
            reward=one.reward,
            fees=estimate(one).fees,
            currency=one.currency,
        )
        for one in postings
    ]


def expected_wage(posting: Posting) -> Decimal:
    """Return what an hour pays if a session takes as long as the posting says, to the cent."""
    return (posting.reward * 60 / posting.minutes).quantize(CENT, ROUND_HALF_UP)


def problems_of(posting: Posting) -> list[str]:
    """Return why a posting cannot be published as it is, in sentences; empty when it can."""
    found = list(recruiters.get(posting.panel).problems(posting))
    if posting.is_held:
        found.append(str(HELD))
    if posting.study.state != StudyState.OPEN:
        found.append(_("The study is not open: launch it first, so that raters find something to rate."))
    try:
        refuse_beyond_budget(posting, estimate(posting).total)
    except ValidationError as error:
        found += error.messages
    return found


def publish(posting: Posting, *, confirmed: Decimal, user: User) -> Intent:
    """Ask to publish a draft at the total cost that a person has confirmed; return the first intent.

    Raises ValidationError unless it is a draft that can be published at just that cost.
    """
    with transaction.atomic():
        lock_budget(posting)
        posting = Posting.objects.select_for_update(of=("self",)).select_related("study").get(pk=posting.pk)
        if posting.state != PostingState.DRAFT:
            raise ValidationError(_("Only a draft can be published."))
        check_confirmed(confirmed, estimate(posting).total)
        if posting.approves_itself and not may(user, "recruitment.pay_posting", posting):
            raise ValidationError(_("This posting pays by itself: only who may pay can publish it."))
        problems = problems_of(posting)
        if problems:
            raise ValidationError(problems)
        attempt = posting.intents.filter(key__startswith=f"publish:{posting.pk}:").count()
        Posting.objects.filter(pk=posting.pk).update(state=PostingState.PUBLISHING, problem="")
        return record_intent(
            posting=posting,
            kind=_first_step(posting),
            key=f"publish:{posting.pk}:{attempt}",
            args={"terms": terms_of(posting)},
            user=user,
        )


def terms_of(posting: Posting) -> dict[str, str]:
    """Return what a draft at the panel is made of here, as text: two that are equal make equal drafts."""
    own = {name: value for name, value in posting.options.items() if name != "group"}
    return {
        **{name: str(getattr(posting, name)) for name in TERMS},
        "options": json.dumps(own, sort_keys=True),
    }


def _first_step(posting: Posting) -> IntentKind:
    """Return the first call of publishing that is still to be made.

    A draft at the panel is used again as long as it says what the posting says: what a person confirms is
    what goes live.
    """
    steps = recruiters.get(posting.panel).publishing
    made = posting.intents.filter(kind=IntentKind.CREATE, state=IntentState.DONE).order_by("-pk").first()
    is_there = posting.external_id and made is not None and made.args.get("terms") == terms_of(posting)
    return steps[-1] if is_there else steps[0]


def move(posting: Posting, kind: IntentKind, user: User) -> Intent:
    """Ask to pause, resume, stop or remove a posting; return the intent.

    Raises ValidationError where the panel or the posting's state does not allow it.
    """
    _check_move(posting, kind)
    key = f"{kind}:{posting.pk}:{timezone.now():%Y%m%d%H%M%S}"
    return record_intent(posting=posting, kind=kind, key=key, user=user)


def extend(posting: Posting, *, places: int, confirmed: Decimal, user: User) -> Intent:
    """Ask for ``places`` in all, at the confirmed cost of those added; return the intent.

    The same number asked for again is one call. Raises ValidationError where that is not allowed, not more or
    beyond the budget, and while another number is on its way.
    """
    with transaction.atomic():
        lock_budget(posting)
        posting = Posting.objects.select_for_update(of=("self",)).select_related("study").get(pk=posting.pk)
        _check_move(posting, IntentKind.EXTEND)
        asked = _extension_on_the_way(posting)
        if asked is not None and asked.args["places"] == places:
            return asked
        if asked is not None:
            text = _("%(places)s places are on their way to the panel already: wait for its answer.")
            raise ValidationError(text % {"places": asked.args["places"]})
        if places <= posting.places:
            text = _("Give more than the %(now)s places there are.")
            raise ValidationError(text % {"now": posting.places})
        cost = estimate(posting, places - posting.places).total
        check_confirmed(confirmed, cost)
        refuse_beyond_budget(posting, cost)
        return record_intent(
            posting=posting,
            kind=IntentKind.EXTEND,
            key=open_key(f"extend:{posting.pk}:{places}"),
            args={"places": places, "added": places - posting.places},
            user=user,
        )


def _extension_on_the_way(posting: Posting) -> Intent | None:
    """Return the call for more places that is not settled, or unclear: a panel would add up two of them."""
    unsettled = [IntentState.RECORDED, IntentState.SENDING, IntentState.UNCLEAR]
    return posting.intents.filter(kind=IntentKind.EXTEND, state__in=unsettled).order_by("pk").first()


def _check_move(posting: Posting, kind: IntentKind) -> None:
    if kind not in recruiters.get(posting.panel).abilities:
        raise ValidationError(_("This panel cannot do that."))
    if posting.state not in MOVES[kind]:
        text = _("A posting that is %(state)s cannot do that.")
        raise ValidationError(text % {"state": posting.get_state_display()})
