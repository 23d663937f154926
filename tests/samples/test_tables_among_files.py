"""Tables and prompt lists that lie among the files, however they are written and whichever way they come."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
from django.core.files import File
from django.core.files.uploadedfile import SimpleUploadedFile

from humaneval.jobs import services
from humaneval.samples.dropping import Dropped, open_drop, take_files
from humaneval.samples.importing import (
    ImportRefused,
    import_origin,
    start_archive_import,
    start_folder_import,
)
from humaneval.samples.models import ImportRun, Sample, SampleSet
from tests.samples.conftest import facts, reasons
from tests.samples.pictures import png, write, zipped

WAYS = ("folder", "zip", "prefix", "drop")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each way in, one after the other."""
    return str(request.param)


@pytest.fixture
def come(digits: SampleSet, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., ImportRun]:
    """Bring files into the set by a way."""

    def bring(way: str, files: Mapping[str, bytes], **options: object) -> ImportRun:
        if way == "drop":
            run = open_drop(sample_set=digits, user=None)
            take_files(
                run=run,
                dropped=[Dropped(name, SimpleUploadedFile("x", data)) for name, data in files.items()],
            )
            return run
        return import_origin(sample_set=digits, origin=_place(way, files), **options)

    def _place(way: str, files: Mapping[str, bytes]) -> str:
        name = uuid.uuid4().hex
        if way == "folder":
            return str(write(tmp_path / name, files))
        if way == "zip":
            (tmp_path / f"{name}.zip").write_bytes(zipped(files).getvalue())
            return str(tmp_path / f"{name}.zip")
        bucket = request.getfixturevalue("bucket")
        for key, content in files.items():
            bucket.put_object(Bucket="pictures", Key=f"{name}/{key}", Body=content)
        return f"s3://pictures/{name}"

    return bring


@pytest.fixture
def send(digits: SampleSet) -> Callable[[Mapping[str, bytes]], ImportRun]:
    """Upload files as a zip and import it through its job."""

    def upload(files: Mapping[str, bytes]) -> ImportRun:
        run = start_archive_import(sample_set=digits, archive=File(zipped(files), "part.zip"))
        services.run(run.job_id)
        run.refresh_from_db()
        return run

    return upload


def remarks(run: ImportRun) -> dict[str, str]:
    """Return what is said of each file that came in, and of each table."""
    return {one["name"]: one["reason"] for one in run.remarks}


def as_csv(rows: list[dict]) -> bytes:
    return pd.DataFrame(rows).to_csv(index=False).encode()


def as_lines(rows: list[dict]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def as_parquet(rows: list[dict]) -> bytes:
    target = io.BytesIO()
    pd.DataFrame(rows).to_parquet(target)
    return target.getvalue()


WRITERS = {"csv": as_csv, "jsonl": as_lines, "parquet": as_parquet}


# --- metadata as Hugging Face lays it out -----------------------------------------------------------------


@pytest.mark.parametrize(("ending", "column"), [("csv", "text"), ("jsonl", "caption"), ("parquet", "prompt")])
def test_metadata_of_every_kind_speaks_of_the_folder_it_lies_in(come, way, ending, column):
    written = WRITERS[ending]
    files = {
        f"train/metadata.{ending}": written(
            [
                {"file_name": "1.png", column: "a cat", "seed": 7},
                {"file_name": "a/2.png", column: "a dog", "seed": 8},
            ]
        ),
        f"test/deep/Metadata.{ending}": written([{"file_name": "3.png", column: "an owl", "seed": 9}]),
        **{name: png(seed) for seed, name in enumerate(["train/1.png", "train/a/2.png", "test/deep/3.png"])},
    }
    run = come(way, files)
    assert (run.added, run.rejected, run.problems) == (3, 0, [])
    found = {name: (prompt, int(details["seed"])) for name, (prompt, _, details) in facts().items()}
    assert found == {
        "train/1.png": ("a cat", 7),
        "train/a/2.png": ("a dog", 8),
        "test/deep/3.png": ("an owl", 9),
    }


def test_of_several_tables_in_a_folder_one_counts_and_the_others_are_named(come):
    files = {
        "metadata.jsonl": as_lines([{"file_name": "1.png", "text": "lines"}]),
        "metadata.parquet": as_parquet([{"file_name": "1.png", "text": "parquet"}]),
        "metadata.csv": as_csv([{"file_name": "1.png", "text": "csv"}]),
        "1.png": png(1),
    }
    run = come("folder", files)
    assert facts()["1.png"][0] == "csv"
    for name in ("metadata.jsonl", "metadata.parquet"):
        assert remarks(run)[name] == "is not read, since metadata.csv is beside it"


def test_rows_that_say_nothing_too_much_or_of_no_file_are_reported(come, way):
    rows = [
        {"file_name": "1.png", "text": "a cat", "seed": 1},
        {"file_name": "1.png", "text": "a cat", "seed": 2},
        {"file_name": "2.png", "text": None, "seed": 3},
        {"file_name": "none.png", "text": "a cow"},
        {"file_name": "3.PNG", "text": "a fox"},
    ]
    run = come(way, {"metadata.jsonl": as_lines(rows), **{f"{n}.png": png(n) for n in (1, 2, 3)}})
    assert facts()["1.png"] == ["a cat", "", {"seed": 1}]
    assert facts()["2.png"] == [None, None, {"seed": 3}]
    found = reasons(run)
    assert found.keys() == {"none.png", "3.PNG"}
    assert "no such file, here or in the set" in found["none.png"]
    if way != "drop":  # where files come a few at a time, and the other one may be on its way
        assert "the file is called 3.png: upper and lower case differ" in found["3.PNG"]
    said = [one["reason"] for one in run.remarks]
    assert "has several rows, of which the first counts where they differ, of 1 file (1.png, for one)" in said
    assert "has rows without a prompt, of 1 file (2.png, for one)" in said


def test_rows_of_one_file_with_two_prompts_refuse_the_table_in_words(come):
    rows = [{"file_name": "1.png", "text": "a cat"}, {"file_name": "./1.png", "text": "a dog"}]
    with pytest.raises(ImportRefused, match=r"metadata.jsonl, line 2: 1.png has another prompt further up"):
        come("folder", {"metadata.jsonl": as_lines(rows), "1.png": png(1)})


def test_names_that_lead_out_of_the_folder_are_rejected_and_detours_within_are_followed(come, way):
    names = ("../up.png", "/etc/passwd", "C:\\x.png", "..\\..\\1.png", "a\\..\\1.png", "../b/2.png")
    rows = [{"file_name": name, "text": f"prompt {number}"} for number, name in enumerate(names)]
    run = come(way, {"a/metadata.jsonl": as_lines(rows), "a/1.png": png(1), "b/2.png": png(2)})
    assert {name: prompt for name, (prompt, *_) in facts().items()} == {
        "a/1.png": "prompt 4", "b/2.png": "prompt 5",
    }  # fmt: skip
    assert run.rejected == 4
    outside = [reason for reason in reasons(run).values() if "leads outside" in reason]
    assert len(outside) == 3
    assert "no such file" in reasons(run)["up.png"]


# --- prompt lists -----------------------------------------------------------------------------------------


DRAWBENCH = b'Prompts,Category\nA red colored car.,Colors\n"A cube, made of denim.",Conflicting\n'
PARTI = b"Prompt\tCategory\tChallenge\tNote\nbond\tAbstract\tBasic\tx\nlife\tAbstract\tQuantity\t\n"
PICTURES = {f"sd15/{number:05}.png": png(number) for number in (0, 1, 7)}
USED = "is a prompt list: its rows belong to 2 files by the first number in their paths, counted from 0"


@pytest.mark.parametrize(
    ("name", "content", "first"),
    [
        ("DrawBench Prompts.csv", DRAWBENCH, ("A red colored car.", "Colors")),
        ("sd15/PartiPrompts.TSV", PARTI, ("bond", "Abstract")),
        ("prompts.tsv", PARTI, ("bond", "Abstract")),
        ("sd15/prompts.csv", DRAWBENCH, ("A red colored car.", "Colors")),
    ],
)
def test_a_prompt_list_among_the_files_is_used_and_that_is_said(come, way, name, content, first):
    run = come(way, {**PICTURES, name: content})
    assert (run.added, run.rejected) == (3, 0)
    assert tuple(facts()["sd15/00000.png"][:2]) == first
    assert facts()["sd15/00001.png"][0] in {"life", "A cube, made of denim."}
    assert facts()["sd15/00007.png"][0] is None
    assert {"name": name, "reason": USED} in run.remarks


def test_each_folder_may_have_its_list_which_numbers_what_is_in_it(come):
    files = {
        "15/DrawBench.csv": DRAWBENCH, "15/1.png": png(1), "15/2.png": png(2),
        "21/parti_prompts.tsv": PARTI, "21/0.png": png(3),
    }  # fmt: skip
    run = come("zip", files)
    assert {name: prompt for name, (prompt, *_) in facts().items()} == {
        "15/1.png": "A red colored car.", "15/2.png": "A cube, made of denim.", "21/0.png": "bond",
    }  # fmt: skip
    assert "counted from 1" in remarks(run)["15/DrawBench.csv"]
    assert "1 file by" in remarks(run)["21/parti_prompts.tsv"]


@pytest.mark.parametrize("place", ["", "sd15/"])
def test_of_several_lists_for_the_same_files_none_is_used_until_one_is_named(come, place):
    files = {**PICTURES, "DrawBench.csv": DRAWBENCH, f"{place}PartiPrompts.tsv": PARTI}
    run = come("zip", files)
    assert {prompt for prompt, *_ in facts().values()} == {None}
    assert (
        f"it and {place}PartiPrompts.tsv are prompt lists for the same files" in remarks(run)["DrawBench.csv"]
    )
    assert "Name the one to take" in remarks(run)[f"{place}PartiPrompts.tsv"]
    named = come("zip", files, prompts=f"{place}PartiPrompts.tsv")
    assert facts()["sd15/00001.png"][0] == "life"
    assert remarks(named)["DrawBench.csv"] == f"is not read, since {place}PartiPrompts.tsv was named instead"


def test_a_table_that_gives_prompts_goes_before_a_list_and_one_that_does_not_goes_with_it(come):
    table = as_csv([{"name": "sd15/00000.png", "prompt": "mine"}])
    run = come("folder", {**PICTURES, "prompts.csv": table, "sd15/DrawBench.csv": DRAWBENCH})
    assert facts()["sd15/00000.png"][0] == "mine"
    assert facts()["sd15/00001.png"][0] is None
    assert remarks(run)["sd15/DrawBench.csv"] == "is not read, since prompts.csv gives the prompts"
    Sample.objects.all().delete()
    seeds = as_lines([{"file_name": "sd15/00000.png", "seed": 5}])
    come("folder", {**PICTURES, "metadata.jsonl": seeds, "sd15/DrawBench.csv": DRAWBENCH})
    assert facts()["sd15/00000.png"] == ["A red colored car.", "Colors", {"seed": 5}]


def test_a_list_that_fits_no_file_is_remarked_on_and_refused_where_nothing_may_be_bad(come):
    files = {"cat.png": png(1), "DrawBench.csv": DRAWBENCH}
    run = come("folder", files)
    assert run.added == 1
    assert "no file's path has a number" in remarks(run)["DrawBench.csv"]
    with pytest.raises(ImportRefused, match="no file's path has a number"):
        come("folder", files, strict=True)


def test_a_list_in_a_later_part_of_an_upload_numbers_the_earlier_parts_too(send):
    send({"00000.png": png(0), "00001.png": png(1)})
    run = send({"00002.png": png(2), "DrawBench.csv": DRAWBENCH + b"a cat,Animals\n"})
    assert (run.added, run.rejected) == (1, 0)
    assert [facts()[f"0000{number}.png"][0] for number in range(3)] == [
        "A red colored car.", "A cube, made of denim.", "a cat",
    ]  # fmt: skip
    again = send({"00003.png": png(3), "DrawBench.csv": DRAWBENCH + b"a cat,Animals\na cow,Animals\n"})
    assert (again.added, again.rejected) == (1, 0)
    assert facts()["00003.png"][0] == "a cow"


def test_a_request_names_a_list_among_the_files_and_never_one_beside_the_server(
    digits, folder, settings, monkeypatch, tmp_path
):
    settings.IMPORT_ROOTS = [str(folder)]
    write(folder, {**PICTURES, "DrawBench.csv": DRAWBENCH, "PartiPrompts.tsv": PARTI})
    (tmp_path / "secret.csv").write_bytes(DRAWBENCH)
    monkeypatch.chdir(tmp_path)
    for prompts, said in (("secret.csv", "There is no table secret.csv"), ("PartiPrompts.tsv", "")):
        run = start_folder_import(sample_set=digits, folder=str(folder), prompts=prompts)
        services.run(run.job_id)
        run.refresh_from_db()
        assert run.error.startswith(said) if said else not run.error
    assert facts()["sd15/00000.png"][0] == "bond"


def test_a_table_of_another_name_says_how_it_would_be_read(come):
    found = reasons(come("zip", {"captions.csv": DRAWBENCH, "1.png": png(1)}))
    assert found["captions.csv"].startswith("not an image but a table: it is read if it is called prompts")
