"""What a test needs of its machine: a person without it sees the test skipped, CI must not."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test with a reason; on a CI machine (``CI`` is set) fail it, so that no proof goes missing."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must run this test")
    pytest.skip(reason)
