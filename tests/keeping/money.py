"""What the drill does with money: people of a panel are paid before the backup, after it, and not twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from tests.keeping.acts import OTHER


def publish(_argument: str) -> str:
    """Publish the other study on Prolific's stand-in; return its id there."""
    from humaneval.recruitment import publishing
    from humaneval.studies.models import Study
    from tests.recruitment.conftest import posting_of, work_off

    posting = posting_of(Study.objects.get(slug=OTHER))
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=_keeper())
    work_off()
    posting.refresh_from_db()
    return posting.external_id


def owe(_argument: str) -> None:
    """Pay the first who handed in a bonus, and leave one of the second's waiting."""
    from tests.recruitment.conftest import work_off

    _look("at first")
    first, second = _people()
    _pay(first, "0.35", "before")
    work_off()
    _pay(second, "0.45", "waiting")


def spend(_argument: str) -> None:
    """Go on after the backup: what waits is paid, and the first gets another bonus."""
    from tests.recruitment.conftest import work_off

    work_off()
    _pay(_people()[0], "0.15", "after")
    work_off()


def settle(_argument: str) -> dict[str, Any]:
    """Start workers on the restored platform; return what was held, refused and unclear, and is paid."""
    from django.utils import timezone

    from humaneval.recruitment.intents import PATIENCE, resolve_unclear
    from humaneval.recruitment.models import Intent, Posting
    from tests.recruitment.conftest import work_off

    told: dict[str, Any] = {"held": Posting.objects.get().is_held}
    work_off()
    try:
        _pay(_people()[0], "0.15", "once more")
    except ValidationError as error:
        told["refused"] = error.messages
    Posting.objects.update(restored_at=timezone.now() - PATIENCE)
    _look("restored")
    (unclear,) = Intent.objects.filter(state="unclear")
    told["unclear"] = unclear.args["lines"][0]["amount"]
    resolve_unclear(intent=unclear, was_done=True, user=_keeper())
    _look("settled")
    return {**told, "held_at_the_end": Posting.objects.get().is_held, "paid": _paid()}


def _paid() -> str:
    from humaneval.recruitment.ledger import totals_of
    from humaneval.recruitment.models import Posting

    return str(totals_of(Posting.objects.get()).paid)


def _people() -> list[Any]:
    from humaneval.recruitment.models import Submission

    return list(Submission.objects.select_related("posting").order_by("pk"))


def _pay(submission: Any, amount: str, confirmation: str) -> None:
    from humaneval.recruitment import payments

    payments.pay_bonuses(
        posting=submission.posting,
        amounts={submission.pk: Decimal(amount)},
        reason="Thanks",
        confirmation=confirmation,
        user=_keeper(),
    )


def _look(occasion: str) -> None:
    from humaneval.recruitment.models import Posting
    from humaneval.recruitment.polling import look_soon
    from tests.recruitment.conftest import work_off

    look_soon(Posting.objects.get(), occasion)
    work_off()


def _keeper() -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(username="keeper")


ACTS = {act.__name__: act for act in (publish, owe, spend, settle)}
