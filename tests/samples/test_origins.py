"""Manifests, array files, Hugging Face folders, prompt lists and S3 prefixes become samples."""

from __future__ import annotations

import io
import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from django.core.management import call_command
from PIL import Image

from humaneval.jobs import services as jobs
from humaneval.samples.importing import ImportRefused, start_folder_import
from humaneval.samples.models import Sample, SampleSet
from humaneval.samples.prompt_lists import read_prompt_list
from humaneval.samples.sources import SourceError
from tests.samples.conftest import facts, reasons, stored
from tests.samples.pictures import png, write, zipped

# --- manifests ----------------------------------------------------------------------------------------


CSV = """path,prompt,category,seed,image_id
a/1.png,a red cube,Colors,17,x-1
./2.png,,,18,
missing.png,a,b,1,
../outside.png,a,b,1,
"""


def test_a_csv_manifest_brings_prompts_seeds_and_ids(take, folder, tmp_path):
    write(folder, {"a/1.png": png(1), "2.png": png(2), "not-listed.png": png(3)})
    write(tmp_path, {"outside.png": png(4)})
    (folder / "manifest.csv").write_text(CSV)
    run = take(folder / "manifest.csv")
    assert (run.added, run.rejected) == (2, 2)
    assert facts() == {
        "a/1.png": ["a red cube", "Colors", {"seed": "17", "image_id": "x-1"}],
        "2.png": [None, None, {"seed": "18"}],
    }
    assert "no such file beside" in reasons(run)["missing.png"]
    assert "leads outside" in reasons(run)["../outside.png"]
    again = take(folder / "manifest.csv")
    assert (again.added, again.unchanged, again.rejected) == (0, 2, 2)


def test_json_lines_keep_numbers_and_words_apart(take, folder):
    write(folder, {"1.png": png(1), "2.png": png(2)})
    rows = [{"path": "1.png", "prompt": "é", "seed": 17, "cfg": 7.5, "ids": ["a", 1]}, {"path": "2.png"}]
    (folder / "m.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    assert take(folder / "m.jsonl").added == 2
    assert facts()["1.png"] == ["é", "", {"seed": 17, "cfg": 7.5, "ids": "['a', 1]"}]


def test_parquet_without_its_reader_says_what_to_do(take, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "humaneval.samples.parquet", None)
    (folder / "m.parquet").write_bytes(b"PAR1")
    with pytest.raises(ImportRefused, match=r"needs pyarrow.*pip install pyarrow.*CSV or JSON lines"):
        take(folder / "m.parquet")


def test_parquet_is_read_where_it_can_be(take, folder):
    pytest.importorskip("pyarrow")
    write(folder, {"1.png": png(1)})
    pd.DataFrame({"path": ["1.png"], "prompt": ["p"], "seed": [3]}).to_parquet(folder / "m.parquet")
    assert take(folder / "m.parquet").added == 1
    assert facts()["1.png"] == ["p", "", {"seed": 3}]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.csv", "file,prompt\n1.png,a\n", "has no column path"),
        ("m.csv", "", "has no column path.*found: nothing"),
        ("m.csv", "path\n", "holds no files"),
        ("m.jsonl", "[1]\n", "line 1 is no JSON object"),
        ("m.jsonl", "{", "cannot be read"),
        ("m.xlsx", "PK", "no folder, no zip archive, and no file ending in"),
    ],
)
def test_a_manifest_that_is_none_is_refused(take, folder, name, content, said):
    (folder / name).write_text(content)
    with pytest.raises(ImportRefused, match=said):
        take(folder / name)


def test_a_prompt_that_cannot_be_stored_rejects_its_row_alone(take, folder):
    write(folder, {"1.png": png(1), "2.png": png(2)})
    (folder / "m.csv").write_text(f"path,prompt,category\n1.png,a,{'x' * 121}\n2.png,b,c\n")
    run = take(folder / "m.csv")
    assert (run.added, run.rejected) == (1, 1)
    assert "category is longer" in reasons(run)["1.png"]


# --- arrays -------------------------------------------------------------------------------------------


def pixels(sample: Sample) -> np.ndarray:
    """Return a sample's pixels as stored."""
    return np.asarray(Image.open(io.BytesIO(stored(sample))))


IMAGES = np.random.default_rng(1).integers(0, 256, (5, 8, 6, 3), dtype=np.uint8)


def test_npz_images_come_in_numbered_with_labels_and_prompts(take, folder):
    np.savez_compressed(folder / "s.npz", arr_0=IMAGES, label=np.arange(5), prompts=np.array(list("abcde")))
    assert take(folder / "s.npz").added == 5
    assert facts()["000003.png"] == ["d", "", {"label": 3}]
    assert np.array_equal(pixels(Sample.objects.get(name="000003.png")), IMAGES[3])
    assert take(folder / "s.npz").unchanged == 5


@pytest.mark.parametrize(
    "array",
    [
        np.moveaxis(IMAGES, 3, 1),
        (IMAGES / 255).astype(np.float32),
        np.moveaxis(IMAGES, 3, 1) / 127.5 - 1,
    ],
    ids=["channels first", "0 to 1", "-1 to 1"],
)
def test_layouts_and_ranges_come_to_the_same_pixels(take, folder, array):
    np.savez(folder / "s.npz", array)
    assert take(folder / "s.npz").added == 5
    assert np.array_equal(pixels(Sample.objects.get(name="000004.png")), IMAGES[4])


def test_tensors_come_in_from_torch_files(take, folder):
    grey = torch.tensor(IMAGES[..., 0])
    torch.save({"images": grey, "seed": torch.arange(5), "prompts": list("abcde")}, folder / "s.pt")
    assert take(folder / "s.pt").added == 5
    assert facts()["000002.png"] == ["c", "", {"seed": 2}]
    assert np.array_equal(pixels(Sample.objects.get(name="000002.png")), IMAGES[2, ..., 0])


def test_values_that_are_no_numbers_reject_their_image_alone(take, folder):
    bad = (IMAGES / 255).astype(np.float32)
    bad[1, 0, 0, 0] = np.nan
    np.savez(folder / "s.npz", bad)
    run = take(folder / "s.npz")
    assert (run.added, run.rejected) == (4, 1)
    assert "no numbers" in reasons(run)["000001.png"]


class Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["s.pt", "legacy.pt", "s.npz", "raw.npz", "s.npy"])
def test_hostile_pickles_are_refused_and_never_run(take, folder, tmp_path, name):
    mark, path = tmp_path / "ran", folder / name
    hostile = Hostile(mark)
    if name == "s.pt":
        torch.save({"images": hostile}, path)
    elif name == "s.npz":
        np.savez(path, np.array([hostile], dtype=object))
    elif name == "s.npy":
        np.save(path, np.array([hostile], dtype=object))
    else:
        path.write_bytes(pickle.dumps(hostile))
    with pytest.raises(ImportRefused, match="cannot be read as arrays"):
        take(path)
    assert not mark.exists()


@pytest.mark.parametrize("array", [np.zeros(4), np.zeros((2, 8, 8, 7)), np.zeros((2, 4, 4), dtype=np.int64)])
def test_arrays_without_images_say_what_was_found(take, folder, array):
    np.savez(folder / "s.npz", things=array)
    with pytest.raises(ImportRefused, match=r"holds no images.*found: things"):
        take(folder / "s.npz")


@pytest.mark.parametrize("name", ["s.npz", "s.pt"])
def test_truncated_array_files_are_refused(take, folder, name):
    buffer = io.BytesIO()
    if name == "s.pt":
        torch.save(torch.tensor(IMAGES), buffer)
    else:
        np.savez(buffer, IMAGES)
    (folder / name).write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(ImportRefused, match="cannot be read as arrays"):
        take(folder / name)


# --- folders as Hugging Face lays them out, and prompt lists --------------------------------------------


@pytest.mark.parametrize("column", ["text", "caption", "prompt"])
def test_metadata_of_an_image_folder_gives_prompts(take, folder, column):
    write(folder, {"train/1.png": png(1), "2.png": png(2)})
    (folder / "metadata.csv").write_text(f"file_name,{column}\ntrain/1.png,a cat\n2.png,a dog\n")
    run = take(folder)
    assert (run.added, run.rejected) == (2, 0)
    assert facts()["train/1.png"][0] == "a cat"


def test_metadata_without_texts_is_no_error_and_works_in_a_zip(take, tmp_path):
    table = b"file_name,label\nx/1.png,3\n"
    path = tmp_path / "h.zip"
    path.write_bytes(zipped({"d/metadata.csv": table, "d/x/1.png": png(1)}).getvalue())
    run = take(path)
    assert (run.added, run.rejected) == (1, 0)


DRAWBENCH = 'Prompts,Category\nA red colored car.,Colors\n"A cube, made of denim.",Conflicting\n'
PARTI = "Prompt\tCategory\tChallenge\tNote\nbond\tAbstract\tBasic\tBiology\nlife\tAbstract\tBasic\t\n"


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (DRAWBENCH, ("A red colored car.", "Colors"), ("A cube, made of denim.", "Conflicting")),
        (PARTI, ("bond", "Abstract"), ("life", "Abstract")),
    ],
)
@pytest.mark.parametrize("start", [0, 1])
def test_published_prompt_lists_go_by_the_number_in_a_name(
    take, folder, tmp_path, text, first, second, start
):
    names = [f"{start:05}.png", f"{start:05}_1.png", f"{start + 1}/0003.png"]
    write(folder, {name: png(seed) for seed, name in enumerate(names)} | {"99.png": png(9)})
    path = tmp_path / "list.tsv"
    path.write_text(text)
    run = take(folder, prompts=path)
    assert (run.added, run.rejected) == (4, 0)
    assert [tuple(facts()[name][:2]) for name in names] == [first, first, second]
    assert facts()["99.png"][0] is None


def test_what_else_tables_and_lists_say_is_kept(take, folder, tmp_path):
    write(folder, {"0.png": png(0), "1.png": png(1)})
    (folder / "metadata.csv").write_text("file_name,text,seed,,note\n0.png,a cat,7,x, \n1.png,a dog,8,,\n")
    assert take(folder).added == 2
    assert facts() == {"0.png": ["a cat", "", {"seed": "7"}], "1.png": ["a dog", "", {"seed": "8"}]}
    (tmp_path / "parti.tsv").write_text(PARTI.replace("bond", "a cat").replace("life", "a dog"))
    (folder / "2").mkdir()
    (folder / "2/1.png").write_bytes(png(5))
    Sample.objects.update(prompt=None)
    run = take(folder, prompts=tmp_path / "parti.tsv")
    assert (run.added, run.unchanged, run.rejected) == (1, 2, 0)
    assert facts()["0.png"] == ["a cat", "Abstract", {"seed": "7", "challenge": "Basic", "note": "Biology"}]
    assert facts()["1.png"][2] == {"seed": "8", "challenge": "Basic"}
    remarks = {(one["name"], one["reason"]) for one in run.remarks}
    assert ("metadata.csv", "is not read, since parti.tsv was named instead") in remarks
    assert (
        "parti.tsv",
        "it brought missing details, such as seeds and ids, of 2 files (0.png, for one)",
    ) in remarks


def test_what_a_set_holds_of_a_sample_stays_and_that_is_said(take, folder):
    write(folder, {"1.png": png(1)})
    (folder / "prompts.csv").write_text("name,prompt,seed\n1.png,a cat,7\n")
    take(folder)
    (folder / "prompts.csv").write_text("name,prompt,seed,id\n1.png,a cat,8,x\n")
    run = take(folder)
    assert facts()["1.png"][2] == {"seed": "7", "id": "x"}
    assert "the set holds other details, which stay, of 1 file" in str(run.remarks)


@pytest.mark.parametrize("as_zip", [False, True])
def test_each_folder_has_its_own_table_and_one_that_is_not_read_is_remarked_on(
    take, folder, tmp_path, as_zip
):
    files = {
        "metadata.csv": b"file_name,text\ntest/3.png,a fox\n",
        "train/metadata.csv": b"file_name,text,seed\n1.png,a cat,1\na/2.png,a dog,2\nnone.png,x,3\n",
        "test/Metadata.csv": b"file_name,text,seed\n3.png,a wolf,3\n",
        "test/prompts.csv": b"name,prompt\n4.png,an owl\n",
        "odd/metadata.csv": b"epoch,loss\n1,2\n",
        **{name: png(number) for number, name in enumerate(("train/1.png", "train/a/2.png"))},
        **{f"{name}.png": png(int(name[-1])) for name in ("test/3", "test/4", "odd/5")},
    }
    if as_zip:
        origin = tmp_path / "all.zip"
        origin.write_bytes(zipped(files).getvalue())
    else:
        origin = write(folder, files)
    run = take(origin)
    assert (run.added, run.rejected) == (5, 1)
    assert {name: prompt for name, (prompt, *_) in facts().items()} == {
        "train/1.png": "a cat", "train/a/2.png": "a dog", "test/3.png": "a fox", "test/4.png": "an owl",
        "odd/5.png": None,
    }  # fmt: skip
    assert facts()["train/a/2.png"][2] == {"seed": "2"}
    assert "is named in train/metadata.csv" in reasons(run)["train/none.png"]
    remarks = {one["name"]: one["reason"] for one in run.remarks}
    assert remarks["test/Metadata.csv"] == "is not read, since test/prompts.csv is beside it"
    assert "has no column name" in remarks["odd/metadata.csv"]
    with pytest.raises(ImportRefused, match=r"odd/metadata.csv has no column name"):
        take(origin, strict=True)


def test_tables_that_contradict_each_other_are_remarked_on(take, folder):
    write(folder, {"a/1.png": png(1)})
    (folder / "metadata.csv").write_text("file_name,text,seed\na/1.png,a cat,1\n")
    (folder / "a/metadata.csv").write_text("file_name,text,seed,id\n1.png,a dog,2,x\n")
    run = take(folder)
    assert facts()["a/1.png"] == ["a cat", "", {"seed": "1", "id": "x"}]
    assert "says another prompt of 1 files than a table above it" in str(run.remarks)


@pytest.mark.parametrize("strict", [False, True])
def test_a_table_may_speak_of_samples_that_came_earlier(take, folder, tmp_path, strict):
    write(folder, {"1.png": png(1), "2.png": png(2)})
    take(folder)
    rest = write(tmp_path / "rest", {"3.png": png(3)})
    (rest / "prompts.csv").write_text("name,prompt,seed\n1.png,a cat,1\n2.png,a dog,2\n3.png,an owl,3\n")
    run = take(rest, strict=strict)
    assert (run.added, run.unchanged, run.rejected) == (1, 0, 0)
    assert {name: (prompt, details["seed"]) for name, (prompt, _, details) in facts().items()} == {
        "1.png": ("a cat", "1"), "2.png": ("a dog", "2"), "3.png": ("an owl", "3"),
    }  # fmt: skip
    (rest / "prompts.csv").write_text("name,prompt\n1.png,a cow\n9.png,none\n")
    if strict:
        with pytest.raises(ImportRefused, match="met 2 bad files"):
            take(rest, strict=True)
        return
    found = reasons(take(rest))
    assert "another prompt" in found["1.png"]
    assert "no such file, here or in the set" in found["9.png"]


def test_a_prompt_list_that_fits_no_file_is_refused(take, folder, tmp_path):
    write(folder, {"cat.png": png(1)})
    (tmp_path / "l.csv").write_text(DRAWBENCH)
    with pytest.raises(ImportRefused, match="no file's path has a number with a row"):
        take(folder, prompts=tmp_path / "l.csv")


def test_a_prompt_list_is_read_with_its_categories():
    assert [row.prompt.category for row in read_prompt_list(io.BytesIO(DRAWBENCH.encode()))] == [
        "Colors",
        "Conflicting",
    ]


# --- S3 -----------------------------------------------------------------------------------------------


def test_an_s3_prefix_is_imported_with_its_prompts_again_without_change(take, bucket, digits, settings):
    objects = {"run1/1.png": png(1), "run1/a/2.png": png(2), "run1/bad.png": b"no", "run10/3.png": png(3)}
    objects |= {"run1/prompts.csv": b"name,prompt\n1.png,one\n", "run1/.hidden.png": png(4)}
    for key, content in objects.items():
        bucket.put_object(Bucket="pictures", Key=key, Body=content)
    run = take("s3://pictures/run1")
    assert (run.added, run.rejected) == (2, 1)
    assert "not an image" in reasons(run)["bad.png"]
    assert {name: prompt for name, (prompt, *_rest) in facts().items()} == {"1.png": "one", "a/2.png": None}
    assert take("s3://pictures/run1").unchanged == 2
    settings.IMPORT_ROOTS = ["s3://pictures/run1"]
    queued = start_folder_import(sample_set=digits, folder="s3://pictures/run1/")
    jobs.run(queued.job_id)
    queued.refresh_from_db()
    assert (queued.state, queued.unchanged) == ("done", 2)
    with pytest.raises(SourceError, match="not among what is opened"):
        start_folder_import(sample_set=digits, folder="s3://pictures/run10")
    with pytest.raises(ImportRefused, match="cannot be listed"):
        take("s3://nothing-here/x")
    with pytest.raises(ImportRefused, match="names no bucket"):
        take("s3://")
    call_command(
        "import_samples", "From a command", "s3://pictures/run1", "--kind", "real", stderr=io.StringIO()
    )
    assert SampleSet.objects.get(name="From a command").samples.count() == 2


def test_requests_open_files_within_the_roots_only(digits, folder, tmp_path, settings):
    settings.IMPORT_ROOTS = [str(folder)]
    np.savez(folder / "in.npz", IMAGES)
    np.savez(tmp_path / "out.npz", IMAGES)
    assert start_folder_import(sample_set=digits, folder=str(folder / "in.npz")).pk
    with pytest.raises(SourceError, match="not among what is opened"):
        start_folder_import(sample_set=digits, folder=str(tmp_path / "out.npz"))


def test_nothing_tells_whether_a_file_lies_outside_the_roots(digits, folder, tmp_path, settings):
    settings.IMPORT_ROOTS = [str(folder)]
    write(tmp_path, {"there.csv": b"x"})
    said = set()
    for name in ("there.csv", "none.csv", "none"):
        with pytest.raises(SourceError) as caught:
            start_folder_import(sample_set=digits, folder=str(tmp_path / name))
        said.add(str(caught.value).removeprefix(str(tmp_path / name)))
    assert said == {f" is not among what is opened for import (IMPORT_ROOTS): {folder}."}


def test_a_request_does_not_read_arrays(digits, folder, settings):
    settings.IMPORT_ROOTS = [str(folder)]
    (folder / "bad.npz").write_bytes(b"no arrays")
    run = start_folder_import(sample_set=digits, folder=str(folder / "bad.npz"))
    jobs.run(run.job_id)
    run.refresh_from_db()
    assert "cannot be read as arrays" in run.error
