"""What the settings promise browsers on the operator's behalf."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.parametrize(("asked", "preload"), [({}, False), ({"HSTS_PRELOAD": "true"}, True)])
def test_browsers_lists_are_entered_only_when_the_operator_asks(asked, preload, tmp_path):
    environment = os.environ | {
        "PUBLIC_URL": "https://lab.example", "DATA_DIR": str(tmp_path), "ENV_FILE": os.devnull
    } | asked  # fmt: skip
    asking = (
        "from humaneval.config import settings as s; print(s.SECURE_HSTS_SECONDS > 0, s.SECURE_HSTS_PRELOAD)"
    )
    told = subprocess.run(
        [sys.executable, "-c", asking],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["True", str(preload)]
