"""Scores that need to know what each sample was asked for: agreement with prompts, and with classes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metrics import compare, evaluate, extract
from metrics.asked import PROMPT_COLUMNS, Asked, aligned, texts_by_name
from metrics.cli.main import main
from metrics.errors import InvalidInput
from metrics.extractors.own_file import save_module
from metrics.features import Features
from tests.metrics.networks import SmallNetwork, two_towers

FLAT = np.full((3, 4, 4), 200, dtype=np.uint8)
CORNER = np.zeros((4, 4), dtype=np.uint8)
CORNER[0, 0] = 255


@pytest.fixture
def pictures() -> np.ndarray:
    """Three even pictures and one with light in a corner."""
    return np.concatenate([FLAT, CORNER[None]])


def write_set(folder: Path, pictures: np.ndarray) -> Path:
    folder.mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{index}.png")
    return folder


def write_csv(path: Path, column: str, texts: dict[str, str]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("name", column), *texts.items()])
    return path


def test_clip_score_is_of_each_picture_with_its_own_prompt(pictures):
    towers = two_towers()
    asked = Asked.of(towers, ["bright", "dark", "bright", "left"])
    (score,) = evaluate(["clip_score"], real=None, generated=extract(towers, pictures), asked=asked)
    np.testing.assert_allclose(score.per_sample["clip_score"], [100, 0, 100, 100], rtol=1e-6)
    assert score.value == pytest.approx(75)
    assert score.standard_error == pytest.approx(25)
    assert score.details["different_prompts"] == 3
    assert score.label == "CLIP score (pixels-4x4)"


def test_each_different_prompt_is_read_once(pictures):
    towers, read = two_towers(), []

    def spy(prompts):
        read.extend(prompts)
        return towers.embed_prompts(prompts)

    asked = Asked(["bright", "bright", "dark", "bright"], embed=spy)
    evaluate(["clip"], real=None, generated=extract(towers, pictures), asked=asked)
    assert read == ["bright", "dark"]


def test_samples_without_a_prompt_are_left_out_and_said(pictures):
    towers = two_towers()
    asked = Asked.of(towers, [None, "bright", None, "left"])
    (score,) = evaluate(["clip"], real=None, generated=extract(towers, pictures), asked=asked)
    assert (score.value, score.count_generated) == (pytest.approx(100), 2)
    assert score.warnings == ("2 sample(s) without a prompt are left out",)
    assert np.isnan(score.per_sample["clip_score"]).tolist() == [True, False, True, False]


def test_without_prompts_or_a_text_tower_it_says_what_is_needed(pictures, own_extractor):
    towers = two_towers()
    for extractor, asked in ((towers, None), (own_extractor, ["bright"] * 4)):
        table = extract(extractor, pictures)
        with pytest.raises(InvalidInput, match="prompts and an extractor that reads them"):
            evaluate(["clip"], real=None, generated=table, asked=Asked.of(extractor, asked))
    with pytest.raises(InvalidInput, match="open_clip:NAME/PRETRAINED"):
        own_extractor.embed_prompts(["bright"])
    with pytest.raises(InvalidInput, match="no sample has a prompt"):
        evaluate(["clip"], real=None, generated=extract(towers, pictures), asked=Asked.of(towers, [None] * 4))


def logits_of(*classes: int) -> Features:
    return Features.of_array(np.zeros((len(classes), 2)), logits=np.eye(3)[list(classes)])


@pytest.mark.parametrize(
    ("labels", "classes", "names"),
    [
        ([("0",), ("1",), (), ("1",)], (), None),
        ([("a cat",), ("a dog",), (), ("a dog",)], ("a cat", "a dog", "a cow"), None),
        ([("cat",), ("dog",), (), ("dog",)], (), {"cat": 0, "dog": 1}),
        ([("zoo", "cat"), ("zoo", "dog"), (), ("zoo", "dog")], ("cat", "dog", "cow"), None),
    ],
    ids=["numbers", "the classifier's names", "names of one's own", "the first that is known"],
)
def test_class_accuracy_counts_what_the_classifier_agrees_with(labels, classes, names):
    asked = Asked(labels=labels, classes=classes)
    (score,) = evaluate(
        ["class_accuracy"], real=None, generated=logits_of(0, 2, 1, 1), asked=asked,
        settings={"class_accuracy": {"classes": names}},
    )  # fmt: skip
    assert score.value == pytest.approx(2 / 3)
    assert score.count_generated == 3
    np.testing.assert_array_equal(score.per_sample["correct"], [1, 0, np.nan, 1])
    np.testing.assert_array_equal(score.per_sample["asked_class"], [0, 1, np.nan, 1])
    np.testing.assert_array_equal(score.per_sample["predicted_class"], [0, 2, 1, 1])
    assert score.details["by_class"] == {0: 1.0, 1: 0.5}


def test_labels_that_are_no_class_are_named(pictures):
    asked = Asked(labels=[("cat",), ("dgo",), ("7",)], classes=("cat", "dog", "cow"))
    with pytest.raises(InvalidInput, match=r"no class called 'dgo', '7': .* 0 to 2, or one of cat, dog, cow"):
        evaluate(["accuracy"], real=None, generated=logits_of(0, 1, 2), asked=asked)


def test_as_many_labels_as_samples_are_needed():
    with pytest.raises(InvalidInput, match="1 prompts or labels for 3 samples"):
        evaluate(["accuracy"], real=None, generated=logits_of(0, 1, 2), asked=Asked(labels=[("1",)]))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_prompts_is_read_however_it_was_saved(tmp_path, separator):
    rows = [
        ("Category", "Prompt", "NAME"),
        ("x", "a cat", "./a/1.png"),
        ("", "", "2.png"),
        ("", "é", "3.png"),
    ]
    text = "\r\n".join(separator.join(row) for row in rows)
    (tmp_path / "prompts.csv").write_bytes(text.encode("utf-8-sig"))
    found = texts_by_name(tmp_path / "prompts.csv", PROMPT_COLUMNS)
    assert found == {"a/1.png": "a cat", "3.png": "é"}
    assert aligned(found, ["a/1.png", "other.png"], "prompts") == ["a cat", None]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"file,text\na,b\n", "must name the columns name and prompt; found: file, text"),
        (b"", "found: nothing"),
        (b"name,prompt\na.png,one\na.png,two\n", "line 3: a.png stands further up"),
        (b"name,prompt\n\xff\xfe,one\n", "cannot be read as UTF-8"),
    ],
)
def test_other_tables_are_refused_in_words(tmp_path, content, words):
    (tmp_path / "prompts.csv").write_bytes(content)
    with pytest.raises(InvalidInput, match=words):
        texts_by_name(tmp_path / "prompts.csv", PROMPT_COLUMNS)


def test_a_table_that_names_no_sample_is_refused_and_a_missing_one_too(tmp_path):
    with pytest.raises(InvalidInput, match=r"they name 'x/0.png', the set holds '0.png'"):
        aligned({"x/0.png": "a"}, ["0.png"], "prompts")
    with pytest.raises(InvalidInput, match="does not exist"):
        texts_by_name(tmp_path / "none.csv", PROMPT_COLUMNS)


def test_a_folders_own_prompts_are_taken_and_given_ones_go_before_them(tmp_path, pictures):
    real = write_set(tmp_path / "real", pictures)
    sets = [write_set(tmp_path / name, pictures) for name in ("a", "b")]
    for folder in sets:
        write_csv(folder / "prompts.csv", "prompt", {f"{i}.png": "bright" for i in range(3)})
    found = compare(real, sets, metrics=["clip"], extractor=two_towers())
    assert [score.value for score in found.scores] == [pytest.approx(100)] * 2
    given = [{"0.png": "bright"}, {"0.png": "dark"}]
    found = compare(real, sets, metrics=["clip"], extractor=two_towers(), prompts=given)
    assert [score.value for score in found.scores] == [pytest.approx(100), 0]
    with pytest.raises(InvalidInput, match="once for all sets or once for each: 3 for 2"):
        compare(real, sets, metrics=["clip"], extractor=two_towers(), prompts=[{}, {}, {}])


def test_a_set_without_prompts_leaves_the_metric_out_and_computes_the_others(tmp_path, pictures):
    real, fake = write_set(tmp_path / "real", pictures), write_set(tmp_path / "fake", pictures)
    found = compare(real, fake, metrics=["clip", "unique"], extractor=two_towers())
    assert [score.metric for score in found.scores] == ["unique_fraction"]
    assert "it needs the samples' prompts" in found.left_out["clip_score"]


def test_the_command_line_reads_labels_and_writes_both_classes_of_each_sample(tmp_path, pictures, capsys):
    network = save_module(
        SmallNetwork(), tmp_path / "n.pt2", name="n", input_size=(12, 12), channels=1,
        classes=[f"digit {number}" for number in range(10)],
    )  # fmt: skip
    real, fake = write_set(tmp_path / "real", pictures), write_set(tmp_path / "fake", pictures)
    labels = write_csv(tmp_path / "labels.csv", "label", {"0.png": "digit 3", "1.png": "4"})
    arguments = ["compare", str(real), str(fake), "--metrics", "class_accuracy", "--labels", str(labels)]
    arguments += ["--extractor", f"module:{network}", "--device", "cpu", "--no-cache"]
    assert main([*arguments, "--per-sample", str(tmp_path / "each")]) == 0
    printed = capsys.readouterr().out
    assert "Class accuracy (n)" in printed
    assert "note: 2 sample(s) without a label are left out" in printed
    rows = list(csv.DictReader((tmp_path / "each" / "fake.csv").read_text().splitlines()))
    assert [row["asked_class"] for row in rows] == ["3.0", "4.0", "nan", "nan"]
    assert {row["predicted_class"] for row in rows} <= {str(number) for number in range(10)}


def test_a_sidecar_with_too_few_class_names_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="classes must be a list of 10 names"):
        save_module(
            SmallNetwork(), tmp_path / "n.pt2", name="n", input_size=(12, 12), channels=1, classes=["one"]
        )
