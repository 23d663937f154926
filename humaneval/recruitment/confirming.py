"""Asking before money or people are moved: a page that says what will happen, and a button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise

from humaneval.studies.models import Study


@dataclass(frozen=True)
class Question:
    """What the page says: facts as rows of label and value, warnings as sentences."""

    title: str | Promise
    button: str | Promise
    done: str | Promise
    facts: Sequence[tuple[str | Promise, str]] = ()
    warnings: Sequence[str | Promise] = ()
    problems: Sequence[str | Promise] = ()
    danger: bool = False


def ask_then(
    request: HttpRequest,
    *,
    study: Study,
    question: Question,
    act: Callable[[forms.Form], object],
    form: forms.Form | None = None,
) -> HttpResponse:
    """Show the question; when it is answered, act, say so and go back to the study's recruitment.

    What ``act`` refuses by ValidationError is shown with the question.
    """
    form = form or forms.Form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            act(form)
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, str(question.done))
            return HttpResponseRedirect(reverse("recruitment:overview", args=[study.slug]))
    status = 200 if request.method == "GET" else 409
    context = {"study": study, "question": question, "form": form}
    return render(request, "recruitment/confirm.html", context, status=status)


def _add_errors(form: forms.Form, error: ValidationError) -> None:
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields and name != NON_FIELD_ERRORS else None, errors)
