"""Importing a folder of images."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from humaneval.samples import batches, holding, intake, passage
from humaneval.samples.folders import FolderSource
from humaneval.samples.importing import ImportRefused, create_sample_set, import_folder
from humaneval.samples.models import ImportRun, Prompt, Sample, SampleSet
from tests.samples.conftest import reasons, stored
from tests.samples.pictures import encoded, picture, png, truncated, write


def test_it_keeps_every_byte_with_its_facts(bring):
    content = png(1)
    run = bring({"one.png": content})
    sample = Sample.objects.get()
    assert (run.added, run.unchanged, run.rejected, run.problems) == (1, 0, 0, [])
    assert run.finished_at is not None
    assert stored(sample) == content
    assert sample.sha256 == hashlib.sha256(content).hexdigest()
    assert (sample.name, sample.format, sample.mode) == ("one.png", "PNG", "RGB")
    assert (sample.width, sample.height, sample.size) == (24, 16, len(content))
    assert sample.import_run == run


def test_it_goes_into_subfolders_in_the_order_of_names(bring):
    bring({"b/2.png": png(1), "a/9.png": png(2), "c.png": png(3)})
    assert list(Sample.objects.values_list("name", flat=True)) == ["a/9.png", "b/2.png", "c.png"]


def test_the_same_folder_twice_changes_nothing(bring):
    files = {f"{i}.png": png(i) for i in range(5)}
    bring(files)
    before = list(Sample.objects.values())
    again = bring(files)
    assert (again.added, again.unchanged, again.rejected) == (0, 5, 0)
    assert list(Sample.objects.values()) == before


def test_it_adds_only_what_is_new(bring):
    bring({"1.png": png(1)})
    run = bring({"2.png": png(2)})
    assert (run.added, run.unchanged) == (1, 1)


def test_other_content_under_a_known_name_is_reported_and_the_stored_sample_stays(bring):
    bring({"1.png": png(1)})
    run = bring({"1.png": png(2)})
    assert (run.added, run.unchanged, run.rejected) == (0, 0, 1)
    assert "other content" in reasons(run)["1.png"]
    assert stored(Sample.objects.get()) == png(1)


def test_identical_images_under_different_names_stay_different_samples_and_one_file(bring, settings):
    run = bring({f"{i}.png": png(1) for i in range(20)})
    assert run.added == 20
    assert len(set(Sample.objects.values_list("file", flat=True))) == 1
    assert len([path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]) == 1


def test_it_lists_each_bad_file_with_its_reason_and_takes_the_good_ones(bring, settings):
    settings.IMPORT_MAX_PIXELS = 20_000
    settings.IMPORT_MAX_FILE_BYTES = 100_000
    bad = {
        "truncated.png": (truncated("PNG"), "damaged or truncated"),
        "truncated.jpg": (truncated("JPEG"), "damaged or truncated"),
        "truncated.webp": (truncated("WEBP"), "damaged or truncated"),
        "truncated.gif": (truncated("GIF"), "damaged or truncated"),
        "truncated.tif": (truncated("TIFF"), "damaged or truncated"),
        "truncated.bmp": (truncated("BMP"), "damaged or truncated"),
        "text.png": (b"hello, I am no picture", "not an image"),
        "nested.zip": (b"PK\x03\x04" + bytes(40), "an archive, not an image"),
        "empty.png": (b"", "zero bytes"),
        "bomb.png": (encoded(picture(size=(200, 101))), "decompression bomb: 200 × 101 pixels"),
        "big.png": (bytes(100_001), "too large: 100,001 bytes"),
        "tiny.png": (encoded(picture(size=(2, 30))), "too small: 2 × 30"),
        "float.tif": (encoded(picture(mode="F"), "TIFF"), "no defined white"),
        "script.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        "page.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    }
    run = bring({"good.png": png(1)} | {name: content for name, (content, _) in bad.items()})
    assert (run.added, run.rejected) == (1, len(bad))
    found = reasons(run)
    assert found.keys() == bad.keys()
    for name, (_, reason) in bad.items():
        assert reason in found[name], name


def test_a_bomb_beyond_pillows_own_limit_is_reported_like_any_other(bring, monkeypatch):
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 100)
    assert "decompression bomb" in reasons(bring({"bomb.png": png(1)}))["bomb.png"]


def test_links_devices_and_unreadable_names_are_problems_and_not_traps(bring, folder, tmp_path):
    outside = write(tmp_path / "elsewhere", {"x.png": png(1)})
    (folder / "loop").symlink_to(folder)
    (folder / "broken.png").symlink_to(folder / "nowhere.png")
    (folder / "linked.png").symlink_to(outside / "x.png")
    os.mkfifo(folder / "pipe.png")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")).write_bytes(png(2))
    run = bring({"good.png": png(3)})
    found = reasons(run)
    assert run.added == 2, "the good file and the one that is linked to"
    assert "link to a folder" in found["loop"]
    assert "No such file" in found["broken.png"]
    assert "not a regular file" in found["pipe.png"]
    assert "not valid UTF-8" in found["caf\\xe9.png"]


def test_a_file_that_may_not_be_read_is_a_problem(bring, folder, monkeypatch):
    write(folder, {"secret.png": png(1), "good.png": png(2)})
    real_open = Path.open

    def refuse(path: Path, *args: object, **options: object):
        if path.name == "secret.png":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    run = bring({})
    assert run.added == 1
    assert reasons(run) == {"secret.png": "cannot be read: Permission denied"}


def test_hidden_files_and_the_clutter_of_desktops_are_passed_over(bring):
    run = bring({".DS_Store": b"x", "Thumbs.db": b"x", "__MACOSX/._1.png": b"x", "1.png": png(1)})
    assert (run.added, run.rejected) == (1, 0)


def test_names_in_any_script_and_either_unicode_form_are_one_name(bring):
    run = bring({"数字/caf\u0065\u0301 № 1.png": png(1)})
    assert run.added == 1
    assert Sample.objects.get().name == "数字/caf\u00e9 № 1.png"


def test_an_animated_image_comes_in_as_its_first_frame_with_a_remark(bring):
    frames = encoded(picture(1), "GIF", save_all=True, append_images=[picture(2)])
    run = bring({"moving.gif": frames})
    assert run.added == 1
    assert run.remarks == [{"name": "moving.gif", "reason": "has several frames; the first one is used"}]


def test_a_strict_import_with_a_bad_file_stores_nothing_at_all(bring, settings):
    with pytest.raises(ImportRefused, match="strict and met 1 bad file") as refusal:
        bring({"good.png": png(1), "bad.png": b"no picture"}, strict=True)
    run = ImportRun.objects.get()
    assert refusal.value.run == run
    assert (run.added, run.rejected, list(reasons(run))) == (0, 1, ["bad.png"])
    assert run.state == "refused"
    assert not Sample.objects.exists()
    assert not list(settings.MEDIA_ROOT.rglob("*.png"))


def test_a_strict_import_of_good_files_brings_all(bring):
    files = {f"{i}.png": png(i) for i in range(7)} | {"prompts.csv": b"name,prompt\n1.png,a one\n"}
    run = bring(files, strict=True)
    assert (run.added, run.rejected) == (7, 0)
    assert Sample.objects.get(name="1.png").prompt.text == "a one"
    again = bring(files, strict=True)
    assert (again.added, again.unchanged) == (0, 7)


def test_a_strict_import_takes_back_all_rows_if_a_file_changes_meanwhile(bring, folder, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 2)
    look = intake.keep_nothing

    def change_behind_its_back(file, accepted):
        (folder / "9.png").write_bytes(b"no picture any more")
        return look(file, accepted)

    monkeypatch.setattr(intake, "keep_nothing", change_behind_its_back)
    monkeypatch.setattr(passage, "THREADS", 1)
    files = {f"{i}.png": png(i) for i in range(10)}
    with pytest.raises(ImportRefused):
        bring(files, strict=True)
    assert not Sample.objects.exists()


def test_what_is_wrong_with_the_folder_itself_is_said_in_words(digits, folder):
    with pytest.raises(ImportRefused, match="holds no files"):
        import_folder(sample_set=digits, folder=folder)
    with pytest.raises(ImportRefused, match="no folder /not/there"):
        import_folder(sample_set=digits, folder="/not/there")
    assert ImportRun.objects.filter(finished_at=None).count() == 0


def test_limits_on_files_and_bytes_refuse_the_folder_before_anything_is_read(bring, settings):
    settings.IMPORT_MAX_FILES = 2
    with pytest.raises(ImportRefused, match="holds 3 files; the limit is 2"):
        bring({f"{i}.png": png(i) for i in range(3)})
    settings.IMPORT_MAX_FILES, settings.IMPORT_MAX_TOTAL_BYTES = 3, 1000
    with pytest.raises(ImportRefused, match="the limit is 1,000 "):
        bring({})
    assert not Sample.objects.exists()


def test_an_import_that_was_stopped_goes_on_where_it_was_and_counts_right(bring, digits, folder, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 2)

    def stop(done: int, total: int, note: str = "") -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring({f"{i}.png": png(i) for i in range(10)}, progress=stop)
    run = ImportRun.objects.get()
    assert 0 < Sample.objects.count() < 10
    passage.carry_out(run=run, source=FolderSource(folder))
    assert (run.added, run.unchanged) == (10, 0)
    assert Sample.objects.count() == 10


def test_what_a_killed_process_left_half_written_is_written_again(bring, settings):
    sha256 = hashlib.sha256(png(1)).hexdigest()
    half = settings.MEDIA_ROOT / "samples" / sha256[:2] / sha256[2:4] / f"{sha256}.png"
    half.parent.mkdir(parents=True)
    half.write_bytes(png(1)[:50])
    bring({"1.png": png(1)})
    assert stored(Sample.objects.get()) == png(1)


def test_a_name_that_another_import_takes_meanwhile_is_compared_and_not_overwritten(
    bring, digits, monkeypatch
):
    known = intake.known_names
    monkeypatch.setattr(intake, "known_names", lambda *_: {})
    bring({"1.png": png(1)})
    calls = iter([lambda *_: {}, known])
    monkeypatch.setattr(intake, "known_names", lambda *args: next(calls)(*args))
    run = bring({"1.png": png(2), "2.png": png(3)})
    assert (run.added, run.rejected) == (1, 1)


def test_progress_is_told_up_to_the_end(bring):
    seen: list[tuple[int, int]] = []
    bring(
        {f"{i}.png": png(i) for i in range(3)},
        progress=lambda done, total, note="": seen.append((done, total)),
    )
    assert seen[-1] == (3, 3)


def test_queries_grow_with_batches_and_not_with_files(bring, monkeypatch):
    monkeypatch.setattr(holding, "WRITE_SECONDS", 3600)  # slow imports also tell how far they are
    with CaptureQueriesContext(connection) as queries:
        bring({f"{i}.png": png(i) for i in range(150)})
    # SQLite takes a thousand values a statement, hence two inserts for 150 rows.
    assert len(queries) <= 10


def test_a_long_list_of_problems_is_cut_and_the_count_is_not(bring, monkeypatch):
    monkeypatch.setattr(intake, "LISTED", 3)
    run = bring({f"{i}.txt": b"text" for i in range(5)})
    assert (len(run.problems), run.rejected) == (3, 5)


# --- prompts ----------------------------------------------------------------------------------------


def test_prompts_csv_in_the_folder_gives_samples_their_prompts(bring):
    table = '\ufeffName,Prompt,Category\n1.png,"a one, in ink",digits\nsub\\2.png,zwei,digits\n'.encode()
    run = bring({"1.png": png(1), "sub/2.png": png(2), "3.png": png(3), "prompts.csv": table})
    prompts = {s.name: s.prompt and (s.prompt.text, s.prompt.category) for s in Sample.objects.all()}
    assert prompts == {"1.png": ("a one, in ink", "digits"), "sub/2.png": ("zwei", "digits"), "3.png": None}
    assert run.remarks == [{"name": "prompts.csv", "reason": "it has no row for 1 file (3.png, for one)"}]


def test_a_prompts_file_of_any_name_may_lie_in_the_folder_itself(bring, folder):
    write(folder, {"captions.csv": b"name;prompt\n1.png;eins\n"})
    run = bring({"1.png": png(1)}, prompts=folder / "captions.csv")
    assert (run.added, run.rejected) == (1, 0)
    assert Sample.objects.get().prompt.text == "eins"


def test_the_same_prompt_in_two_sets_is_one_row(bring, folder, digits):
    bring({"1.png": png(1), "prompts.csv": b"name,prompt\n1.png,one\n"})
    other = create_sample_set(name="Model", kind="generated")
    import_folder(sample_set=other, folder=folder)
    assert Prompt.objects.count() == 1
    assert Prompt.objects.get().samples.count() == 2


def test_a_prompt_without_its_file_is_a_problem(bring):
    run = bring({"1.png": png(1), "prompts.csv": b"name,prompt\n1.png,one\n2.png,two\n"})
    assert (run.added, run.rejected) == (1, 1)
    assert "no such file" in reasons(run)["2.png"]


def test_prompts_that_come_later_are_added_and_differing_ones_reported(bring):
    bring({"1.png": png(1), "2.png": png(2)})
    run = bring({"prompts.csv": b"name,prompt\n1.png,one\n2.png,two\n"})
    assert (run.added, run.unchanged, run.rejected) == (0, 2, 0)
    (remark,) = run.remarks
    assert remark["reason"] == "it brought the missing prompts of 2 files (1.png, for one)"
    run = bring({"prompts.csv": b"name,prompt\n1.png,uno\n2.png,two\n"})
    assert "another prompt" in reasons(run)["1.png"]
    assert Sample.objects.get(name="1.png").prompt.text == "one"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"file,caption\n1.png,one\n", "no column name and no column prompt"),
        (b"", "found: nothing"),
        (b"name,prompt\n1.png,\n", "line 2: the prompt is empty"),
        (b"name,prompt\n,one\n", "line 2: the name is empty"),
        (b"name,prompt\n1.png,one\n\n1.png,two\n", "line 4: 1.png has another prompt"),
        (b"name,prompt\n1.png,caf\xe9\n", "not UTF-8"),
        (b"name,prompt\n1.png,o\x00e\n", "NUL"),
        (b"name,prompt\n1.png," + b"x" * 200_000, "field larger than"),
    ],
)
def test_a_prompts_file_that_cannot_be_used_refuses_the_import_and_says_why(bring, table, words):
    with pytest.raises(ImportRefused, match=words):
        bring({"1.png": png(1), "prompts.csv": table})
    assert not Sample.objects.exists()


# --- sets -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_sets_of_one_name_cannot_be_and_addresses_are_always_free():
    create_sample_set(name="VAE, β = 4", kind="generated")
    with pytest.raises(ValidationError, match="Name already exists"):
        create_sample_set(name="VAE, β = 4", kind="generated")
    create_sample_set(name="VAE (β=4)", kind="generated")
    create_sample_set(name="数字", kind="real")
    assert set(SampleSet.objects.values_list("slug", flat=True)) == {"vae-4", "vae-4-2", "set"}


def test_the_extent_of_all_sets_takes_one_query(bring, django_assert_num_queries):
    bring({"1.png": png(1, size=(10, 20)), "2.png": png(2, size=(30, 5))})
    create_sample_set(name="Empty", kind="real")
    with django_assert_num_queries(1):
        found = {
            s.name: (s.sample_count, s.min_width, s.max_width, s.min_height, s.max_height)
            for s in SampleSet.objects.with_extent()
        }
    assert found == {"Digits": (2, 10, 30, 5, 20), "Empty": (0, None, None, None, None)}
