"""The verbs on the command line, from folders to a report."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from PIL import Image

from humaneval.rating.exclusions import declare_rules, default_rules
from humaneval.samples.models import SampleSet
from humaneval.studies.models import Study
from humaneval.workspace import console
from tests.factories import draft_study

FILE = """\
humaneval: 1
name: Squares
slug: squares
protocol: two_afc
seed: 3
trials: 4
sample_sets:
  - {set: photos, kind: real, import: photos}
  - {set: model-a, kind: generated, import: model-a}
"""


def say(verb: str, *arguments: object, **options: Any) -> str:
    """Run a verb and return what it printed."""
    out = io.StringIO()
    call_command(verb, *map(str, arguments), stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def file(db: None, tmp_path: Path, squares) -> Path:
    """A study file beside the folders that it names."""
    squares("photos")
    squares("model-a", shade=100)
    path = tmp_path / "study.yaml"
    path.write_text(FILE)
    return path


def test_from_a_study_file_to_its_report(file, tmp_path):
    assert say("create", file) == "squares\n"
    assert "0\tmodel-a\tphotos\t\tmodel-a/" in say("preview", "squares", count=2)
    assert say("launch", "squares") == "http://127.0.0.1:8000/s/squares/\n"
    standing = json.loads(say("status", "squares", json=True))
    assert (standing["state"], standing["votes"], standing["votes_wanted"]) == ("open", 0, 12)
    assert standing["votes_by_condition"] == {"photos": 0, "model-a": 0}
    assert "squares\topen\ttwo_afc\tSquares" in say("status")
    assert "state: open" in say("status", "squares")
    written = say("export", "squares", "--out", tmp_path / "out").split()
    assert {Path(name).name for name in written} >= {"report.html", "votes.csv", "study.yaml"}
    assert (tmp_path / "out/study.yaml").read_text() == say("export", "squares", "--yaml")
    bundle = tmp_path / "squares.zip"
    assert say("export", "squares", "--bundle", bundle) == f"{bundle}\n"
    with zipfile.ZipFile(bundle) as archive:
        pictures = [name for name in archive.namelist() if name.startswith("thumbnails/")]
        assert len(pictures) == 8
        assert Image.open(archive.open(pictures[0])).size == (8, 8)
    assert "it agrees with report/report.json" in say("analyze", bundle)


def test_launching_says_what_leaks_and_strictly_does_not_launch(db, tmp_path, squares):
    squares("photos", count=20)
    squares("model-a", count=20, shade=100)
    (tmp_path / "study.yaml").write_text(FILE)
    say("create", tmp_path / "study.yaml")
    err = io.StringIO()
    with pytest.raises(CommandError, match="--strict is given"):
        call_command("launch", "squares", "--strict", stderr=err)
    assert "warning: The stimuli of “model-a” can be told from real ones" in err.getvalue()
    assert "mean brightness" in err.getvalue()
    assert Study.objects.get().state == "draft"


def test_a_strict_launch_wants_exclusion_rules(db, tmp_path, squares):
    for name in ("photos", "model-a"):
        squares(name, count=20)
    (tmp_path / "study.yaml").write_text(FILE)
    say("create", tmp_path / "study.yaml")
    err = io.StringIO()
    with pytest.raises(CommandError, match="--strict is given"):
        call_command("launch", "squares", "--strict", stderr=err)
    assert err.getvalue().count("warning: ") == 1
    assert "warning: No exclusion rules are declared." in err.getvalue()
    declare_rules(study=Study.objects.get(), name="As registered", rules=default_rules())
    assert say("launch", "squares", "--strict") == "http://127.0.0.1:8000/s/squares/\n"


def test_a_file_brings_in_its_sets_and_again_changes_nothing(file):
    assert say("import", file) == (
        "photos: 4 added, 0 unchanged, 0 rejected.\nmodel-a: 4 added, 0 unchanged, 0 rejected.\n"
    )
    assert "0 added, 4 unchanged" in say("import", file)
    assert dict(SampleSet.objects.values_list("slug", "kind")) == {"photos": "real", "model-a": "generated"}


def test_a_folder_becomes_a_set(db, squares):
    folder = squares("x")
    assert "photos-of-us: 4 added" in say("import", folder, "--name", "Photos of us", "--kind", "real")
    for known in ("photos-of-us", "Photos of us"):
        said = say("import", folder, "--name", known, "--kind", "real")
        assert "photos-of-us: 0 added, 4 unchanged" in said
    with pytest.raises(CommandError, match="is there already and is real"):
        say("import", squares("y"), "--name", "Photos of us", "--kind", "generated")
    with pytest.raises(CommandError, match="--name SLUG --kind"):
        say("import", squares("z"))


LIST = "Prompts,Category\na cat,Animals\na cube,Colors\n"


def prompts(slug: str) -> list[str | None]:
    """Return the prompts of a set's samples, by name."""
    return list(
        SampleSet.objects.get(slug=slug).samples.order_by("name").values_list("prompt__text", flat=True)
    )


def test_import_takes_a_prompt_list_and_so_does_a_study_file(file, squares, tmp_path):
    (tmp_path / "list.csv").write_text(LIST)
    say("import", squares("x"), "--name", "x", "--kind", "real", "--prompts", tmp_path / "list.csv")
    assert prompts("x") == ["a cat", "a cube", None, None]
    text = FILE.replace("import: model-a", "import: model-a, prompts: list.csv")
    file.write_text(text)
    say("create", file)
    assert prompts("model-a") == ["a cat", "a cube", None, None]
    assert prompts("photos") == [None] * 4
    file.write_text(text.replace("model-a", "model-b").replace("import: model-b", "import: x"))
    say("import", file)
    assert prompts("model-b") == ["a cat", "a cube", None, None]
    with pytest.raises(CommandError, match="names its prompts itself"):
        say("import", file, "--prompts", "list.csv")
    file.write_text(text.replace("import: model-a, ", ""))
    with pytest.raises(CommandError, match=r"sample_sets\[1\].prompts: needs “import” beside it"):
        say("create", file)
    file.write_text(text.replace("list.csv", "none.csv").replace("set: model-a", "set: model-c"))
    with pytest.raises(CommandError, match=r"line 9: sample_sets\[1\].prompts: there is no .*none.csv"):
        say("import", file)
    wrong = {"set: photos": "set: fotos", "import: photos": "label: x", "kind: generated": "label: y"}
    for key, other in wrong.items():
        file.write_text(file.read_text().replace(key, other))
    with pytest.raises(CommandError) as caught:
        say("import", file)
    assert [line.partition("yaml: ")[2][:22] for line in str(caught.value).splitlines()] == [
        "line 8: sample_sets[0]",
        "line 9: sample_sets[1]",
        "line 9: sample_sets[1]",
    ]


def test_a_refused_import_leaves_no_set_and_no_study(file, tmp_path):
    file.write_text(FILE.replace("import: model-a", "import: nowhere"))
    with pytest.raises(CommandError, match=r"line 9: sample_sets\[1\].import: there is no .*nowhere"):
        say("create", file)
    (tmp_path / "nowhere").mkdir()
    with pytest.raises(CommandError, match=r"line 9: sample_sets\[1\].import: The folder holds no files"):
        say("create", file)
    assert not Study.objects.exists()
    assert not SampleSet.objects.filter(slug="model-a").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "nowhere.yaml"), "nowhere.yaml cannot be read"),
        (("status", "x"), "There is no study “x”. Studies: none yet"),
        (("launch", "x"), "There is no study “x”"),
        (("export", "x", "--yaml"), "There is no study “x”"),
        (("analyze", "."), r"^\. is a folder: name a bundle, or a file of votes"),
        (("analyze", __file__, "--out", __file__), "is a file: name a folder that is to hold the report"),
    ],
)
def test_what_is_not_there_is_a_sentence(db, arguments, said):
    with pytest.raises(CommandError, match=said):
        say(*arguments)


@pytest.mark.parametrize(
    ("option", "place", "said"),
    [
        ("--out", "study.yaml", "study.yaml is a file: name a folder"),
        ("--bundle", ".", "is a folder: name the file"),
        ("--bundle", "none/a.zip", "There is no folder .*none: make it"),
    ],
)
def test_where_nothing_can_be_written_is_said_at_once(file, tmp_path, option, place, said):
    study = draft_study()
    with pytest.raises(CommandError, match=said):
        say("export", study.slug, option, tmp_path / place)


def test_a_wrong_file_is_named_with_its_lines(file):
    file.write_text(FILE.replace("trials: 4", "trials: four"))
    with pytest.raises(CommandError, match=r"study.yaml: line 6: trials: must be a whole number"):
        say("create", file)


def test_a_draft_without_trials_and_a_closed_study_say_why(file):
    file.write_text(FILE.replace("trials: 4", "trials: 4000"))
    say("create", file)
    Study.objects.update(state="closed")
    with pytest.raises(CommandError, match="is closed and cannot become launching: only what is draft can"):
        say("launch", "squares")


def test_every_verb_is_listed_by_the_console(capsys):
    console.main([])
    text = capsys.readouterr().out
    assert {"import", "create", "preview", "launch", "status", "export", "analyze"} <= set(console.verbs())
    assert all(f"  {verb}" in text for verb in console.verbs())


def test_the_console_runs_commands_in_a_process_of_its_own(tmp_path):
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "ENV_FILE": os.devnull}
    command = [sys.executable, "-m", "humaneval.workspace.console", "status"]
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "migrate" in ended.stderr


def test_the_command_of_a_checkout_works_from_anywhere(tmp_path, monkeypatch):
    path = Path(sys.prefix) / "bin" / "humaneval"
    assert path.exists(), "deploy/bootstrap.py writes it: run make setup"
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data")}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run([path], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "humaneval VERB" in done.stdout
    assert "analyze" in done.stdout
