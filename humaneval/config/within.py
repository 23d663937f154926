"""What is asked from within, by pods' addresses and services' names: health and counts, whatever the Host.

A probe or Prometheus asks for ``10.1.2.3:8000`` or ``web:8000``, which are nobody's public names: no list
could hold them all. None of these answers makes an address from the host, and the counts ask for a token.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware


class HostMiddleware(CommonMiddleware):
    """Django's own, which refuses hosts that are not ours, but for addresses that are asked from within."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Refuse a foreign host, unless what is asked for needs neither TLS nor a name."""
        path = request.path_info.removeprefix("/")
        if any(re.search(pattern, path) for pattern in settings.SECURE_REDIRECT_EXEMPT):
            return None
        return super().process_request(request)
