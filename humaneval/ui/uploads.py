"""How much a browser or program may upload at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

STRANGERS_MAX_BYTES = 5 * 1024**2
"""What whoever is not signed-in staff may send in files: the check of a form's origin reads all of it."""
LARGE_AT_ONCE = 2
"""How many larger bodies each web process takes in at once: half of its threads."""


class UploadLimit(FileUploadHandler):
    """Refuses an upload that says it is larger than its sender may send, or turns out to be.

    Staff may send UPLOAD_MAX_BYTES. Forms are read before the page asks who is there, so others would fill
    the disk as well; they may send :data:`STRANGERS_MAX_BYTES`.
    """

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        """Refuse by the size that the request gives; raises RequestDataTooBig, which is answered with 400."""
        self._received = 0
        self._limit = self._of_sender()
        self._refuse_beyond(content_length)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count what comes; raises RequestDataTooBig beyond the limit."""
        self._received += len(raw_data)
        self._refuse_beyond(self._received)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that follow."""
        return None

    def _of_sender(self) -> int:
        """Return what the sender may send, as far as the request tells by now who it is."""
        user = getattr(self.request, "user", None)
        of_all = int(settings.UPLOAD_MAX_BYTES)
        return of_all if getattr(user, "is_staff", False) else min(STRANGERS_MAX_BYTES, of_all)

    def _refuse_beyond(self, size: int) -> None:
        if size > self._limit:
            raise RequestDataTooBig(f"Uploads may have at most {self._limit:,} bytes.")


class LargeUploads:
    """Lets some large bodies come in at once in each web process, so that others find a thread.

    Smaller ones a proxy waits for (deploy/proxy/Caddyfile); of these it passes on what comes as it comes, and
    a slow connection would hold a thread for hours. Whoever finds no place is told to come again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._places = threading.BoundedSemaphore(LARGE_AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; with 503 where the body is large and there is no place for it."""
        if _announced(request) <= STRANGERS_MAX_BYTES:
            return self._get_response(request)
        if not self._places.acquire(blocking=False):
            words = _("Other archives are arriving just now. Try again in a few minutes.")
            return HttpResponse(words, "text/plain", 503, headers={"Retry-After": "60"})
        try:
            return self._get_response(request)
        finally:
            self._places.release()


def _announced(request: HttpRequest) -> int:
    """Return how large the request says its body is; Django reads nothing of one that does not say it."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0
