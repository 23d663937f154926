"""How much a browser or program may upload at once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class UploadLimit(FileUploadHandler):
    """Refuses an upload that says it is larger than UPLOAD_MAX_BYTES, or turns out to be."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        """Refuse by the size that the request gives; raises RequestDataTooBig, which is answered with 400."""
        self._received = 0
        if content_length > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig(f"Uploads may have at most {settings.UPLOAD_MAX_BYTES:,} bytes.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count what comes; raises RequestDataTooBig beyond the limit."""
        self._received += len(raw_data)
        if self._received > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig(f"Uploads may have at most {settings.UPLOAD_MAX_BYTES:,} bytes.")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that follow."""
        return None
