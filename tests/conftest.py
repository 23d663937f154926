"""Fixtures that every part's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tests.jobs.fixtures"]


@pytest.fixture(autouse=True)
def _storage_in_a_temporary_folder(settings, tmp_path: Path) -> None:
    """Give each test its own media folder, so that files never leak from one to the next."""
    settings.MEDIA_ROOT = tmp_path / "media"
