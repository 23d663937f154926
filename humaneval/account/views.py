"""Signing in, in one step or two, and the page where a person looks after the second factor."""

from __future__ import annotations

import time
from typing import Any, cast

import segno
from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.admin import site
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.forms import AuthenticationForm

from humaneval.account import factors, guarding
from humaneval.account.forms import TokenForm
from humaneval.teams.audit import record_action

settings: Any = django_settings
_HALF = "half_signed_in"
_SECONDS = 600
"""How long a password lasts without its second step."""


class SignIn(LoginView):
    """The admin's sign-in; who has a second factor goes on to it before anything opens."""

    template_name = "admin/login.html"
    authentication_form = AuthenticationForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the admin's sign-in page shows."""
        context = {
            **site.each_context(self.request),
            "title": _("Sign in"),
            "app_path": self.request.get_full_path(),
        }
        return {**super().get_context_data(**kwargs), **context}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check name and password, unless too many were tried: a check is dear, and a refusal is not."""
        if wait := guarding.seconds_to_wait(request):
            return _closed(request, "address", minutes=-(-wait // 60))
        if guarding.is_name_closed(request, request.POST.get("username", "")):
            return _closed(request, "name", minutes=_lock_minutes())
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in, or keep in mind who has given a right password and ask for the second step."""
        user = form.get_user()
        if not (factors.has_factor(user) or must_have_factor(user)):
            response = super().form_valid(form)
            guarding.mark_browser(self.request, response, user.get_username())
            return response
        self.request.session.cycle_key()
        self.request.session[_HALF] = {
            "user": user.pk,
            "password": user.get_session_auth_hash(),
            "at": time.time(),
            "next": self.get_success_url(),
        }
        return redirect("account:second-step" if factors.has_factor(user) else "account:first-enrolment")


def must_have_factor(user: User) -> bool:
    """Return whether the operator asks a person for a second factor."""
    return factors.is_asked_of_staff() and user.is_staff


@never_cache
@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for the code, then sign in."""
    user = _half_signed_in(request)
    if user is None or not factors.has_factor(user):
        return redirect("admin:login")
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if factors.is_right(user, form.cleaned_data["token"]):
            return _enter(request, user)
        form.add_error("token", _wrong())
    return render(request, "account/second_step.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_enrolment(request: HttpRequest) -> HttpResponse:
    """Set a second factor up before the first sign-in, where the operator asks for one."""
    user = _half_signed_in(request)
    if user is None or factors.has_factor(user):
        return redirect("admin:login")
    answer, codes = _enrol(request, user)
    if codes is None:
        return answer
    _enter(request, user)
    response = _show_codes(request, codes)
    guarding.mark_browser(request, response, user.get_username())
    return response


@never_cache
@staff_member_required
def security(request: HttpRequest) -> HttpResponse:
    """Show whether there is a second factor, and what can be done about it."""
    user = _user(request)
    has = factors.has_factor(user)
    context = {"has_factor": has, "left": factors.codes_left(user), "required": must_have_factor(user)}
    return render(request, "account/security.html", context)


@never_cache
@staff_member_required
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Show the QR code; a right code from the app switches the second factor on."""
    if factors.has_factor(_user(request)):
        return redirect("account:security")
    answer, codes = _enrol(request, _user(request))
    if codes is None:
        return answer
    factors.note_passed(request)
    return _show_codes(request, codes)


@require_POST
@staff_member_required
def new_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, for who gives a code of the app."""
    user = _user(request)
    if not factors.is_right(user, request.POST.get("token", "")):
        messages.error(request, _wrong())
        return redirect("account:security")
    return _show_codes(request, factors.renew_codes(user))


@require_POST
@staff_member_required
def remove(request: HttpRequest) -> HttpResponse:
    """Switch the second factor off, for who gives a code of it."""
    user = _user(request)
    if must_have_factor(user):
        raise PermissionDenied
    if factors.is_right(user, request.POST.get("token", "")):
        factors.remove(user, by=user)
        messages.success(request, _("You now sign in with your password alone."))
    else:
        messages.error(request, _wrong())
    return redirect("account:security")


@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """Let a person change their own password, and note that they did."""
    response = site.password_change(request)
    if request.method == "POST" and response.status_code == 302:
        record_action(action="change own password", subject=_user(request), user=_user(request))
    return response


def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Say that there were too many wrong passwords, and when to try again."""
    return _closed(request, "name from here", minutes=_lock_minutes())


def _closed(request: HttpRequest, what: str, *, minutes: int) -> HttpResponse:
    return render(request, "account/locked.html", {"what": what, "minutes": minutes}, status=429)


def _lock_minutes() -> int:
    return int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)


def _half_signed_in(request: HttpRequest) -> User | None:
    half = request.session.get(_HALF)
    if not half or time.time() - half["at"] > _SECONDS:
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return user if user and user.get_session_auth_hash() == half["password"] else None


def _enter(request: HttpRequest, user: User) -> HttpResponse:
    after = request.session.pop(_HALF)["next"]
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    factors.note_passed(request)
    safe = url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(after if safe else reverse("admin:index"))
    guarding.mark_browser(request, response, user.get_username())
    return response


def _enrol(request: HttpRequest, user: User) -> tuple[HttpResponse, list[str] | None]:
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = factors.confirm(user, form.cleaned_data["token"].replace(" ", ""))
        if codes is not None:
            return HttpResponse(), codes
        form.add_error("token", _wrong())
    device = factors.pending_device(user)
    context = {"form": form, "picture": _qr(device), "key": _grouped(device)}
    return render(request, "account/enrol.html", context, status=400 if form.errors else 200), None


def _qr(device: TOTPDevice) -> str:
    """Return the device's address as an SVG element, black on white in dark mode too."""
    code = segno.make(device.config_url, error="m", micro=False)
    drawn = code.svg_inline(border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True)
    drawn = drawn.replace("<svg ", '<svg width="290" ', 1)  # with its viewBox it shrinks on a phone
    return mark_safe(drawn)  # noqa: S308 (drawn here, from our own text)


def _grouped(device: TOTPDevice) -> str:
    """Return the key in base32 in groups of four, to be typed where no camera is at hand."""
    from base64 import b32encode

    key = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    response = render(request, "account/codes.html", {"codes": codes})
    response["Cache-Control"] = "no-store"
    return response


def _wrong() -> str:
    return _("This code is not right, or was used before. After a wrong one, wait a little before the next.")


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)
