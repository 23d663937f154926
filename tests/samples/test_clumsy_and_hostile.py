"""Imports as clumsy and hostile people would have them: odd tables, odd names, bombs."""

from __future__ import annotations

import io
import json
import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from humaneval.samples import rows
from humaneval.samples.dropping import Dropped, open_drop, take_files
from humaneval.samples.importing import ImportRefused
from humaneval.samples.models import Sample
from tests.samples.conftest import facts, reasons
from tests.samples.pictures import encoded, png, write, zipped

TABLE = "name;prompt\n1.png;ein Würfel, rot\n"


# --- tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [TABLE.encode("utf-8-sig"), b"sep=;\r\n" + TABLE.encode(), TABLE.replace(";", "\t").encode("utf-16")],
    ids=["mark and semicolons", "line that names the separator", "what Excel calls Unicode text"],
)
@pytest.mark.parametrize("as_manifest", [False, True])
def test_what_excel_writes_is_read(take, folder, content, as_manifest):
    write(folder, {"1.png": png(1)})
    if as_manifest:
        wide = content.startswith(b"\xff\xfe")
        text = content.decode("utf-16" if wide else "utf-8").replace("name", "path")
        (folder / "m.csv").write_bytes(text.encode("utf-16" if wide else "utf-8"))
        assert take(folder / "m.csv").added == 1
    else:
        (folder / "prompts.csv").write_bytes(content)
        assert take(folder).added == 1
    assert facts()["1.png"][0] == "ein Würfel, rot"


def test_a_table_in_a_codepage_is_refused_with_what_to_do(take, folder):
    write(folder, {"1.png": png(1), "prompts.csv": TABLE.encode("cp1252")})
    with pytest.raises(ImportRefused, match="not UTF-8 text: save it as “CSV UTF-8”"):
        take(folder)


def test_a_comma_without_quotes_is_told_with_its_line_and_cuts_no_prompt_short(take, folder):
    write(folder, {"1.png": png(1), "prompts.csv": b"name,prompt\n1.png,a cube, red\n"})
    with pytest.raises(ImportRefused, match="line 2 has 3 values where the first line names 2 columns"):
        take(folder)


def test_quotes_in_tab_separated_text_are_taken_as_they_stand_where_they_are_no_pairs(take, folder):
    write(folder, {"1.png": png(1), "2.png": png(2)})
    (folder / "prompts.tsv").write_text('name\tprompt\n1.png\t"Hi" on a wall\n2.png\t5" nails\n')
    take(folder)
    assert [prompt for prompt, *_ in facts().values()] == ['"Hi" on a wall', '5" nails']


def test_an_open_quote_swallows_no_rows_in_silence(take, folder):
    write(folder, {"1.png": png(1), "prompts.csv": b'name,prompt\n1.png,"a cube\n2.png,a cat\n'})
    with pytest.raises(ImportRefused, match="unexpected end of data"):
        take(folder)


def lines(*objects: object) -> bytes:
    return "\n".join(json.dumps(one) for one in objects).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lines({"file_name": "1.png", "text": "x" * 2**20}), "line 1 is longer than 1,048,576 bytes"),
        (
            b'{"file_name": "1.png", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
            "line 1 cannot be read as JSON",
        ),
        (b'{"file_name": "1.png", "x": ' + b"9" * 10_000 + b"}", "line 1 cannot be read as JSON"),
        (b"[\n" + lines({"file_name": "1.png"}) + b"\n]", "line 1 cannot be read as JSON"),
        (b"[1]\n", "line 1 is no JSON object"),
        (b'{"file_name": "1.png", "text": "\xff"}', "line 1 is not UTF-8"),
        (lines({"file_name": ["1.png", "2.png"]}), "the name is no text"),
        (lines({"file_name": "\ud800.png"}), "half a character in the name"),
        (lines({"file_name": "a\x00.png"}), "a NUL or half"),
        (lines({"file_name": "1.png", "text": "a \ud83d cat"}), "half a character"),
        (lines({"file_name": "1.png", **{f"c{n}": 1 for n in range(1001)}}), "1,002 columns"),
        (lines({"text": "a cat"}), "has no column name"),
        (b"", "has no column name"),
        (lines(*[{"file_name": f"{n}.png"} for n in range(6)]), "has 6 rows or more; the limit is 5"),
    ],
)
def test_lines_that_are_bombs_or_no_json_refuse_the_table_in_words(take, folder, settings, content, said):
    settings.IMPORT_MAX_FILES = 5
    write(folder, {"1.png": png(1), "metadata.jsonl": content})
    with pytest.raises(ImportRefused, match=said):
        take(folder)
    assert not Sample.objects.exists()


def test_keys_and_values_that_no_database_takes_come_in_without_what_is_odd(take, folder):
    row = {"file_name": "1.png", "ke\x00y\ud800": "va\x00l\udfffue", "n": float("nan"), "big": 10**400}
    write(folder, {"1.png": png(1), "metadata.jsonl": lines(row)})
    take(folder)
    details = facts()["1.png"][2]
    assert (details["key?"], details["n"]) == ("val?ue", "nan")
    assert len(str(details["big"])) <= 500


def parquet(columns: dict) -> bytes:
    target = io.BytesIO()
    pd.DataFrame(columns).to_parquet(target)
    return target.getvalue()


def repeated(text: str, rows: int) -> bytes:
    """Return a Parquet file that holds a text once, and says that many rows have it."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))
    target = io.BytesIO()
    table = pa.table({"file_name": ["1.png"] * rows, "text": texts})
    pq.write_table(table, target, store_schema=False, dictionary_pagesize_limit=2**24)
    return target.getvalue()


def test_a_parquet_file_that_unpacks_to_too_much_is_refused_unread(take, folder, settings):
    many = parquet({"file_name": ["1.png"] * 20_000})
    vast = repeated("x" * 3_000_000, rows=10_000)
    assert max(len(many), len(vast)) < 250_000, "it would be 30 GB"
    settings.IMPORT_MAX_FILES = 10_000
    for content, said in (
        (many, "has 20,000 rows; the limit is 10,000"),
        (vast, "a text of 3,000,000 bytes"),
    ):
        write(folder, {"1.png": png(1), "metadata.parquet": content})
        with pytest.raises(ImportRefused, match=said):
            take(folder)
    settings.IMPORT_MAX_FILE_BYTES = 1_000_000
    with pytest.raises(ImportRefused, match=r"unpacks to 3,\d+,\d+ bytes; the limit is 1,000,000"):
        take(folder)
    for content in (b"", b"PAR1", many[:-20], b"PAR1" + bytes(50) + b"PAR1"):
        write(folder, {"metadata.parquet": content})
        with pytest.raises(ImportRefused, match="cannot be read as Parquet"):
            take(folder)


def test_of_parquet_numbers_and_texts_come_in_and_bytes_and_lists_do_not(take, folder):
    table = parquet(
        {
            "file_name": ["1.png"],
            "text": ["a cat"],
            "seed": [7],
            "image": [b"\x89PNG"],
            "embedding": [[0.1, 0.2]],
        }
    )
    write(folder, {"1.png": png(1), "metadata.parquet": table})
    take(folder)
    assert facts()["1.png"] == ["a cat", "", {"seed": 7}]


@pytest.mark.parametrize("name", ["prompts.csv", "m.csv"])
def test_a_table_larger_than_a_file_may_be_is_refused_before_it_is_held(take, folder, settings, name):
    settings.IMPORT_MAX_FILE_BYTES = 10_000
    write(folder, {"1.png": png(1), name: b"path,prompt\n" + b"x" * 10_000})
    with pytest.raises(ImportRefused, match="is larger than 10,000 bytes"):
        take(folder if name == "prompts.csv" else folder / name)


# --- names ------------------------------------------------------------------------------------------------


def test_paths_of_windows_whole_paths_and_detours_are_found_beside_a_manifest(take, folder):
    write(folder, {"a/1.png": png(1), "a/2.png": png(2), "3.png": png(3)})
    paths = ["a\\1.png", f"{folder}/a/2.png", "./a/../3.png", f"{folder}/../x.png", "C:\\x.png", "n" * 400]
    (folder / "m.jsonl").write_bytes(lines(*[{"path": path} for path in paths]))
    run = take(folder / "m.jsonl")
    assert sorted(facts()) == ["3.png", "a/1.png", "a/2.png"]
    assert run.rejected == 3
    assert sum("leads outside" in reason for reason in reasons(run).values()) == 2


CLUTTER = {
    "__MACOSX/a/._1.png": b"x", "a/.DS_Store": b"x", "a/Thumbs.db": b"x", "a/ehthumbs.db": b"x",
    "a/desktop.ini": b"x", "@eaDir/1.png": b"x", "a/Icon\r": b"", "$RECYCLE.BIN/1.png": b"x",
}  # fmt: skip


def test_what_desktops_leave_behind_is_passed_over_and_names_have_one_form(take, folder, tmp_path):
    name = "a/café ‍👩‍🎨.png"
    apart = unicodedata.normalize("NFD", name)
    assert apart != name
    archive = tmp_path / "mac.zip"
    archive.write_bytes(zipped({**CLUTTER, apart: png(1), "./b//2.png": png(2)}).getvalue())
    run = take(archive)
    assert (run.added, run.rejected, run.problems) == (2, 0, [])
    assert sorted(facts()) == [name, "b/2.png"]
    files = {key: content for key, content in CLUTTER.items() if "\r" not in key}
    again = take(write(folder, {**files, apart: png(1), "b/2.png": png(2)}))
    assert (again.added, again.unchanged, again.rejected) == (0, 2, 0)


def test_a_dropped_screenshot_with_the_blanks_of_its_system_comes_in(digits):
    names = ["Screenshot 2026-01-01 at 3.45.12\u202fPM.png", "写真\u3000一.png"]
    run = open_drop(sample_set=digits, user=None)
    take_files(
        run=run,
        dropped=[Dropped(name, SimpleUploadedFile("x", png(seed))) for seed, name in enumerate(names)],
    )
    assert (run.added, run.rejected) == (2, 0)


@pytest.mark.parametrize("way", ["folder", "zip", "drop"])
def test_a_name_with_control_characters_is_refused_whichever_way_it_comes(
    take, digits, folder, tmp_path, way
):
    files = {"a\nb.png": png(1), "good.png": png(2)}
    if way == "drop":
        run = open_drop(sample_set=digits, user=None)
        take_files(run=run, dropped=[Dropped(n, SimpleUploadedFile("x", c)) for n, c in files.items()])
    elif way == "zip":
        (tmp_path / "x.zip").write_bytes(zipped(files).getvalue())
        run = take(tmp_path / "x.zip")
    else:
        run = take(write(folder, files))
    assert (run.added, run.rejected) == (1, 1)
    assert "cannot be shown: rename it" in reasons(run)["a\nb.png"]


def test_a_folder_of_empty_folders_and_clutter_holds_no_files(take, folder):
    (folder / "a/b").mkdir(parents=True)
    write(folder, {".DS_Store": b"x", "__MACOSX/1.png": png(1)})
    with pytest.raises(ImportRefused, match="holds no files"):
        take(folder)


# --- images and arrays --------------------------------------------------------------------------------------


def test_a_pixel_is_too_small_and_a_phones_photo_says_what_to_do(bring):
    found = reasons(
        bring({"1.png": encoded(Image.new("RGB", (1, 1))), "2.heic": b"\0\0\0\x18ftypheic" + bytes(40)})
    )
    assert found["1.png"].startswith("too small: 1 × 1 pixels")
    assert found["2.heic"] == "a HEIC photo, which is not read: save it as JPEG or PNG"


@pytest.mark.parametrize(
    ("arrays", "added", "said"),
    [
        ({"images": np.zeros((2, 0, 5, 3), np.uint8)}, 0, "there are no pixels in it"),
        (
            {"images": np.zeros((2, 8, 8, 3), np.uint8), "prompts": np.array(["a\x00b", "c"])},
            1,
            "NUL character",
        ),
        (
            {
                "images": np.zeros((1, 8, 8, 3), np.uint8),
                "prompts": np.array(["c"]),
                "category": np.array(["x" * 121]),
            },
            0,
            "category is longer",
        ),
        ({"images": np.zeros((1, 200, 200, 3), np.uint8)}, 0, "decompression bomb: 200 × 200 pixels"),
    ],
)
def test_arrays_with_what_cannot_be_stored_reject_those_images_alone(
    take, folder, settings, arrays, added, said
):
    settings.IMPORT_MAX_PIXELS = 10_000
    np.savez_compressed(folder / "s.npz", **arrays)
    run = take(folder / "s.npz")
    assert run.added == added
    assert said in reasons(run)["000000.png"]


def test_a_tensor_that_repeats_one_number_for_ever_is_refused_before_it_is_unfolded(take, folder):
    vast = torch.zeros(1, dtype=torch.bfloat16).expand(10**6, 3, 64, 64)
    torch.save({"images": vast}, folder / "s.pt")
    assert (folder / "s.pt").stat().st_size < 10_000
    with pytest.raises(ImportRefused, match="The arrays take 24,576,000,000 bytes"):
        take(folder / "s.pt")


def test_an_array_file_is_weighed_before_it_is_read(take, folder, monkeypatch):
    monkeypatch.setattr("humaneval.samples.arrays.MOST_BYTES", 1000)
    np.save(folder / "s.npy", np.zeros((2, 20, 20, 3), np.uint8))
    with pytest.raises(ImportRefused, match="The arrays take 2,528 bytes; the limit is 1,000"):
        take(folder / "s.npy")


def test_a_table_is_known_by_its_ending_in_any_case():
    assert rows.is_table("A.Parquet")
    assert not rows.is_table("csv")
