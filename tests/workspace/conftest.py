"""Sample sets and studies for the workspace's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from humaneval.jobs import services, tasks


@pytest.fixture
def squares(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of folders of grey squares."""

    def make(name: str, *, count: int = 4, shade: int = 0) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for number in range(count):
            Image.new("L", (8, 8), shade + number).save(folder / f"{number}.png")
        return folder

    return make


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs run at once, in whatever submitted them, as if a worker were that quick."""
    monkeypatch.setattr(services, "wake", tasks.work)
    monkeypatch.setattr(tasks, "wake", lambda queue: None)
