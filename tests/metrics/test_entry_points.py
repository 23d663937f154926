"""A package that pip has installed adds a metric and an extractor, which the command line then uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CODE = '''
"""A metric and a network of some lab's own."""
from metrics.registry import Metric, ScoreKind

WORDS = {"white": [1.0, 1.0, 1.0], "red": [1.0, 0.0, 0.0]}
BRIGHTNESS = Metric(
    "brightness", "Brightness", "the mean feature", frozenset({"features"}),
    (ScoreKind("brightness", "Brightness", None),), "tiny_lab:brightness", needs_real=False,
)

def brightness(comparison, settings):
    return [comparison.score("brightness", "Brightness", None, float(comparison.generated.mean()))]

def load(argument, *, device, precision):
    import torch
    from metrics.extractors.base import Description, Extractor
    from metrics.images.preprocessing import preprocessing_named

    side = int(argument)
    description = Description(
        f"lab:{argument}", "lab", "1", "", (side, side), 3, "bilinear", "unit", precision, 3, 0
    )
    return Extractor(
        description, lambda batch: (batch.mean(dim=(2, 3)), None), preprocessing_named("unit"),
        device=device, batch_size=8,
        texts=lambda prompts: torch.tensor([WORDS[text] for text in prompts]),
    )
'''
ENTRY_POINTS = """
[humaneval_metrics.metrics]
brightness = tiny_lab:BRIGHTNESS

[humaneval_metrics.extractors]
lab = tiny_lab:load
"""
METADATA = "Metadata-Version: 2.1\nName: tiny-lab\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the package tiny-lab."""
    root = tmp_path_factory.mktemp("lab")
    files = {"tiny_lab.py": CODE, "tiny_lab-1.0.dist-info/METADATA": METADATA}
    files |= {"tiny_lab-1.0.dist-info/WHEEL": WHEEL, "tiny_lab-1.0.dist-info/entry_points.txt": ENTRY_POINTS}
    with zipfile.ZipFile(root / "tiny_lab-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
        wheel.writestr("tiny_lab-1.0.dist-info/RECORD", "".join(f"{name},,\n" for name in files))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*command, "--target", root / "site", *root.glob("*.whl")], check=True)
    return root / "site"


def run(installed: Path, *arguments: str) -> str:
    """Return what ``python -m metrics`` prints in a process that sees the installed package."""
    project = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": f"{project}{os.pathsep}{installed}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "metrics", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_they_are_listed(installed):
    found = json.loads(run(installed, "list", "--json"))
    assert "brightness" in [metric["name"] for metric in found["metrics"]]
    assert found["extractors"]["lab"] == "added by an installed package"


def test_they_are_used_by_name_a_text_tower_of_their_own_included(installed, tmp_path):
    for name, value in (("real", 0), ("fake", 51)):
        (tmp_path / name).mkdir()
        for index in range(4):
            Image.fromarray(np.full((8, 8, 3), value, np.uint8)).save(tmp_path / name / f"{index}.png")
    (tmp_path / "fake" / "prompts.csv").write_text("name,prompt\n0.png,white\n1.png,red\n")
    run(
        installed, "compare", str(tmp_path / "real"), str(tmp_path / "fake"), "--extractor", "lab:8",
        "--metrics", "brightness,clip_score", "--json", str(tmp_path / "out.json"), "--no-cache",
    )  # fmt: skip
    scores = {score["metric"]: score for score in json.loads((tmp_path / "out.json").read_text())["scores"]}
    assert scores["brightness"]["value"] == pytest.approx(0.2)
    assert scores["brightness"]["label"] == "Brightness (lab)"
    assert scores["clip_score"]["value"] == pytest.approx((100 + 100 / 3**0.5) / 2)
