"""Which Content Security Policy a page gets.

Every page has the strict policy of ``settings.CONTENT_SECURITY_POLICY``: own scripts and styles from
files, nothing inline, nothing from elsewhere. The admin alone gets a looser one, since its theme needs it:

* ``script-src 'unsafe-eval'``: Alpine.js compiles the expressions of ``x-data`` and ``x-on`` attributes;
* ``style-src 'unsafe-inline'``: the theme's colours stand in a ``<style>`` element, htmx and Alpine set
  ``style`` attributes;
* ``frame-src 'self'``: a study's preview may stand in a frame of its admin page.

Pages that others may show in a frame say so by :func:`let_frame`.

No host other than this one is ever allowed, and inline scripts stay forbidden in the admin too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt

ADMIN_SOURCES = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
    "frame-src": [SELF],
    "object-src": [NONE],
}
"""The directives in which the admin differs from every other page."""


def let_frame(
    request: HttpRequest, response: HttpResponseBase, *, ancestors: Sequence[str]
) -> HttpResponseBase:
    """Return the response, which sites in ``ancestors`` (CSP sources) may now show in a frame.

    X-Frame-Options knows no list of sites, so it gives way to the policy's ``frame-ancestors``.
    """

    def answer(_request: HttpRequest) -> HttpResponseBase:
        return response

    framed = csp_replace({"frame-ancestors": list(ancestors)})(answer)
    return xframe_options_exempt(framed)(request)


class AdminPolicyMiddleware:
    """Gives pages under the admin their own policy; stands after ``CSPMiddleware``, which writes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.strict = get_response
        self.loose = csp_replace(ADMIN_SOURCES)(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response, marked with the admin's policy where the address is the admin's."""
        in_admin = request.path_info.startswith(reverse("admin:index"))
        return (self.loose if in_admin else self.strict)(request)


class PrivatePagesMiddleware:
    """Keeps what was made for somebody out of caches that others share, a CDN's say.

    Whoever came with a session or a key gets answers that only their own browser may keep, and that it asks
    about anew before it shows them again; views that say something of their own, as stimuli do, have it so.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response, marked private where somebody is known by what they sent."""
        response = self.get_response(request)
        is_known = settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
        if is_known and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-cache"
        return response
