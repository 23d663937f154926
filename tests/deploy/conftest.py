"""The manifests as kustomize builds them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.compose import ROOT
from tests.deploy.manifests import KUBERNETES, Manifest
from tests.needs import missing

OVERLAYS = ("small", "large")


@pytest.fixture(scope="module", params=OVERLAYS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an overlay in a copy of the manifests, with secrets made for it."""
    copy = tmp_path_factory.mktemp("deploy") / "kubernetes"
    shutil.copytree(KUBERNETES, copy, ignore=shutil.ignore_patterns("secrets"))
    shutil.copytree(ROOT / "deploy" / "proxy", copy.parent / "proxy")
    command = [sys.executable, "deploy/make_secrets.py", "--folder", copy / request.param / "secrets"]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return copy / request.param


@pytest.fixture(scope="module")
def manifests(folder: Path) -> list[Manifest]:
    """Give what kustomize makes of the overlay."""
    return built(folder)


def built(folder: Path) -> list[Manifest]:
    """Return what kustomize makes of a folder."""
    if shutil.which("kubectl") is None:
        missing("kubectl, which brings kustomize, is not installed on this machine")
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))
