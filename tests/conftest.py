"""Fixtures that every part's tests share."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache

# Every run tries the same examples, and no machine is too slow for one.
hypothesis.settings.register_profile(
    "alike",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("alike")

pytest_plugins = ["tests.jobs.fixtures"]


TOGETHER = (
    "tests/browser/",
    "tests/demo/test_demo_command.py",
    "tests/demo/test_digits_and_generators.py",
    "tests/demo/test_perception.py",
    "tests/deploy/test_kubernetes.py",
    "tests/deploy/test_kubernetes_network.py",
    "tests/keeping/test_drill.py",
    "tests/metrics/test_entry_points.py",
    "tests/metrics/test_evaluate.py",
    "tests/metrics/test_extractors.py",
    "tests/metrics/test_parity.py",
    "tests/monitoring/test_logs_and_traces.py",
    "tests/recruitment/test_notifications.py",
    "tests/workspace/bundles/test_golden_bundle.py",
)
"""Modules whose tests share what is dear to start: each is run by one worker, as one piece."""

RECORDED = tuple(
    f"tests/browser/test_{name}.py"
    for name in ("accessibility", "exposures", "player", "player_settings", "secrecy", "sessions", "weight")
)
"""Modules that look at the same recorded sessions."""

BUNDLED = ("tests/workspace/bundles/test_packing.py", "tests/workspace/bundles/test_refusing.py")
"""Modules whose tests look at copies of one bundle."""

ONE_PIECE = (RECORDED, BUNDLED, ("tests/faults/",))
"""Modules that share with each other what is dear to start: all are run by one worker."""

FIRST = (*RECORDED, "tests/demo/test_demo_command.py", "tests/faults/")
"""The longest pieces: begun last they would leave the other workers with nothing to do."""

DATABASES = {"db", "transactional_db", "live_server", "databases", "django_db_setup"}
"""Fixtures that give a test a database."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Mark the tests that touch the database of the settings; put long pieces first.

    Sessions that two workers would record are refused.
    """
    for item in items:
        if "recordings" in getattr(item, "fixturenames", ()) and not item.nodeid.startswith(RECORDED):
            raise pytest.UsageError(f"{item.nodeid} uses recordings: put its module into RECORDED")
        if item.get_closest_marker("django_db") or DATABASES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
    yield
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out tests one by one, but what is named above in pieces, in the order of their names."""
    from xdist.scheduler import LoadScopeScheduling

    class InPieces(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            for modules in ONE_PIECE:
                if nodeid.startswith(modules):
                    return modules[0]
            return nodeid.split("::")[0] if nodeid.startswith(TOGETHER) else nodeid

    config.option.loadscopereorder = False
    return InPieces(config, log)


@pytest.fixture(autouse=True)
def _storage_in_a_temporary_folder(settings, tmp_path: Path) -> None:
    """Give each test its own media folder, so that files never leak from one to the next."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Let each test begin with nothing cached or counted: throttles' counts last an hour, ids come again."""
    cache.clear()
