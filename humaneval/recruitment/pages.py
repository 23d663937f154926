"""The researcher's pages of recruitment: what there is, what it costs, what to decide."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from humaneval.recruitment import ledger, payments, publishing, recruiters
from humaneval.recruitment.access import (
    EXCLUDE,
    HALT,
    LOOK,
    PAY,
    PUBLISH,
    permission_for,
    staff_who_may,
    user_of,
)
from humaneval.recruitment.confirming import Question, ask_then
from humaneval.recruitment.exports import ledger_rows, rater_rows
from humaneval.recruitment.forms import BonusForm, HiddenTotalForm, PlacesForm, RejectionForm, ResolveForm
from humaneval.recruitment.intents import resolve_unclear, try_again
from humaneval.recruitment.models import Intent, IntentKind, Posting, Submission
from humaneval.recruitment.overviews import overview_of
from humaneval.recruitment.polling import look_soon
from humaneval.studies.models import Study
from humaneval.teams.access import PermissionsIn, find, may, visible
from humaneval.ui.spreadsheets import csv_lines


@require_safe
@staff_who_may(LOOK)
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a study's postings: people, money, wages, and where the stories differ."""
    study = find(request.user, Study.objects.all(), LOOK, slug=slug)
    context = {"study": study, "perms": PermissionsIn(request.user, study), **overview_of(study)}
    return render(request, "recruitment/overview.html", context)


@require_safe
@staff_who_may(LOOK)
def ledger_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Return every payment of a study as CSV; people under their pseudonyms."""
    study = find(request.user, Study.objects.all(), LOOK, slug=slug)
    return _csv(f"{study.slug}-ledger.csv", ledger_rows(study.postings.all()))


@require_safe
@staff_who_may(LOOK)
def raters_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Return what each rater of a study is owed and was paid as CSV; people under their pseudonyms."""
    study = find(request.user, Study.objects.all(), LOOK, slug=slug)
    return _csv(f"{study.slug}-raters.csv", rater_rows(study.postings.order_by("pk")))


def _csv(name: str, rows: Iterable[tuple[str, ...]]) -> HttpResponseBase:
    lines = iter(rows)
    disposition = f'attachment; filename="{name}"'
    return StreamingHttpResponse(
        csv_lines(next(lines), lines), content_type="text/csv", headers={"Content-Disposition": disposition}
    )


@require_safe
@staff_who_may(LOOK)
def money(request: HttpRequest) -> HttpResponse:
    """Show what every study has cost that one may look at, and all of them together."""
    lines, totals = ledger.sums_of(visible(request.user, Posting.objects.all(), LOOK))
    return render(request, "recruitment/money.html", {"lines": lines, "totals": totals})


# --- postings -------------------------------------------------------------------------------------------


@staff_who_may(PUBLISH)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what publishing will cost, then publish."""
    posting = _posting(request, pk, PUBLISH)
    cost = publishing.estimate(posting)
    question = Question(
        title=_("Publish “%(study)s” on %(panel)s?") % _names(posting),
        button=_("Publish for %(total)s %(currency)s") % {"total": cost.total, "currency": cost.currency},
        done=_("It is being published."),
        facts=[*_facts(cost), *_prospects(posting)],
        warnings=[text for text in _warnings(posting) if text],
        problems=publishing.problems_of(posting),
    )
    return ask_then(
        request,
        study=posting.study,
        question=question,
        form=HiddenTotalForm(request.POST or None, initial={"total": cost.total}),
        act=lambda form: publishing.publish(
            posting, confirmed=form.cleaned_data["total"], user=user_of(request)
        ),
    )


@staff_who_may(HALT)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then pause."""
    return _move(request, pk, IntentKind.PAUSE, _("Pause"))


@staff_who_may(PUBLISH)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then go on."""
    return _move(request, pk, IntentKind.RESUME, _("Go on"))


@staff_who_may(HALT)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take nobody more."""
    return _move(request, pk, IntentKind.STOP, _("Stop for good"), danger=True)


@staff_who_may(PUBLISH)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete at the panel."""
    return _move(request, pk, IntentKind.REMOVE, _("Delete at the panel"), danger=True)


def _move(
    request: HttpRequest, pk: int, kind: IntentKind, button: str, *, danger: bool = False
) -> HttpResponse:
    posting = _posting(request, pk, permission_for(kind))
    question = Question(
        title=f"{button}: {posting}?", button=button, done=_("The panel is being told."), danger=danger
    )
    return ask_then(
        request,
        study=posting.study,
        question=question,
        act=lambda _form: publishing.move(posting, kind, user_of(request)),
    )


@staff_who_may(PUBLISH)
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what ``?places=`` in all will cost, then ask the panel for them."""
    posting = _posting(request, pk, PUBLISH)
    places = _number(request.POST.get("places") or request.GET.get("places", ""), posting.places)
    cost = publishing.estimate(posting, max(0, places - posting.places))
    question = Question(
        title=_("More places for “%(study)s” on %(panel)s") % _names(posting),
        button=_("Add places for %(total)s %(currency)s") % {"total": cost.total, "currency": cost.currency},
        done=_("The panel is being asked for more places."),
        facts=[(_("Places in all"), str(places)), *_facts(cost)],
        problems=[] if cost.places else [_("Give more places than there are.")],
    )
    return ask_then(
        request,
        study=posting.study,
        question=question,
        form=PlacesForm(request.POST or None, initial={"places": places, "total": cost.total}),
        act=lambda form: publishing.extend(
            posting,
            places=form.cleaned_data["places"],
            confirmed=form.cleaned_data["total"],
            user=user_of(request),
        ),
    )


@require_POST
@staff_who_may(LOOK)
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a look at the panel now."""
    posting = _posting(request, pk, LOOK)
    look_soon(posting, f"asked {timezone.now():%Y%m%d%H%M%S}")
    messages.info(request, _("The panel is being asked; load this page again in a moment."))
    return redirect("recruitment:overview", slug=posting.study.slug)


# --- decisions and money --------------------------------------------------------------------------------


@staff_who_may(PAY)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Show whom and what approving will pay, then approve all that finished and wait."""
    posting = _posting(request, pk, PAY)
    waiting = payments.finished_and_waiting(posting).count()
    cost = publishing.estimate(posting, waiting)
    question = Question(
        title=_("Approve and pay on %(panel)s?") % _names(posting),
        button=_("Approve %(count)s and pay %(total)s %(currency)s")
        % {"count": waiting, "total": cost.total, "currency": cost.currency},
        done=_("They are being approved."),
        facts=_facts(cost),
        problems=[] if waiting else [_("Nobody who finished waits for a decision.")],
    )

    def act(form: forms.Form) -> None:
        payments.approve_finished(posting, confirmed=form.cleaned_data["total"], user=user_of(request))

    form = HiddenTotalForm(request.POST or None, initial={"total": cost.total})
    return ask_then(request, study=posting.study, question=question, form=form, act=act)


@staff_who_may(PAY)
def approve_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what it pays, then approve one submission, whether its session was finished or not."""
    submission = _submission(request, pk, PAY)
    cost = publishing.estimate(submission.posting, 1)
    question = Question(
        title=_("Approve submission %(id)s?") % {"id": submission.external_id},
        button=_("Approve and pay %(total)s %(currency)s") % {"total": cost.total, "currency": cost.currency},
        done=_("It is being approved."),
        facts=_facts(cost),
        warnings=[
            _("Whether the answers count in an analysis is another decision, made by the study's rules.")
        ],
    )
    return ask_then(
        request,
        study=submission.posting.study,
        question=question,
        act=lambda _form: payments.approve(submission, user_of(request)),
    )


@staff_who_may(PAY)
def top_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the bonuses that would bring everybody to the target wage, then pay them."""
    posting = _posting(request, pk, PAY)
    amounts = ledger.suggest_top_ups(posting)
    question = _bonus_question(posting, amounts, _("Top up to %(wage)s %(currency)s an hour?"))

    def act(form: forms.Form) -> None:
        with transaction.atomic():
            ledger.lock_budget(posting)  # of two people at once the second sees what the first pays
            due = ledger.suggest_top_ups(posting)
            _same_total(form, ledger.cost_of_bonuses(posting, due.values()))
            _pay(request, posting, due, form)

    initial = {
        "total": ledger.cost_of_bonuses(posting, amounts.values()),
        "confirmation": secrets.token_hex(8),
    }
    form = HiddenTotalForm(request.POST or None, initial=initial)
    return ask_then(request, study=posting.study, question=question, form=form, act=act)


@staff_who_may(PAY)
def bonus(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for an amount and a reason, then pay one person a bonus."""
    submission = _submission(request, pk, PAY)
    posting = submission.posting
    question = Question(
        title=_("Pay a bonus to submission %(id)s?") % {"id": submission.external_id},
        button=_("Pay the bonus"),
        done=_("The bonus is being paid."),
        facts=[(_("Currency"), posting.currency)],
    )
    initial = {"confirmation": secrets.token_hex(8)}
    return ask_then(
        request,
        study=posting.study,
        question=question,
        form=BonusForm(request.POST or None, initial=initial),
        act=lambda form: _pay(request, posting, {submission.pk: form.cleaned_data["amount"]}, form),
    )


def _pay(request: HttpRequest, posting: Posting, amounts: dict[int, Decimal], form: forms.Form) -> None:
    payments.pay_bonuses(
        posting=posting,
        amounts=amounts,
        reason=form.cleaned_data.get("reason", ""),
        confirmation=form.cleaned_data["confirmation"],
        user=user_of(request),
    )


def _bonus_question(posting: Posting, amounts: dict[int, Decimal], title: str) -> Question:
    rewards = sum(amounts.values(), ledger.ZERO)
    total = ledger.cost_of_bonuses(posting, amounts.values())
    money = {"currency": posting.currency, "wage": posting.target_wage, "total": total}
    return Question(
        title=title % money,
        button=_("Pay %(total)s %(currency)s") % money,
        done=_("The bonuses are being paid."),
        facts=[
            (_("People"), str(len(amounts))),
            (_("Bonuses"), f"{rewards} {posting.currency}"),
            (_("Fees"), f"{total - rewards} {posting.currency}"),
            (_("Total"), f"{total} {posting.currency}"),
        ],
        problems=[] if amounts else [_("Everybody has reached the target wage, or a bonus is on its way.")],
    )


@staff_who_may(PAY)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the rule and the words to the person, then reject."""
    submission = _submission(request, pk, PAY)
    recruiter = recruiters.get(submission.posting.panel)
    question = Question(
        title=_("Reject submission %(id)s?") % {"id": submission.external_id},
        button=_("Reject"),
        done=_("It is being rejected."),
        warnings=[
            _(
                "The person is not paid, and it counts against them. Leaving answers out of an analysis "
                "is another decision and needs no rejection."
            )
        ],
        danger=True,
    )
    return ask_then(
        request,
        study=submission.posting.study,
        question=question,
        form=RejectionForm(request.POST or None, rules=recruiter.rejection_rules),
        act=lambda form: payments.reject(submission, user=user_of(request), **form.cleaned_data),
    )


@staff_who_may(PAY)
def overturn(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then approve what was rejected."""
    submission = _submission(request, pk, PAY)
    cost = publishing.estimate(submission.posting, 1)
    question = Question(
        title=_("Approve submission %(id)s after all?") % {"id": submission.external_id},
        button=_("Approve and pay"),
        done=_("It is being approved."),
        facts=_facts(cost),
    )
    return ask_then(
        request,
        study=submission.posting.study,
        question=question,
        act=lambda _form: payments.overturn(submission, user_of(request)),
    )


@staff_who_may(EXCLUDE)
def block(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then keep a person out of later postings."""
    submission = _submission(request, pk, EXCLUDE)
    group = str(submission.posting.options.get("group", ""))
    question = Question(
        title=_("Keep the person of submission %(id)s out of repeats?") % {"id": submission.external_id},
        button=_("Keep out"),
        done=_("The panel is being told."),
        problems=[] if group else [_("This posting names no group: put one into its options as “group”.")],
    )
    return ask_then(
        request,
        study=submission.posting.study,
        question=question,
        act=lambda _form: payments.block(submission, group=group, user=user_of(request)),
    )


@staff_who_may(PAY)
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a person's word on a call whose outcome nobody knew."""
    intent = find(request.user, _INTENTS, PAY, pk=pk)
    question = Question(
        title=_("Was this done: %(kind)s?") % {"kind": intent.get_kind_display()},
        button=_("That is how it is"),
        done=_("Noted."),
        facts=[(_("Our mark"), intent.annotation), (_("Sent"), f"{intent.sent_at:%Y-%m-%d %H:%M} UTC")]
        if intent.sent_at
        else [],
        warnings=[intent.problem] if intent.problem else [],
    )
    return ask_then(
        request,
        study=intent.posting.study,
        question=question,
        form=ResolveForm(request.POST or None),
        act=lambda form: resolve_unclear(
            intent=intent, was_done=form.cleaned_data["was_done"] == "yes", user=user_of(request)
        ),
    )


@staff_who_may(LOOK)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then let a call that was given up be tried again, by those who may ask for such a call."""
    intent = find(request.user, _INTENTS, LOOK, pk=pk)
    if not may(request.user, permission_for(intent.kind), intent):
        raise PermissionDenied
    question = Question(
        title=_("Try again: %(kind)s?") % {"kind": intent.get_kind_display()},
        button=_("Try again"),
        done=_("It is being tried again."),
        facts=[(_("Asked for"), f"{intent.created_at:%Y-%m-%d %H:%M} UTC")],
    )
    return ask_then(
        request,
        study=intent.posting.study,
        question=question,
        act=lambda _form: try_again(intent, user_of(request)),
    )


# --- shared ---------------------------------------------------------------------------------------------


_POSTINGS = Posting.objects.select_related("study")
_SUBMISSIONS = Submission.objects.select_related("posting__study")
_INTENTS = Intent.objects.select_related("posting__study")


def _posting(request: HttpRequest, pk: int, permission: str) -> Posting:
    return find(request.user, _POSTINGS, permission, pk=pk)


def _submission(request: HttpRequest, pk: int, permission: str) -> Submission:
    return find(request.user, _SUBMISSIONS, permission, pk=pk)


def _number(text: str, otherwise: int) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) < 7
    return int(text) if is_number else otherwise


def _names(posting: Posting) -> dict[str, str]:
    return {"study": str(posting.study), "panel": recruiters.get(posting.panel).title}


def _facts(cost: publishing.Estimate) -> list[tuple[str, str]]:
    return [
        (_("People"), str(cost.places)),
        (_("Rewards"), f"{cost.rewards} {cost.currency}"),
        (_("Fees"), f"{cost.fees} {cost.currency}"),
        (_("Total"), f"{cost.total} {cost.currency}"),
    ]


def _prospects(posting: Posting) -> list[tuple[str, str]]:
    """Return what an hour will pay if a session takes as long as expected, and what the budget leaves."""
    hourly = publishing.expected_wage(posting)
    left = ledger.budget_left(posting)
    budget = [] if left is None else [(_("Budget left before"), f"{left} {posting.currency}")]
    return [(_("An hour would pay"), f"{hourly} {posting.currency}"), *budget]


def _warnings(posting: Posting) -> list[str]:
    underpaid = _("An hour would pay less than the target of %(target)s %(currency)s.") % {
        "target": posting.target_wage,
        "currency": posting.currency,
    }
    return [
        str(recruiters.get(posting.panel).notice),
        underpaid if publishing.expected_wage(posting) < posting.target_wage else "",
        ledger.budget_warning(posting),
    ]


def _same_total(form: forms.Form, total: Decimal) -> None:
    ledger.check_confirmed(form.cleaned_data["total"], total)
