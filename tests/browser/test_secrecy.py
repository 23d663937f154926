"""Nothing that a rater's browser receives tells what an image is or where it came from."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.browser.recording import Recording
from tests.browser.site import ASSIGNMENTS, FILE_STEM, SET_NAMES, STUDIES, Site

SECRETS = (*{name.split()[0].lower() for name in SET_NAMES}, FILE_STEM, "condition", "is_repeat", "sample")


@pytest.mark.parametrize("study", STUDIES)
def test_no_response_names_a_set_or_a_file(study: str, recordings: Callable[[str], Recording]) -> None:
    replies = recordings(study).replies
    assert len(replies) > 20
    for reply in replies:
        headers = " ".join(f"{name}: {value}" for name, value in reply.headers.items())
        body = (
            "" if "/static/" in reply.url else reply.body.decode("latin-1")
        )  # our scripts may speak of samples
        text = f"{reply.url} {headers} {body}".lower()
        found = [secret for secret in SECRETS if secret in text]
        assert not found, f"{found} in the response of {reply.url}"


def test_image_responses_differ_in_nothing_but_length(recordings: Callable[[str], Recording]) -> None:
    images = recordings("two_afc").images
    assert len(images) == 2 * ASSIGNMENTS
    assert all(re.fullmatch(r".*/i/[\w-]{22}\.webp", image.url) for image in images)
    own = ("content-length", "date", "x-request-id")  # the last is drawn anew for every answer
    kinds = {tuple(sorted((k, v) for k, v in image.headers.items() if k not in own)) for image in images}
    assert len(kinds) == 1


@pytest.mark.parametrize("study", STUDIES)
def test_a_session_sets_no_cookie_and_asks_nobody_else(
    study: str, recordings: Callable[[str], Recording], site: Site
) -> None:
    recording = recordings(study)
    assert recording.cookies == []
    assert all("set-cookie" not in reply.headers for reply in recording.replies)
    assert all(reply.url.startswith(f"{site.url}/") for reply in recording.replies)
