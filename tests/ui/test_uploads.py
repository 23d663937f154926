"""An upload ends at the limit, whatever it says of its size."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from humaneval.ui.uploads import UploadLimit
from tests.factories import SampleSetFactory, UserFactory


@pytest.mark.django_db
def test_an_upload_above_the_limit_is_refused(client: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    client.force_login(UserFactory())
    address = f"/api/v1/sample-sets/{SampleSetFactory().slug}/imports/"
    answer = client.post(address, {"archive": SimpleUploadedFile("a.zip", b"x" * 2000)})
    assert answer.status_code in {400, 413}
    assert client.post(address, {"archive": SimpleUploadedFile("a.zip", b"x")}).status_code == 400


def test_bytes_are_counted_as_they_come(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    limit = UploadLimit()
    limit.handle_raw_input(None, {}, 10, b"")
    assert limit.receive_data_chunk(b"x" * 600, 0) == b"x" * 600
    with pytest.raises(RequestDataTooBig):
        limit.receive_data_chunk(b"x" * 600, 600)
