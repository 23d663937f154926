"""The numbers of a fixed bundle, whatever changes in the code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.font_manager
import pytest

from humaneval.reports.pages import render_body
from humaneval.workspace.bundles.archive import Bundle
from humaneval.workspace.bundles.rebuilding import rebuild

GOLDEN = Path(__file__).with_name("golden.zip")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def rebuilt():
    """Give the report of the fixed bundle, built once."""
    return rebuild(Bundle(GOLDEN))


def test_no_number_of_it_has_moved(rebuilt):
    assert rebuilt.differences == []


def test_its_headline_is_written_down_here(rebuilt):
    headline = [one for one in rebuilt.report.estimates if one.headline]
    assert [(one.label, one.votes) for one in headline] == [("good", 72), ("=middling", 72), ("poor", 60)]
    assert [one.estimate for one in headline] == pytest.approx([47 / 72, 34 / 72, 4 / 60])
    ends = [(one.interval.low, one.interval.high) for one in headline]
    assert [end for pair in ends for end in pair] == pytest.approx(
        [0.52341129464, 0.76293344058, 0.29672570261, 0.65486364760, 0.01079003519, 0.31868293932]
    )
    assert rebuilt.report.agreement[0].estimate == pytest.approx(0.24284366153)
    assert rebuilt.report.correlations[0].coefficients[0].estimate == pytest.approx(-0.98819099437)


def test_page_and_methods_name_how_images_were_compared(rebuilt):
    method = "two-way jackknife by rater (12 one by one) and sample (14 one by one), seed 0"
    page = render_body(rebuilt.report)
    assert method in page
    assert "P-values after Holm over this table decide the words." in page
    methods = " ".join(rebuilt.report.methods)
    assert f"Image by image: correlations over samples (mean answer against value), {method}" in methods
    assert "not between images" not in methods
    assert "those between single images are told apart below" in methods


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `humaneval analyze` in a folder, with nothing in the environment that tells of a platform.

    Its home has this process's list of fonts: Matplotlib makes one where there is none, and says so if that
    takes more than five seconds.
    """
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder.parent)}
    environment["MPLCONFIGDIR"] = matplotlib.get_cachedir()
    return subprocess.run(
        [sys.executable, "-m", "humaneval.workspace.console", "analyze", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_an_empty_folder_without_a_database_is_all_it_takes(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    before = sorted(ROOT.glob("var/*"))
    done = analyze(folder, str(GOLDEN), "--out", "rebuilt", "--protocol", "pairwise")
    assert done.returncode == 0, done.stderr
    assert "Every file is what the manifest says." in done.stdout
    assert "it agrees with report/report.json, all" in done.stdout
    assert done.stderr == "options not used: --protocol (a bundle says it all itself)\n"
    assert [path.name for path in folder.iterdir()] == ["rebuilt"]
    names = {path.name for path in (folder / "rebuilt").iterdir()}
    assert {"report.html", "report.json", "estimates.csv"} <= names
    assert sorted(ROOT.glob("var/*")) == before


def test_a_changed_bundle_ends_with_its_reason_and_status_1(tmp_path):
    broken = tmp_path / "broken.zip"
    content = GOLDEN.read_bytes()
    broken.write_bytes(content[: len(content) - 100])
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    done = analyze(folder, str(broken))
    assert done.returncode == 1
    assert "The bundle is refused." in done.stderr
    assert "Traceback" not in done.stderr
