"""An image knows which commit it was built from: reports, bundles and backups name it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from humaneval.reports import version
from tests.deploy.compose import CONTAINERFILE, ROOT, services

COMMIT = "1a2b3c4d5e6f708192a3b4c5d6e7f80912233445"


def step() -> str:
    """Return the Containerfile's command that keeps the commit."""
    text = CONTAINERFILE.read_text().replace("\\\n", " ")
    (command,) = re.findall(r"^ARG COMMIT\nRUN (.+)$", text, re.MULTILINE)
    return command


def build(folder: Path, commit: str) -> subprocess.CompletedProcess[str]:
    """Run that command as the image's build does."""
    environment = {"PATH": "/usr/bin:/bin", "COMMIT": commit}
    return subprocess.run(
        ["/bin/sh", "-c", step()], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder that stands for an image's, without .git."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(version, "_ROOT", tmp_path)
    version.code_version.cache_clear()
    yield tmp_path
    version.code_version.cache_clear()


def test_code_in_an_image_names_the_commit_that_it_was_built_from(image: Path) -> None:
    assert build(image, COMMIT).returncode == 0
    assert version.code_version().endswith("+g1a2b3c4d5e6f")


@pytest.mark.parametrize("commit", ["", "main", COMMIT[:12]])
def test_no_image_is_built_without_its_commit(image: Path, commit: str) -> None:
    done = build(image, commit)
    assert done.returncode == 1
    assert "--build-arg COMMIT=$(git rev-parse HEAD)" in done.stderr
    assert not (image / "COMMIT").exists()


def test_compose_hands_the_commit_to_every_build() -> None:
    builds = [one["build"] for one in services().values() if "build" in one]
    assert {one["target"] for one in builds} >= {"server", "metrics", "keeping"}
    assert all(one["args"] == {"COMMIT": "${COMMIT:-}"} for one in builds)
    laid_over = yaml.safe_load((ROOT / "deploy" / "cuda.yaml").read_text())["services"]
    assert laid_over["metrics"]["build"] == {"target": "metrics-cuda"}, (
        "the rest of the build is the first file's"
    )
