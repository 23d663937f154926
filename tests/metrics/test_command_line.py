"""``python -m metrics``: what it prints and writes, and how it fails."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metrics import Features, read_statistics
from metrics.cli.main import main
from metrics.cli.progress import ProgressLine


@pytest.fixture
def folders(tmp_path, pictures) -> tuple[Path, Path]:
    for name, rows in (("real", pictures[:50]), ("fake", pictures[40:])):
        (tmp_path / name).mkdir()
        for index, picture in enumerate(rows):
            Image.fromarray(picture).save(tmp_path / name / f"{index:03d}.png")
    return tmp_path / "real", tmp_path / "fake"


@pytest.fixture
def network(own_file, tmp_path) -> list[str]:
    return ["--extractor", f"module:{own_file}", "--cache", str(tmp_path / "cache"), "--device", "cpu"]


def test_help_and_list_need_nothing(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert "compare" in capsys.readouterr().out
    assert main(["list"]) == 0
    assert "frechet_distance (fid, fd)" in capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    assert {"metrics", "extractors"} <= set(json.loads(capsys.readouterr().out))


def test_compare_prints_a_table_with_uncertainties_and_writes_json(folders, network, tmp_path, capsys):
    out = tmp_path / "deep" / "scores.json"
    arguments = ["compare", *map(str, folders), "--metrics", "fid,is,kid,prdc,ndb,unique", "--json", str(out)]
    assert main([*arguments, *network, "--set", "ndb.bins=10", "--per-sample", str(tmp_path / "each")]) == 0
    printed = capsys.readouterr().out
    assert "Fréchet distance (small)" in printed
    assert "preprocessing unit, precision reference" in printed
    assert "note: 5 bins instead of 10: 10 real samples for each are needed" in printed
    assert "note: 50 samples: the Fréchet distance is biased" in printed
    written = json.loads(out.read_text())
    scores = {score["metric"]: score for score in written["scores"]}
    assert scores["recall"]["count_generated"] == 50
    assert scores["ndb"]["details"]["bins"] == 5
    assert scores["frechet_distance"]["standard_error"] > 0
    rows = list(csv.DictReader((tmp_path / "each" / "fake.csv").read_text().splitlines()))
    assert len(rows) == 50
    assert {"sample", "density", "inside_real", "repeated"} <= set(rows[0])


def test_features_and_statistics_are_written(folders, network, tmp_path, capsys):
    out, npz = tmp_path / "f.safetensors", tmp_path / "f.npz"
    assert main(["features", str(folders[0]), str(out), "--statistics", str(npz), *network]) == 0
    assert "50 samples, 16 features each" in capsys.readouterr().out
    assert len(Features.load(out)) == 50
    assert read_statistics(npz).n == 50
    assert main(["compare", str(npz), str(folders[1]), "--metrics", "fid", *network]) == 0
    assert "f.npz must have been made with the same preprocessing" in capsys.readouterr().out


def test_latents_are_diagnosed(tmp_path, capsys):
    rng = np.random.default_rng(0)
    means = rng.standard_normal((100, 4)) * np.array([1, 1, 0.01, 0.01])
    log_variances = np.zeros((100, 4)) + np.array([-2.0, -2, 0, 0])
    np.savez(tmp_path / "z.npz", means=means, log_variances=log_variances)
    assert main(["latents", str(tmp_path / "z.npz"), "--json", str(tmp_path / "z.json")]) == 0
    assert "2 of 4 units active" in capsys.readouterr().out
    (found,) = json.loads((tmp_path / "z.json").read_text()).values()
    assert (found["active_units"], found["active_units_by_kl"], found["collapsed_share"]) == (2, 2, 0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "nowhere", "nowhere", "--extractor", "pixels:4"], "neither a folder nor a zip"),
        (["compare", "a", "b", "--metrics", "fidd"], "no metric is called 'fidd'"),
        (["compare", "a", "b", "--extractor", "magic"], "no extractor is called 'magic'"),
        (["compare", "a", "b", "--set", "k=3"], "METRIC.SETTING=VALUE"),
        (["latents", "nowhere.npz"], "is not a file"),
    ],
)
def test_mistakes_get_a_sentence_and_status_one(arguments, words, capsys):
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_unreadable_images_stop_it_unless_it_is_told_to_skip(folders, network, capsys):
    (folders[1] / "bad.png").write_bytes(b"junk")
    arguments = ["compare", *map(str, folders), "--metrics", "fid", *network]
    assert main(arguments) == 1
    assert "1 unreadable image(s): bad.png" in capsys.readouterr().err
    assert main([*arguments, "--skip-unreadable"]) == 0


def test_ctrl_c_keeps_what_is_done_and_says_so(folders, network, capsys, monkeypatch):
    from metrics import comparing

    def interrupted(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(comparing, "evaluate", interrupted)
    assert main(["compare", *map(str, folders), "--metrics", "fid", *network]) == 130
    assert "goes on from there" in capsys.readouterr().err


def test_an_interrupt_from_the_terminal_ends_it_without_a_traceback(tmp_path):
    """A real SIGINT in the middle of reading: status 130, nothing but the sentence."""
    (tmp_path / "a").mkdir()
    Image.fromarray(np.zeros((400, 400, 3), dtype=np.uint8)).save(tmp_path / "one.png")
    for index in range(3000):
        (tmp_path / "a" / f"{index}.png").symlink_to(tmp_path / "one.png")
    process = subprocess.Popen(
        [sys.executable, "-m", "metrics", "compare", "a", "a", "--extractor", "pixels:64", "--no-cache"],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1", "PATH": ""},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells' background jobs ignore it
    )  # fmt: skip
    try:
        assert process.stderr.readline().startswith("features of real")
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, error
    assert "Interrupted" in error
    assert "Traceback" not in error


def test_a_terminal_sees_a_bar_with_the_time_that_is_left():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    line = ProgressLine(stream)
    line("features of x", 0, 10)
    line("features of x", 5, 10)
    line("features of x", 10, 10)
    line("scores", 0, 1)
    line.close()
    assert "10/10" in stream.getvalue()
    assert stream.getvalue().count("\n") == 2


def test_a_log_sees_one_line_a_stage():
    stream = io.StringIO()
    line = ProgressLine(stream)
    for done in range(5):
        line("features of x", done, 5)
    assert stream.getvalue() == "features of x (5)\n"


@pytest.mark.slow
def test_bench_says_what_holds_the_others_up(capsys, tmp_path):
    out = tmp_path / "bench.json"
    sizes = ["--batches", "1", "--images", "16", "--samples", "200", "--json", str(out)]
    assert main(["bench", "--device", "cpu", *sizes]) == 0
    printed = capsys.readouterr().out
    assert "bottleneck" in printed
    assert "% of the convolution ceiling" in printed
    figures = {one["name"]: one["value"] for one in json.loads(out.read_text())["figures"]}
    assert {"network", "arrays to features", "files to features"} <= figures.keys()
    assert min(figures.values()) > 0
