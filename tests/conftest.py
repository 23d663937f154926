"""Fixtures that every part's tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["tests.jobs.fixtures"]


TOGETHER = ("tests/browser/", "tests/demo/test_demo_command.py", "tests/keeping/test_drill.py")
"""Modules whose tests share what is dear to start: each is run by one worker, as one piece."""


DATABASES = {"db", "transactional_db", "live_server", "databases", "django_db_setup"}
"""Fixtures that give a test a database."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that touch the database of the settings."""
    for item in items:
        if item.get_closest_marker("django_db") or DATABASES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out tests one by one, but the modules of ``TOGETHER`` whole, in the order of their names."""
    from xdist.scheduler import LoadScopeScheduling

    class ByModule(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.split("::")[0] if nodeid.startswith(TOGETHER) else nodeid

    config.option.loadscopereorder = False
    return ByModule(config, log)


@pytest.fixture(autouse=True)
def _storage_in_a_temporary_folder(settings, tmp_path: Path) -> None:
    """Give each test its own media folder, so that files never leak from one to the next."""
    settings.MEDIA_ROOT = tmp_path / "media"
